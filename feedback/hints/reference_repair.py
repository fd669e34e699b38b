"""Repairs by the nearest correct solution, as candidates of the hint pipeline. No learner ever sees one."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from feedback.approved import ApprovedAnswers
from feedback.baseline import seeds
from feedback.hints.cell_repair import Cells, prepared
from feedback.hints.engines import Candidate, accepted
from feedback.hints.repairable import asked_for, can_be_repaired, names_asked
from feedback.hints.sandbox_trials import SECONDS, Asking, SandboxTrials
from feedback.hints.settings import HintSettings
from feedback.hints.task import HintTask, Work
from feedback.notebook.repair import NotebookTooLarge, repair
from feedback.plan import plan_run
from feedback.ports import Runs
from feedback.reference import reference_cells
from feedback.repair.cell_search import CellEngine
from feedback.repair.deadline import Deadline, OutOfTime
from feedback.repair.engine import Effort, Engine, Repaired, parted
from feedback.repair.mistakes import signed
from feedback.repair.pool import Pool
from feedback.repair.unreadable import repair_of
from feedback.running import PlatformFailed
from feedback.single_flight import SingleFlight
from services.contracts.case import AuthorCase, Subtask
from services.contracts.notebook import Cell

_log = structlog.get_logger(__name__)
_REWRITTEN: Final = 40
"""Other forms of each function of the reference."""
_POOLS: Final = 64
_PREPARING: Final = 60.0
"""Seconds that rewriting a step's solutions may take. It is done once; what has been made by then is kept."""
_MAKING: Final = 0.5
"""Of these, the part for making other forms; reading those that hold takes no longer, and runs have the same moment."""
_IMPROVING: Final = 0.5
"""Of the budget; the other half is for finding a first repair."""
_LIKELY: Final = 4
"""Solutions that are laid over a function, beside the two shortest: laying takes as long as trying many programs."""
_AHEAD: Final = 80
"""Programs that are asked for in one run before it is known whether they are needed."""
_SEARCHING: Final = 0.8
"""Of the time, the part for the search; in the rest what was found is tried once more, apart from all others."""
_WORTH_KEEPING: Final = 0.03
"""Seconds of the cells before an answer, from which on what comes of them is kept between the runs of a search."""
_ONE: Final = 0.1
"""Of the time, at most, that one program takes: one that never ends must leave some to the others."""


class ReferenceRepair:
    """Proposes the smallest verified repair of a step whose answer is one cell.

    Functions that nothing but calls and checks ask for are repaired one by one, by the values that their variables take
    as well; any other cell as a whole, as far as running it takes so little that many programs can be tried.
    """

    name = "reference"
    last_resort = False

    def __init__(
        self, runs: Runs, settings: HintSettings | None = None, approved: ApprovedAnswers | None = None
    ) -> None:
        self._runs, self._settings, self._approved = runs, settings or HintSettings(), approved
        self._known = SingleFlight[tuple[str, str], Functions | Cells](_POOLS)
        self._ending: set[asyncio.Task[None]] = set()

    async def candidates(self, task: HintTask) -> Sequence[Candidate]:
        """At most one. None where the step is of another kind, or none was found in time."""
        if task.kind == "optimize":
            return ()
        try:
            found = await self.repaired(task)
        except (PlatformFailed, NotebookTooLarge) as error:
            # The other candidates do not depend on it.
            _log.warning("a reference repair was not made", case=task.case.id, error=str(error))
            return ()
        return [Candidate(self.name, dict.fromkeys(task.answers, found.source))] if found else ()

    async def repaired(self, task: Work, seconds: float | None = None) -> Repaired | None:
        """The smallest verified repair of the answer; None where the step is of another kind, or none is found in time.

        The first of a step takes longer: see `prepare`. `seconds`: for the search, whose repair then has its
        independent parts; None: as the settings say, and nobody asks for parts. A search is computed in a thread, which
        nothing ends before its time is over: who waits no longer leaves it running.

        Raises PlatformFailed, NotebookTooLarge.
        """
        known = await self._prepared(task)
        for_check = seconds is not None
        seconds = seconds or self._settings.repair_seconds
        if known is None or (isinstance(known, Cells) and known.effort(seconds * _SEARCHING) is None):
            return None
        ((cell, source),) = task.answers.items()
        approved = await self._approved.of(task.case, task.subtask) if self._approved else ()
        others = [answers[cell] for answers in approved if cell in answers]
        # One moment for all: also for a second search, and where the thread has begun late.
        until = time.monotonic() + seconds
        each = seconds * _ONE
        # What comes of the cells before is kept from one run to the next.
        owner = secrets.token_hex(16) if known.before > _WORTH_KEEPING else None
        each = known.each(each) if isinstance(known, Cells) else min(SECONDS, each)
        trials = self._trials(task, until, each, owner)
        try:
            if isinstance(known, Cells):
                return await asyncio.to_thread(_of_cell, known, trials, seconds, until, source, others)
            found = await asyncio.to_thread(_of_functions, known, trials, seconds, until, source, others)
            if found is None or not for_check:
                return found
            return await asyncio.to_thread(_with_parts, found, trials, source, task.subtask.view.id)
        except OutOfTime:
            return None
        finally:
            self._let_go(trials)

    async def prepare(self, task: Work) -> None:
        """Have the step's correct solutions rewritten, once a version, before anybody waits for a repair.

        Raises PlatformFailed, NotebookTooLarge.
        """
        await self._prepared(task)

    async def _prepared(self, task: Work) -> "Functions | Cells | None":
        """The step's correct solutions. None where it cannot be repaired, or they cannot be rewritten in time."""
        if not can_be_repaired(task.subtask):
            return None
        key = task.case.version, task.subtask.view.id
        with contextlib.suppress(OutOfTime):
            return await self._known.get(key, lambda: self._make(task))
        return None

    async def _make(self, task: Work) -> "Functions | Cells":
        """Raises OutOfTime."""
        now = time.monotonic()
        until, making = now + _PREPARING, Deadline(now + _PREPARING * _MAKING)
        sources = [next(iter(answers.values())) for answers in accepted(task)]
        if required := asked_for(task.subtask):
            return await asyncio.to_thread(_rewritten, sources, required, self._trials(task, until, SECONDS), making)
        # Who prepares a step may have gone wrong in an earlier one.
        trials = self._trials(task, until, SECONDS, cells=reference_cells(task.case))
        return await asyncio.to_thread(prepared, sources, names_asked(task.case, task.subtask), trials)

    def _trials(
        self, task: Work, until: float, each: float, owner: str | None = None, cells: Sequence[Cell] = ()
    ) -> SandboxTrials:
        asking = _asking(task.case, task.subtask, cells or task.cells)
        return SandboxTrials(self._runs, asking, asyncio.get_running_loop(), until, each, owner)

    def _let_go(self, trials: SandboxTrials) -> None:
        ending = asyncio.create_task(_end(trials))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)


