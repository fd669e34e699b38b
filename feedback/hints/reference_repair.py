"""Repairs by the nearest correct solution, as candidates of the hint pipeline. No learner ever sees one."""

import ast
import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Final

import structlog

from feedback.approved import ApprovedAnswers
from feedback.baseline import seeds
from feedback.hints.engines import Candidate, accepted
from feedback.hints.sandbox_trials import SECONDS, Asking, SandboxTrials
from feedback.hints.settings import HintSettings
from feedback.hints.task import HintTask, Work
from feedback.notebook.reading import names_read, parsed
from feedback.notebook.repair import NotebookTooLarge, repair
from feedback.plan import plan_run
from feedback.ports import Runs
from feedback.repair.deadline import Deadline, OutOfTime
from feedback.repair.engine import Effort, Engine, Repaired, parted
from feedback.repair.mistakes import signed
from feedback.repair.pool import Pool
from feedback.running import PlatformFailed
from feedback.single_flight import SingleFlight
from services.contracts.case import Subtask

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
_ONE: Final = 0.1
"""Of the time, at most, that one program takes: one that never ends must leave some to the others."""


class ReferenceRepair:
    """Proposes the smallest verified repair of a step whose answer is one cell of functions that its checks call."""

    name = "reference"
    last_resort = False

    def __init__(
        self, runs: Runs, settings: HintSettings | None = None, approved: ApprovedAnswers | None = None
    ) -> None:
        self._runs, self._settings, self._approved = runs, settings or HintSettings(), approved
        self._pools = SingleFlight[tuple[str, str], Pool](_POOLS)

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
        pool = await self._pool(task)
        if pool is None:
            return None
        ((cell, source),) = task.answers.items()
        approved = await self._approved.of(task.case, task.subtask) if self._approved else ()
        others = [answers[cell] for answers in approved if cell in answers]
        for_check = seconds is not None
        seconds = seconds or self._settings.repair_seconds
        effort = Effort(seconds=seconds * _SEARCHING, improving=seconds * _IMPROVING, likely=_LIKELY, ahead=_AHEAD)
        # One moment for all: also for a second search, and where the thread has begun late.
        until = time.monotonic() + seconds
        trials = self._trials(task, until, seconds)
        try:
            found = await asyncio.to_thread(
                _verified, Engine(pool, trials, effort, until=until), trials, source, others
            )
        except OutOfTime:
            return None
        if found is None or not for_check:
            return found
        return await asyncio.to_thread(_with_parts, found, trials, source, task.subtask.view.id)

    async def prepare(self, task: Work) -> None:
        """Have the step's correct solutions rewritten, once a version, before anybody waits for a repair.

        Raises PlatformFailed, NotebookTooLarge.
        """
        await self._pool(task)

    async def _pool(self, task: Work) -> Pool | None:
        """The step's correct solutions, in as many forms as there was time for. None where it is of another kind."""
        required = asked_for(task.subtask)
        if not required:
            return None
        key = task.case.version, task.subtask.view.id
        now = time.monotonic()
        trials = self._trials(task, now + _PREPARING, _PREPARING)
        making = Deadline(now + _PREPARING * _MAKING)
        return await self._pools.get(key, lambda: asyncio.to_thread(_rewritten, task, required, trials, making))

    def _trials(self, task: Work, until: float, seconds: float) -> SandboxTrials:
        each = min(SECONDS, seconds * _ONE)
        return SandboxTrials(self._runs, _asking(task), asyncio.get_running_loop(), until, each)


def _verified(engine: Engine, trials: SandboxTrials, source: str, others: Sequence[str]) -> Repaired | None:
    """What a search finds, tried apart; where it fails so, programs have spoiled one another. Raises OutOfTime.

    `others`: programs that were approved before; the step's pool keeps them, as many as there is time to read.
    """
    engine.pool.learn(others, Deadline(engine.until, engine.clock))
    found = engine.repair(source)
    if found is None or trials.apart([found.source], SECONDS)[0]:
        return found
    trials.sieving = False
    return engine.repair(source)


def _with_parts(found: Repaired, trials: SandboxTrials, source: str, subtask: str) -> Repaired:
    return signed(source, parted(found, trials.failing), subtask)


def _rewritten(task: Work, required: Sequence[str], trials: SandboxTrials, making: Deadline) -> Pool:
    pool = Pool([next(iter(answers.values())) for answers in accepted(task)], required)
    with contextlib.suppress(OutOfTime):
        pool.rewrite(trials, _REWRITTEN, making)
        # Nobody who looks for a repair waits for them.
        Engine(pool, trials).values(pool.solutions)
    return pool


def asked_for(subtask: Subtask) -> tuple[str, ...]:
    """The functions of the reference that checks and calls ask for; empty where the step is not one cell of them."""
    if len(subtask.view.answer_cells) != 1 or any(rule.decides for rule in subtask.compare):
        return ()
    if any(isinstance(value, dict) for call in subtask.probes for value in (*call.args, *call.kwargs.values())):
        return ()
    tree = parsed(subtask.reference.get(subtask.view.answer_cells[0], ""))
    read = frozenset(call.call for call in subtask.probes)
    read = read.union(*(names_read(check.source) for check in subtask.checks))
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)] if tree else []
    return tuple(name for name in dict.fromkeys(functions) if name in read)


def _asking(task: Work) -> Asking:
    """The run that candidates are asked in: the learner's cells before the answer. Raises NotebookTooLarge."""
    plan = plan_run(task.case, task.subtask, repair(task.case, task.cells), seeds(task.case)[0])
    own = next(
        (at for at, cell in enumerate(plan.asked.cells) if _is_answer(task.subtask, cell.subtask, cell.answer)), 0
    )
    return Asking(
        request=plan.request.model_copy(update={"cells": plan.request.cells[:own]}),
        checks=tuple(check.source for check in task.subtask.checks),
        modules=task.case.modules,
        calls=task.subtask.probes,
        reference=task.subtask.reference[task.subtask.view.answer_cells[0]],
    )


def _is_answer(subtask: Subtask, of: str | None, answer: bool) -> bool:
    return answer and of == subtask.view.id
