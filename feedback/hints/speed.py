import statistics

from feedback.baseline import seeds
from feedback.hints.settings import HintSettings
from feedback.hints.task import HintNotMade, HintTask
from feedback.notebook.repair import repair
from feedback.plan import Plan, plan_run
from feedback.ports import Runs
from feedback.running import PlatformFailed, observed
from services.contracts.feedback import CheckRequest
from services.contracts.observation import CodeCell, Observation, RunRequest


class Stopwatch:
    """Measures the CPU time of a step's answer cells, as the kernel counts it."""

    def __init__(self, runs: Runs, settings: HintSettings) -> None:
        self._runs, self._settings = runs, settings

    async def cpu_ms(self, task: HintTask, request: CheckRequest) -> float | None:
        """The median over some runs; None when the cells do not run through. Raises HintNotMade."""
        plan = plan_run(task.case, task.subtask, repair(task.case, request.cells), seeds(task.case)[0])
        timed = _timed(task, plan)
        times = []
        try:
            for _ in range(self._settings.timed_runs):
                spent = _spent(task, plan, await observed(self._runs, timed))
                if spent is None:
                    return None
                times.append(spent)
        except PlatformFailed as error:
            raise HintNotMade(str(error)) from error
        return statistics.median(times)

    def is_faster(self, other: float, mine: float) -> bool:
        """Whether the difference is one that counts."""
        return other <= mine * self._settings.faster and mine - other >= self._settings.faster_ms


def _timed(task: HintTask, plan: Plan) -> RunRequest:
    """The run with the visible checks as cells at its end: where an answer defines functions, they call them."""
    checks = [check for check in task.subtask.checks if not check.hidden]
    calls = tuple(CodeCell(id=f"timed-{number}", source=check.source) for number, check in enumerate(checks))
    changes = {"cells": (*plan.request.cells, *calls), "checks": (), "probes": ()}
    return plan.request.model_copy(update=changes)


def _spent(task: HintTask, plan: Plan, seen: Observation) -> float | None:
    answers = {cell.id for cell in plan.asked.cells if cell.answer and cell.subtask == task.subtask.view.id}
    mine = [cell for cell in seen.cells if cell.id in answers or cell.id.startswith("timed-")]
    return sum(cell.cpu_ms for cell in mine) if all(cell.status == "ok" for cell in mine) else None
