"""Precision of evidence on the sample cases: known flaws, accepted variants, and mutants of each reference."""

import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.harness import CouldNotRun, Figure, Report, main
from benchmarks.mutant_maker import Mutant, mutants
from evaluation.grading.cli import CannotGrade
from feedback.reference import reference_cells
from infra.settings import PROJECT, EmbeddedSettings
from infra.workshop import CheckerJudge, open_judge
from services.contracts.case import AuthorCase, Subtask
from services.contracts.feedback import Feedback, Verdict
from services.contracts.limits import Limits
from services.contracts.notebook import Cell

_SEED: Final = 20261125
_CASES: Final = ("python-basics", "clean-regression", "forecast-validation")
_WANTED: Final = 100
"""Mutants of each reference that the checks refuse; _QUICK of them under --quick."""
_QUICK: Final = 6
_AT_ONCE: Final = 3
# A mutant that never ends needs no more time than this to be known as one.
_LIMITS: Final = Limits(cpu_seconds=8, wall_seconds=20, probe_seconds=6, memory_mb=1024)


@dataclass(frozen=True)
class Planted:
    """A mutant at its place."""

    subtask: Subtask
    cell: str
    mutant: Mutant


@dataclass
class Tally:
    """What came of one case's mutants, flaws and variants."""

    refused: int = 0
    located: int = 0
    approved: int = 0
    missed: list[str] = field(default_factory=list)
    flaws: int = 0
    heard: int = 0
    unheard: list[str] = field(default_factory=list)
    variants: int = 0
    clean: int = 0


def run(report: Report) -> None:
    """Judge the sample cases' flaws, variants and mutants in the real sandbox."""
    began = time.perf_counter()
    tallies = {case: asyncio.run(_tally(case, quick=report.quick)) for case in _CASES}
    for case, tally in tallies.items():
        for line in tally.missed:
            print(f"{case}: not located: {line}")
        for line in tally.unheard:
            print(f"{case}: flaw without its own words: {line}")
        _report(report, case, tally)
    report.add("seconds", Figure(time.perf_counter() - began, "s"))


def _report(report: Report, case: str, tally: Tally) -> None:
    if not tally.refused:
        raise CouldNotRun(f"not one mutant of {case} was refused")
    note = f"of {tally.refused} refused; {tally.approved} more were approved (equivalent, or not seen by any check)"
    located = 100 * tally.located / tally.refused
    report.add(f"{case}_located", Figure(located, "%", target=90, better="higher", note=note))
    heard = 100 * tally.heard / max(tally.flaws, 1)
    report.add(f"{case}_flaws", Figure(heard, "%", target=100, better="higher", note=f"of {tally.flaws}, own words"))
    clean = 100 * tally.clean / max(tally.variants, 1)
    note = f"of {tally.variants} variant steps, no finding"
    report.add(f"{case}_variants", Figure(clean, "%", target=100, better="higher", note=note))


async def _tally(name: str, *, quick: bool) -> Tally:
    with tempfile.TemporaryDirectory(prefix="cl-mutants-") as home:
        settings = EmbeddedSettings(home=Path(home), run_dir=Path(home) / "run")
        async with AsyncExitStack() as stack:
            try:
                judge, case = await stack.enter_async_context(open_judge(settings, str(PROJECT / "cases" / name)))
            except CannotGrade as error:
                raise CouldNotRun(str(error)) from error
            case = case.model_copy(update={"limits": _LIMITS})
            tally = Tally()
            await _mutants(judge, case, tally, _QUICK if quick else _WANTED)
            await _flaws(judge, case, tally, quick=quick)
            await _variants(judge, case, tally, quick=quick)
            return tally


async def _mutants(judge: CheckerJudge, case: AuthorCase, tally: Tally, wanted: int) -> None:
    queue = iter(_planted(case))

    async def work() -> None:
        # One mutant too many at the end of a race counts as well.
        while tally.refused < wanted and (planted := next(queue, None)) is not None:
            _count(tally, planted, await judge.judge_step(case, planted.subtask.view.id, _cells(case, planted)))

    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))


def _planted(case: AuthorCase) -> Sequence[Planted]:
    chance = random.Random(_SEED)
    found = [
        Planted(subtask, cell, mutant)
        for subtask in case.subtasks
        for cell, source in subtask.reference.items()
        for mutant in mutants(source, chance)
    ]
    chance.shuffle(found)
    return found


def _cells(case: AuthorCase, planted: Planted) -> tuple[Cell, ...]:
    return tuple(
        cell.model_copy(update={"source": planted.mutant.source}) if cell.id == planted.cell else cell
        for cell in reference_cells(case)
    )


def _count(tally: Tally, planted: Planted, feedback: Feedback) -> None:
    if feedback.verdict is Verdict.COULD_NOT_JUDGE:
        raise CouldNotRun(f"a mutant of {planted.subtask.view.id} could not be judged: {feedback.headline}")
    if feedback.verdict is Verdict.APPROVED:
        tally.approved += 1
        return
    tally.refused += 1
    mutant, place = planted.mutant, feedback.findings[0].place
    if (
        place is not None
        and place.cell == planted.cell
        and place.line is not None
        and place.line <= mutant.end_line
        and mutant.line <= (place.end_line or place.line)
    ):
        tally.located += 1
        return
    where = f"{place.line} to {place.end_line or place.line}" if place and place.line else "no line"
    step = planted.subtask.view.id
    tally.missed.append(f"{step}, {mutant.operator} in line {mutant.line}; marked: {where}")


async def _flaws(judge: CheckerJudge, case: AuthorCase, tally: Tally, *, quick: bool) -> None:
    for flaw in case.flaws[: 4 if quick else None]:
        feedback = await judge.judge_step(case, flaw.subtask, reference_cells(case, flaw))
        heard = Counter(finding.mentor for finding in feedback.findings)
        tally.flaws += 1
        if heard[flaw.words]:
            tally.heard += 1
        else:
            tally.unheard.append(f"{flaw.id} ({feedback.verdict.value})")


async def _variants(judge: CheckerJudge, case: AuthorCase, tally: Tally, *, quick: bool) -> None:
    for variant in case.variants[: 1 if quick else None]:
        cells = tuple(
            cell.model_copy(update={"source": variant.get(cell.id, cell.source)}) for cell in reference_cells(case)
        )
        for feedback in (await judge.judge(case, cells)).values():
            tally.variants += 1
            tally.clean += feedback.verdict is Verdict.APPROVED and not feedback.findings


if __name__ == "__main__":
    sys.exit(main("mutants", run))