@dataclass(frozen=True)
class Functions:
    """What is the same for all who work on a step whose functions are repaired one by one."""

    pool: Pool
    before: float
    """Seconds for the cells before it."""


async def _end(trials: SandboxTrials) -> None:
    # What nobody lets go of is dropped after a while.
    with contextlib.suppress(PlatformFailed):
        await trials.let_go()


def _of_cell(
    known: Cells, trials: SandboxTrials, seconds: float, until: float, source: str, others: Sequence[str]
) -> Repaired | None:
    """The repair of a cell as a whole. `others`: programs that were approved before. Raises OutOfTime."""
    effort = known.effort(seconds * _SEARCHING)
    if effort is None:
        return None
    known.answers.learn(others)
    engine = CellEngine(known.answers, trials, effort, until=until)
    return repair_of(source, lambda: known.answers.lines, engine.repair, trials.passed, Deadline(until))


def _of_functions(
    known: Functions, trials: SandboxTrials, seconds: float, until: float, source: str, others: Sequence[str]
) -> Repaired | None:
    """The repair of functions, tried apart; where it fails so, programs have spoiled one another. Raises OutOfTime.

    `others`: programs that were approved before; the step's pool keeps them, as many as there is time to read.
    """
    known.pool.learn(others, Deadline(until))
    effort = Effort(seconds=seconds * _SEARCHING, improving=seconds * _IMPROVING, likely=_LIKELY, ahead=_AHEAD)
    engine = Engine(known.pool, trials, effort, until=until)

    def search() -> Repaired | None:
        return repair_of(source, lambda: known.pool.lines, engine.repair, trials.passed, Deadline(until))

    found = search()
    if found is None or trials.apart([found.source], SECONDS)[0]:
        return found
    trials.sieving = False
    return search()


def _with_parts(found: Repaired, trials: SandboxTrials, source: str, subtask: str) -> Repaired:
    return signed(source, parted(found, trials.failing), subtask)


def _rewritten(sources: Sequence[str], required: Sequence[str], trials: SandboxTrials, making: Deadline) -> Functions:
    pool, cost = Pool(sources, required), None
    with contextlib.suppress(OutOfTime):
        pool.rewrite(trials, _REWRITTEN, making)
        # Nobody who looks for a repair waits for them.
        Engine(pool, trials).values(pool.solutions)
        cost = trials.cost()
    return Functions(pool, cost.before if cost else 0.0)


def _asking(case: AuthorCase, subtask: Subtask, cells: Sequence[Cell]) -> Asking:
    """The run that candidates are asked in: the cells before the answer. Raises NotebookTooLarge."""
    plan = plan_run(case, subtask, repair(case, cells), seeds(case)[0])
    own = next((at for at, cell in enumerate(plan.asked.cells) if _is_answer(subtask, cell.subtask, cell.answer)), 0)
    return Asking(
        request=plan.request.model_copy(update={"cells": plan.request.cells[:own]}),
        checks=tuple(check.source for check in subtask.checks),
        modules=case.modules,
        calls=subtask.probes,
        reference=subtask.reference[subtask.view.answer_cells[0]],
        compare=tuple(rule for rule in subtask.compare if rule.decides),
    )


def _is_answer(subtask: Subtask, of: str | None, answer: bool) -> bool:
    return answer and of == subtask.view.id
