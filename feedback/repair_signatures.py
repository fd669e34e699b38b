"""Mistakes told apart by what would put them right: finer than by what the checks show, and dearer to find out."""

import asyncio
from typing import Final, Protocol

import structlog

from feedback.hints.repairable import can_be_repaired
from feedback.hints.task import HintTask
from feedback.notebook.repair import NotebookTooLarge
from feedback.repair.engine import Repaired
from feedback.repair.mistakes import mistake
from feedback.running import PlatformFailed
from feedback.single_flight import SingleFlight
from services.contracts.case import Subtask
from services.contracts.notebook import cells_digest

_log = structlog.get_logger(__name__)
_KEPT: Final = 2_048
"""Submissions whose mistake is known: who asks a mentor has had the very same code checked before."""
_STEPS: Final = 1_024
_AT_ONCE: Final = 2
"""Repairs at a time: each keeps the runner busy for many short runs, and checks go first."""


class Repairs(Protocol):
    """Finds repairs; `feedback.hints.reference_repair.ReferenceRepair` does."""

    async def repaired(self, task: HintTask) -> Repaired | None:
        """The smallest verified repair, or None. Raises PlatformFailed, NotebookTooLarge."""
        ...

    async def prepare(self, task: HintTask) -> None:
        """Do what is the same for all who work on the step. Raises PlatformFailed, NotebookTooLarge."""
        ...


class RepairSignatures:
    """Says which mistake a submission makes, as the smallest verified repair of it tells."""

    def __init__(self, repairs: Repairs) -> None:
        self._repairs = repairs
        self._known = SingleFlight[tuple[str, str], str | None](_KEPT)
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._preparing: dict[tuple[str, str], asyncio.Task[None]] = {}

    def tells(self, subtask: Subtask) -> bool:
        """Whether work on this step can be repaired at all."""
        return can_be_repaired(subtask)

    def prepare(self, task: HintTask) -> None:
        """Begin what is the same for all who work on the step, once: somebody fails at it, and may ask a mentor."""
        key = task.case.version, task.subtask.view.id
        if key not in self._preparing and self.tells(task.subtask):
            while len(self._preparing) >= _STEPS:
                self._preparing.pop(next(iter(self._preparing)))
            self._preparing[key] = asyncio.create_task(self._prepare(task))

    async def _prepare(self, task: HintTask) -> None:
        try:
            async with self._turns:
                await self._repairs.prepare(task)
        except (PlatformFailed, NotebookTooLarge) as error:
            # Whoever needs a repair tries again.
            _log.warning("repairs of a step could not be prepared", case=task.case.id, error=str(error))

    async def of(self, task: HintTask, seconds: float) -> str | None:
        """The signature, if it is known within that time; else it is worked out for whoever asks next.

        None, too, where there is no repair, and where the runner fails.
        """
        key = task.case.version, cells_digest(task.subtask.view.id, task.cells)
        try:
            async with asyncio.timeout(seconds):
                return await self._known.get(key, lambda: self._signature(task))
        except TimeoutError:
            _log.info("a repair takes longer than anybody waits", case=task.case.id, subtask=task.subtask.view.id)
        except (PlatformFailed, NotebookTooLarge) as error:
            _log.warning("a mistake could not be told by its repair", case=task.case.id, error=str(error))
        return None

    async def _signature(self, task: HintTask) -> str | None:
        if not self.tells(task.subtask):
            return None
        async with self._turns:
            repaired = await self._repairs.repaired(task)
        (source,) = task.answers.values()
        return mistake(repaired.read or source, repaired).signature(task.subtask.view.id) if repaired else None
