"""`caseloop eval run`: a suite through the pipeline, with a progress bar."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Annotated

import typer

from evaluation.bench import Bench, InProcess
from evaluation.contamination import Contamination
from evaluation.desk import EvalDesk, Wanted
from evaluation.judge.cli import configured_judge, judged, solutions_of
from evaluation.options import JOBS, Jobs, SuiteName, WithModel
from evaluation.pipeline import Pipeline
from evaluation.progress import progress_bar
from evaluation.runs.result import EvalRun
from evaluation.runs.running import Examination, run_suite
from evaluation.runs.store import RunStore, RunWriter
from evaluation.runs.summary import print_summary
from evaluation.scorers.port import Scorer
from evaluation.scorers.rules import RuleScorers
from evaluation.served import Served
from evaluation.serving.leaving import leave_index
from evaluation.settings import EvaluationSettings
from evaluation.speaking import complete
from evaluation.suites.building import build_suite
from evaluation.suites.jsonl import notes_on, suite_of
from evaluation.suites.sample import Suite
from services.kit.clock import utc_now


@dataclass(frozen=True)
class Order:
    """What is to be run, and how."""

    name: str
    jobs: int
    anew: bool
    with_model: bool
    judge: bool
    served: bool = False
    """By the running service, in place of a pipeline of this process."""


def add_run_command(app: typer.Typer, desk: EvalDesk) -> None:
    """Exit status 0: every sample was answered; 1: some were not; 2: nothing could be done; 130: interrupted."""

    @app.command("run")
    def run(
        suite: SuiteName,
        jobs: Jobs = JOBS,
        anew: Annotated[bool, typer.Option("--anew", help="Begin a new run even where one was interrupted.")] = False,
        model: WithModel = True,
        judge: Annotated[
            bool, typer.Option("--judge", help="Have the configured model judge the answers, too.")
        ] = False,
        service: Annotated[
            bool, typer.Option("--service", help="Ask the running service; its words are the rules'.")
        ] = False,
    ) -> None:
        """Answer every sample of a suite by the feedback pipeline, score the answers, keep the run."""
        order = Order(suite, jobs, anew, model, judge, service)
        done = complete(
            answered_run(desk, order), "Interrupted. What is answered is kept: the same command goes on from there."
        )
        print_summary(done, desk.runs.folder(done.id), EvaluationSettings())
        leave_index(desk, done.id)
        raise typer.Exit(0 if all(result.answer for result in done.results) else 1)


async def answered_run(desk: EvalDesk, order: Order) -> EvalRun:
    """The whole run, kept. CannotEvaluate, SuiteUnusable, RunInUse."""
    wanted = desk.find(order.name)
    async with AsyncExitStack() as stack:
        # First: that nobody serves is told at once.
        running = await stack.enter_async_context(desk.open_service()) if order.served else None
        with_model = order.with_model and running is None
        bench = await stack.enter_async_context(desk.open_bench(wanted.cases, with_model))
        # Before anything is answered: a judge that is missing is told at once.
        judge = await stack.enter_async_context(configured_judge(1, bench.model)) if order.judge else None
        suite = await _suite(wanted, bench)
        scorers: Sequence[Scorer] = (RuleScorers(),)
        pipeline: Pipeline = Served(bench.cases, running) if running else InProcess(bench)
        examination = Examination(pipeline, scorers, await bench.grounds(), Contamination())
        with _opened(desk.runs, suite, examination.pipeline, scorers, order.anew) as writer:
            done = await _answered(suite, examination, writer, order.jobs)
        return await judged(desk, done, judge, solutions_of(bench.cases)) if judge else done


async def _suite(wanted: Wanted, bench: Bench) -> Suite:
    if wanted.file is not None:
        for note in notes_on(wanted.file):
            typer.secho(note, fg="yellow", err=True)
        return suite_of(wanted.file, bench.cases)
    [name] = bench.cases
    return await build_suite(name, bench.cases, bench.mutants, EvaluationSettings().mutants, lambda _: None)


def _opened(store: RunStore, suite: Suite, pipeline: Pipeline, scorers: Sequence[Scorer], anew: bool) -> RunWriter:
    made_of, names = dict(pipeline.made_of), [scorer.name for scorer in scorers]
    earlier = None if anew else store.resumable(suite, made_of, names)
    return store.resume(earlier) if earlier else store.begin(suite, made_of, names, utc_now())


async def _answered(suite: Suite, examination: Examination, writer: RunWriter, jobs: int) -> EvalRun:
    if writer.recalled:
        typer.echo(f"Going on with {writer.header.id}: {writer.recalled} samples are answered.", err=True)
    with progress_bar("samples", len(suite.samples)) as advance:
        return await run_suite(suite, examination, writer, jobs, lambda _: advance(1))
