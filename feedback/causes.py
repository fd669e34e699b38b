"""What would put failing work right, asked for by a check only to say where the work goes wrong."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from feedback.hints.repairable import can_be_repaired
from feedback.hints.task import Submitted, Work
from feedback.notebook.repair import NotebookTooLarge
from feedback.repair.engine import Repaired
from feedback.running import PlatformFailed
from services.contracts.case import AuthorCase, Subtask
from services.contracts.notebook import Cell, cells_digest

_log = structlog.get_logger(__name__)
_KEPT: Final = 1_024
"""Submissions of which is kept what was found: the same code is checked, explained and talked about many times."""

_LATE: Final = 1.1
"""Of its time, what a search may take at most."""


class Repairs(Protocol):
    """Finds repairs; `feedback.hints.reference_repair.ReferenceRepair` does."""

    async def repaired(self, task: Work, seconds: float | None = None) -> Repaired | None:
        """The best verified repair found in that time, or None. Raises PlatformFailed, NotebookTooLarge."""
        ...

    async def prepare(self, task: Work) -> None:
        """Do what is the same for all who work on the step. Raises PlatformFailed, NotebookTooLarge."""
        ...


@dataclass(frozen=True)
class Patience:
    """How long a check waits for a repair."""

    seconds: float
    """For the search itself; the best so far counts."""
    preparing: float
    """For what is done once a step, and for its turn; what takes longer goes on for those who come later."""
    beside: int
    """Where more other checks than this are under way, those go first, and nothing is looked for."""


WAITED_FOR: Final = Patience(seconds=0.5, preparing=0.25, beside=2)
"""While a learner waits. Of real learners' programs, 89% are repaired in half a second on two slow processors, 70% in
0.3 s; fewer lines are marked then, and more often the right ones (`benchmarks.refactory`)."""


class RepairCauses:
    """Finds repairs within the time that a check has for them, one at a time."""

    def __init__(self, repairs: Repairs, patience: Patience = WAITED_FOR) -> None:
        self._repairs, self._patience = repairs, patience
        self._turn = asyncio.Lock()
        self._searching: set[asyncio.Task[Repaired | None]] = set()
        """Who has the turn: at most one. The event loop alone would not keep it."""
        self._known: OrderedDict[tuple[str, str], Repaired | None] = OrderedDict()

    async def of(self, case: AuthorCase, subtask: Subtask, cells: tuple[Cell, ...], beside: int) -> Repaired | None:
        """A verified repair of the step's answer; None where none is at hand in the time there is for it. Never raises.

        What is known is given whatever else is under way.
        """
        if not can_be_repaired(subtask):
            return None
        key = case.version, cells_digest(subtask.view.id, cells)
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        if beside > self._patience.beside:
            return None
        try:
            found = await self._found(Submitted(case, subtask, cells))
        except TimeoutError:
            return None
        except (PlatformFailed, NotebookTooLarge) as error:
            # The verdict stands without it, and the code says where to look.
            _log.warning("a cause could not be looked for", case=case.id, error=str(error))
            return None
        self._known[key] = found
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return found

    async def _found(self, work: Submitted) -> Repaired | None:
        """What a search finds. Raises TimeoutError: the step is not prepared, another has its turn, or it is late."""
        async with asyncio.timeout(self._patience.preparing):
            await self._repairs.prepare(work)
            await self._turn.acquire()
        # It computes in a thread, which goes on when nobody waits for it any more; its turn lasts as long.
        search = asyncio.create_task(self._repairs.repaired(work, self._patience.seconds))
        self._searching.add(search)
        search.add_done_callback(self._ended)
        # On a busy machine the search itself may notice late that its time is over.
        async with asyncio.timeout(self._patience.seconds * _LATE):
            return await asyncio.shield(search)

    def _ended(self, search: "asyncio.Task[Repaired | None]") -> None:
        self._searching.discard(search)
        self._turn.release()
        if not search.cancelled() and search.exception() is not None:
            # Whoever waited has been told; where nobody did any more, nothing was lost.
            _log.info("a search for a cause failed", error=str(search.exception()))
