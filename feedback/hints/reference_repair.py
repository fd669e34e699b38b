"""Repairs by the nearest correct solution, as candidates of the hint pipeline. No learner ever sees one."""

import ast
import asyncio
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

import structlog

from feedback.baseline import seeds
from feedback.hints.engines import Candidate, accepted
from feedback.hints.sandbox_trials import Asking, SandboxTrials
from feedback.hints.settings import HintSettings
from feedback.hints.task import HintTask
from feedback.notebook.reading import names_read, parsed
from feedback.notebook.repair import NotebookTooLarge, repair
from feedback.plan import plan_run
from feedback.ports import Runs
from feedback.repair.engine import Effort, Engine, OutOfTime
from feedback.repair.pool import Pool
from feedback.running import PlatformFailed
from services.contracts.case import Subtask

_log = structlog.get_logger(__name__)
_REWRITTEN: Final = 40
"""Other forms of each function of the reference."""
_POOLS: Final = 64
_IMPROVING: Final = 0.5
"""Of the budget; the other half is for finding a first repair."""


class ReferenceRepair:
    """Proposes the smallest verified repair of a step whose answer is one cell of functions that its checks call."""

    name = "reference"
    last_resort = False

    def __init__(self, runs: Runs, settings: HintSettings | None = None) -> None:
        self._runs, self._settings = runs, settings or HintSettings()
        self._pools: OrderedDict[tuple[str, str], Pool] = OrderedDict()

    async def candidates(self, task: HintTask) -> Sequence[Candidate]:
        """At most one. None where the step is of another kind, or none was found in time."""
        required = asked_for(task.subtask)
        if not required or task.kind == "optimize":
            return ()
        (cell,) = task.answers
        loop, until = asyncio.get_running_loop(), time.monotonic() + self._settings.repair_seconds
        try:
            trials = SandboxTrials(self._runs, _asking(task), loop, until)
            source = await asyncio.to_thread(self._repaired, task, task.answers[cell], required, trials)
        except (PlatformFailed, NotebookTooLarge) as error:
            # The other candidates do not depend on it.
            _log.warning("a reference repair was not made", case=task.case.id, error=str(error))
            return ()
        return [Candidate(self.name, {cell: source})] if source is not None else ()

    def _repaired(self, task: HintTask, source: str, required: Sequence[str], trials: SandboxTrials) -> str | None:
        seconds = self._settings.repair_seconds
        try:
            pool = self._pool(task, required, trials)
            effort = Effort(seconds=seconds, improving=seconds * _IMPROVING)
            repaired = Engine(pool, trials, effort).repair(source)
        except OutOfTime:
            return None
        return repaired.source if repaired else None

    def _pool(self, task: HintTask, required: Sequence[str], trials: SandboxTrials) -> Pool:
        """The subtask's correct solutions, rewritten once a version."""
        key = task.case.version, task.subtask.view.id
        pool = self._pools.get(key)
        if pool is None:
            pool = Pool([next(iter(answers.values())) for answers in accepted(task)], required)
            pool.rewrite(trials, _REWRITTEN)
            self._pools[key] = pool
            while len(self._pools) > _POOLS:
                self._pools.popitem(last=False)
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


def _asking(task: HintTask) -> Asking:
    """The run that candidates are asked in: the learner's cells before the answer. Raises NotebookTooLarge."""
    plan = plan_run(task.case, task.subtask, repair(task.case, task.cells), seeds(task.case, task.subtask)[0])
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
