"""`caseloop eval drift`: today's checks against the accepted run."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from evaluation.bench import Bench, CannotEvaluate
from evaluation.desk import EvalDesk
from evaluation.report.accepted import Accepted
from evaluation.runs.result import Answer, EvalRun, SampleResult
from evaluation.scorers.port import Ground
from evaluation.scorers.rules import RuleScorers
from evaluation.speaking import complete
from evaluation.suites.sample import Sample
from services.kit.clock import utc_now
from services.progress.kept import KeptSubmission, KeptSubmissions


def add_drift_command(app: typer.Typer, desk: EvalDesk) -> None:
    """Exit status 0: as accepted, or too little to tell; 1: alarm; 2: nothing to compare with."""

    @app.command("drift")
    def drift(
        suite: Annotated[str, typer.Argument(help="A suite of which a run is accepted.")],
        hours: Annotated[float, typer.Option("--hours", min=0.1, help="How far back checks are looked at.")] = 24,
        textfile: Annotated[
            Path | None, typer.Option("--textfile", dir_okay=False, help="Write Prometheus gauges to this file.")
        ] = None,
    ) -> None:
        """Compare what learners were told of late with the accepted run: is it still as good?"""
        raise typer.Exit(complete(_drift(desk, suite, timedelta(hours=hours), textfile), "Interrupted."))


async def _drift(desk: EvalDesk, suite: str, span: timedelta, textfile: Path | None) -> int:
    from evaluation.report.drift import Today, drifts, write_gauges
    from evaluation.report.page import percent

    wanted = desk.find(suite)
    accepted = _accepted(desk, wanted.name)
    async with desk.open_bench(wanted.cases, False) as bench, desk.open_submissions() as kept:
        checks, grounds = await _of(bench, kept, span), await bench.grounds()
        today = [Today(one.learner, await _scored(one, at, grounds[one.case])) for at, one in enumerate(checks)]
    found = await asyncio.to_thread(drifts, accepted, today)
    table = Table(title=f"{len(today)} checks against {accepted.id}", title_justify="left")
    for heading in ("score", "accepted", "now", "interval", ""):
        table.add_column(heading)
    for one in found:
        low, high = one.today.low, one.today.high
        ends = one.today.note if low is None or high is None else f"{percent(low)} to {percent(high)}"
        table.add_row(one.metric, percent(one.accepted), percent(one.today.mean), ends, one.word)
    if found:
        Console().print(table)
    else:
        hours = f"{span / timedelta(hours=1):g} hours"
        typer.echo(f"No check of the last {hours} to compare with {accepted.id}: cannot tell.")
    if textfile is not None:
        await asyncio.to_thread(write_gauges, textfile, wanted.name, found, len(today))
    return int(any(one.alarm for one in found))


def _accepted(desk: EvalDesk, suite: str) -> EvalRun:
    accepted = Accepted(desk.runs.path).newest(suite)
    if accepted is None:
        raise CannotEvaluate(f"No run of {suite} is accepted yet; `caseloop eval accept RUN` accepts one.")
    return desk.runs.open(accepted.run)


async def _of(bench: Bench, kept: KeptSubmissions, span: timedelta) -> list[KeptSubmission]:
    since = utc_now() - span
    found = [one for name in bench.cases for one in [s async for s in kept.judged(name, since)]]
    return [one for one in found if bench.cases[one.case].subtask(one.subtask) is not None]


async def _scored(submission: KeptSubmission, number: int, ground: Ground) -> SampleResult:
    """As it was answered then; nothing is expected of it, so only what needs no expectation is scored."""
    sample = Sample(
        id=f"check/{number}",
        case=submission.case,
        subtask=submission.subtask,
        cells=submission.cells,
        source="submission",
    )
    answer = Answer(feedback=submission.feedback, wall_ms=submission.feedback.wall_ms)
    return SampleResult(sample=sample, answer=answer, scores=await RuleScorers().score(sample, answer, ground))
