"""`caseloop eval suite build`: a suite from cases, as a file to keep beside them."""

import re
from pathlib import Path
from typing import Annotated

import typer

from evaluation.bench import CannotEvaluate
from evaluation.desk import EvalDesk
from evaluation.progress import progress_bar
from evaluation.settings import EvaluationSettings
from evaluation.speaking import complete
from evaluation.suites.building import build_suite
from evaluation.suites.jsonl import lines_of
from evaluation.suites.replay_cli import add_answers_command, add_replay_command
from evaluation.suites.sample import Suite
from evaluation.suites.sources.mutants import planned
from vault.files import write_private

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


def build_suite_app(desk: EvalDesk) -> typer.Typer:
    """The subcommands of `eval suite`."""
    app = typer.Typer(help="Make suites.", no_args_is_help=True)

    @app.callback()
    def _() -> None:
        """Make suites."""

    @app.command("build")
    def build(
        cases: Annotated[list[str], typer.Argument(help="Ids of published cases, or case folders.")],
        out: Annotated[Path, typer.Option("--out", "-o", help="File to write: NAME.jsonl.", dir_okay=False)],
        mutants: Annotated[
            int | None, typer.Option("--mutants", min=0, help="Most small faults of each sort in one case.")
        ] = None,
    ) -> None:
        """Make a suite of cases' references, starters, variants, known mistakes, and small faults they catch."""
        most = EvaluationSettings().mutants if mutants is None else mutants
        suite = complete(_build(desk, tuple(cases), out, most), "Interrupted. Nothing was written.")
        counts = [f"{sum(s.source == source for s in suite.samples)} {source}" for source in _sources(suite)]
        typer.echo(f"{out}: {len(suite.samples)} samples of {len(cases)} cases ({', '.join(counts)}).")
        typer.echo("It holds solutions: keep it where learners cannot read it.")

    add_replay_command(app, desk)
    add_answers_command(app, desk)
    return app


def _sources(suite: Suite) -> tuple[str, ...]:
    return tuple(dict.fromkeys(sample.source for sample in suite.samples))


async def _build(desk: EvalDesk, cases: tuple[str, ...], out: Path, most: int) -> Suite:
    if out.suffix != ".jsonl" or not _NAME.fullmatch(out.stem):
        raise CannotEvaluate(f"{out}: name it NAME.jsonl, with small letters, digits and dashes in NAME.")
    async with desk.open_bench(cases, False) as bench:
        total = sum(len(planned(case, most)) for case in bench.cases.values())
        with progress_bar("trying small faults", total) as advance:
            suite = await build_suite(out.stem, bench.cases, bench.mutants, most, advance)
        write_private(out, lines_of(suite.samples, bench.cases))
    return suite
