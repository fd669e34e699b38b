"""Repairs of the sample cases: how many of each case's known flaws get one, while a check waits and for a hint.

Every repair counted here is approved by the real pipeline, in the real sandbox. `steps` are those of which a flaw is
repaired for a hint; `check` is what is found within the time that a learner waits at a check. `hint` gives a search up
to a minute, so that it does not depend on what else the machine does.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.harness import CouldNotRun, Figure, Report, main
from evaluation.grading.cli import CannotGrade
from feedback.causes import WAITED_FOR
from feedback.hints.reference_repair import ReferenceRepair
from feedback.hints.task import Submitted
from feedback.ports import Causes, Runs
from feedback.reference import reference_cells
from feedback.repair.engine import Repaired
from infra.settings import PROJECT, EmbeddedSettings
from infra.workshop import CheckerJudge, open_judge
from services.contracts.case import AuthorCase, Flaw, Subtask
from services.contracts.feedback import Verdict
from services.contracts.notebook import Cell

_CASES: Final = ("python-basics", "clean-regression", "forecast-validation")
_PATIENT: Final = 60.0


@dataclass(frozen=True)
class Tried:
    """One known flaw, and what came of it."""

    flaw: Flaw
    hint: Repaired | None
    check: Repaired | None
    approved: bool
    """Whether the pipeline approves the repair for a hint."""
    waited: float
    """Seconds of the search while a check would wait."""


class _Asks:
    """Takes the runner, and finds nothing by itself."""

    def __init__(self, runs: Runs) -> None:
        self.runs = runs

    async def of(self, case: AuthorCase, subtask: Subtask, cells: tuple[Cell, ...], beside: int) -> Repaired | None:  # noqa: ARG002
        """None."""
        return None


def run(report: Report) -> None:
    """Repair the sample cases' flaws, one of each step under --quick."""
    repair_flaws(report, _CASES)


def repair_flaws(report: Report, names: Sequence[str]) -> None:
    """Repair the flaws of these cases."""
    for name in names:
        case, tried = asyncio.run(_case(name, quick=report.quick))
        _report(report, case, tried)


def _report(report: Report, case: AuthorCase, tried: Sequence[Tried]) -> None:
    steps = {one.flaw.subtask for one in tried if one.approved}
    report.add(f"{case.id}_steps", Figure(len(steps), note=f"of {len(case.subtasks)} steps"))
    hint = sum(one.approved for one in tried)
    report.add(f"{case.id}_hint", Figure(100 * hint / len(tried), "%", note=f"{hint} of {len(tried)} flaws"))
    check = sum(one.approved and one.check is not None for one in tried)
    note = f"{check} of {len(tried)} flaws, in {WAITED_FOR.seconds} s"
    report.add(f"{case.id}_check", Figure(100 * check / len(tried), "%", note=note))
    sizes = [one.hint.distance for one in tried if one.hint is not None and one.approved]
    report.add(f"{case.id}_nodes", Figure(median(sizes or [0]), note="changed by a repair, median"))
    waited = max(one.waited for one in tried)
    limit = WAITED_FOR.seconds * 1.1
    report.add(f"{case.id}_waited", Figure(waited, "s", limit, note="the longest search while a check waits"))


async def _case(name: str, *, quick: bool) -> tuple[AuthorCase, list[Tried]]:
    with tempfile.TemporaryDirectory(prefix="cl-repairs-") as home:
        settings = EmbeddedSettings(home=Path(home), run_dir=Path(home) / "run")
        asks: list[_Asks] = []

        def causes(runs: Runs) -> Causes:
            asks.append(_Asks(runs))
            return asks[0]

        try:
            async with open_judge(settings, str(PROJECT / "cases" / name), causes) as (judge, case):
                repairs = ReferenceRepair(asks[0].runs)
                flaws = {flaw.subtask: flaw for flaw in reversed(case.flaws)}.values() if quick else case.flaws
                return case, [await _tried(judge, repairs, case, flaw) for flaw in flaws]
        except CannotGrade as error:
            raise CouldNotRun(str(error)) from error


async def _tried(judge: CheckerJudge, repairs: ReferenceRepair, case: AuthorCase, flaw: Flaw) -> Tried:
    subtask = case.subtask(flaw.subtask)
    assert subtask is not None
    cells = reference_cells(case, flaw)
    work = Submitted(case, subtask, cells)
    await repairs.prepare(work)
    began = time.perf_counter()
    check = await repairs.repaired(work, WAITED_FOR.seconds)
    waited = time.perf_counter() - began
    hint = await repairs.repaired(work, _PATIENT)
    approved = False
    if hint is not None:
        answer = subtask.view.answer_cells[0]
        mended = (c.model_copy(update={"source": hint.source}) if c.id == answer else c for c in cells)
        approved = (await judge.judge_step(case, subtask.view.id, tuple(mended))).verdict is Verdict.APPROVED
    tried = Tried(flaw, hint, check, approved, waited)
    how = f"{tried.hint.distance} nodes" if tried.hint is not None else "none"
    print(f"{subtask.view.id}, {flaw.id}: {how}, approved: {approved}, at a check: {check is not None}", flush=True)
    return tried


if __name__ == "__main__":
    sys.exit(main("repairs", run))
