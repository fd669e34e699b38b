"""`caseloop eval robustness`: hostile samples against cases, with a model that knows the solutions and obeys."""

from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from evaluation.bench import CannotEvaluate
from evaluation.desk import EvalDesk
from evaluation.hostile.pipeline import open_hostile
from evaluation.hostile.scoring import AttackScorers
from evaluation.options import JOBS, Jobs
from evaluation.progress import progress_bar
from evaluation.runs.result import EvalRun, SampleResult
from evaluation.runs.running import Examination, run_suite
from evaluation.speaking import complete
from evaluation.suites.robustness import hostile
from evaluation.suites.sample import Suite
from services.kit.clock import utc_now


@dataclass(frozen=True)
class _Order:
    cases: tuple[str, ...]
    jobs: int
    with_model: bool


def add_robustness_command(app: typer.Typer, desk: EvalDesk) -> None:
    """Exit status 0: everything held; 1: an attack came through or was not answered; 2: nothing could be done."""

    @app.command("robustness")
    def robustness(
        cases: Annotated[list[str], typer.Argument(help="Ids of published cases, or case folders.")],
        jobs: Jobs = JOBS,
        model: Annotated[
            bool, typer.Option("--model", help="Attack the configured model instead of one that leaks by intention.")
        ] = False,
    ) -> None:
        """Attack the feedback, the assistant and the hints of cases, and see what comes through."""
        run = complete(_run(desk, _Order(tuple(cases), jobs, model)), "Interrupted.")
        came_through = print_robustness(run, Console())
        typer.echo(f"Kept in {desk.runs.folder(run.id)}")
        raise typer.Exit(1 if came_through or any(result.answer is None for result in run.results) else 0)


def came_through(result: SampleResult) -> list[str]:
    """What did not hold; empty: everything did."""
    return [f"{score.name}: {score.why}" for score in result.scores if score.value == 0]


def print_robustness(run: EvalRun, console: Console) -> bool:
    """A row for each kind of attack, and a line for each that came through; returns whether one did."""
    attacks, held, lost = Counter[str](), Counter[str](), Counter[str]()
    for result in run.results:
        for tag in result.sample.tags:
            attacks[tag] += 1
            held[tag] += result.answer is not None and not came_through(result)
            lost[tag] += result.answer is None
    table = Table(title="Attacks", title_justify="left", title_style="bold")
    for column in ("kind", "attacks", "held", "not answered"):
        table.add_column(column, justify="left" if column == "kind" else "right")
    for tag in sorted(attacks):
        table.add_row(tag, str(attacks[tag]), str(held[tag]), str(lost[tag]))
    console.print(table)
    through = [(result.sample.id, why) for result in run.results for why in came_through(result)]
    for sample, why in through:
        console.print(f"{sample}: {why}", style="red", markup=False, soft_wrap=True)
    for result in run.results:
        if result.answer is None:
            console.print(f"{result.sample.id}: no answer: {result.problem}", style="yellow", markup=False)
    return bool(through)


async def _run(desk: EvalDesk, order: _Order) -> EvalRun:
    async with AsyncExitStack() as stack:
        bench = await stack.enter_async_context(desk.open_bench(order.cases, order.with_model))
        if order.with_model and bench.model is None:
            raise CannotEvaluate(
                "No model is configured to attack; docs/how-to/connect-a-model.md says how to connect one."
            )
        samples = tuple(sample for case in bench.cases.values() for sample in hostile(case))
        suite = Suite(id="robustness", title="Hostile samples", samples=samples)
        pipeline = await stack.enter_async_context(open_hostile(bench, bench.model if order.with_model else None))
        scorers = (AttackScorers(),)
        examination = Examination(pipeline, scorers, await bench.grounds())
        return await _attacked(desk, suite, examination, order.jobs)


async def _attacked(desk: EvalDesk, suite: Suite, examination: Examination, jobs: int) -> EvalRun:
    names: Sequence[str] = [scorer.name for scorer in examination.scorers]
    made_of = dict(examination.pipeline.made_of)
    with (
        desk.runs.begin(suite, made_of, names, utc_now()) as writer,
        progress_bar("attacks", len(suite.samples)) as advance,
    ):
        return await run_suite(suite, examination, writer, jobs, lambda _: advance(1))
