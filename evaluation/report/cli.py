"""`caseloop eval compare`, `report`, `accept` and `gate`."""

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from evaluation.bench import CannotEvaluate
from evaluation.desk import EvalDesk
from evaluation.judge.cli import labels_file
from evaluation.judge.labels import agreed, known_labels
from evaluation.judge.record import JudgeRecord
from evaluation.judge.spoken import Spoken
from evaluation.options import JOBS, Jobs, SuiteName, WithModel
from evaluation.report.accepted import Accepted, CannotAccept
from evaluation.report.judged import Judged, confusions
from evaluation.runs.cli import Order, answered_run
from evaluation.runs.result import EvalRun
from evaluation.serving.leaving import Opened, compared, leave_index
from evaluation.speaking import complete, refusing
from services.kit.clock import utc_now
from vault.files import write_private

if TYPE_CHECKING:
    from evaluation.report.comparison import Comparison

REPORT = "report.html"
Run = Annotated[str, typer.Argument(help="Name of a run.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", dir_okay=False, help="Where the HTML report goes.")]


def add_report_commands(app: typer.Typer, desk: EvalDesk) -> None:
    """Exit status 0 done or fine, 1 worse (`gate` alone), 2 nothing could be done or told, 130 interrupted."""
    _add_compare(app, desk)
    _add_report(app, desk)
    _add_accept(app, desk)
    _add_gate(app, desk)


def _add_compare(app: typer.Typer, desk: EvalDesk) -> None:
    @app.command("compare")
    def compare(
        before: Annotated[str, typer.Argument(help="Name of the earlier run.")],
        after: Annotated[str, typer.Argument(help="Name of the later run.")],
    ) -> None:
        """Compare two runs sample by sample: better, worse, no evidence, or cannot tell."""
        with refusing():
            runs = Opened.of(desk, before), Opened.of(desk, after)
        _told(compared(desk, *runs), allowed=0)


def _add_report(app: typer.Typer, desk: EvalDesk) -> None:
    @app.command("report")
    def report(
        run: Run,
        against: Annotated[str | None, typer.Option("--against", help="An earlier run to compare with.")] = None,
        out: Out = None,
    ) -> None:
        """Write a run's report as one HTML page that opens offline."""
        with refusing():
            earlier, later = Opened.of(desk, against) if against else None, Opened.of(desk, run)
            comparison = compared(desk, earlier, later) if earlier else None
            typer.echo(f"Report: {write_report(desk, later.run, comparison, out)}")


def _add_accept(app: typer.Typer, desk: EvalDesk) -> None:
    @app.command("accept")
    def accept(run: Run) -> None:
        """Measure later runs of this suite against this one."""
        with refusing():
            known = desk.runs.open(run)
            try:
                made = Accepted(desk.runs.path).accept(known, getpass.getuser(), utc_now())
            except CannotAccept as error:
                raise CannotEvaluate(str(error)) from error
        typer.echo(f"{made.run} is what {made.suite} is measured against from now on.")


def _add_gate(app: typer.Typer, desk: EvalDesk) -> None:
    @app.command("gate")
    def gate(
        suite: SuiteName,
        against: Annotated[
            str | None, typer.Option("--against", help="The run to compare with; else the accepted one.")
        ] = None,
        allow: Annotated[
            int, typer.Option("--allow", min=0, help="So many verdicts may become wrong: somebody has looked at them.")
        ] = 0,
        jobs: Jobs = JOBS,
        model: WithModel = True,
        service: Annotated[
            bool, typer.Option("--service", help="Replay on the running service; its words are the rules'.")
        ] = False,
        out: Out = None,
    ) -> None:
        """Replay a suite on the pipeline as it is now: exit status 0 fine, 1 worse, 2 cannot tell."""
        with refusing():
            before = _baseline(desk, suite, against)
        order = Order(suite, jobs, anew=False, with_model=model, judge=False, served=service)
        after = complete(
            answered_run(desk, order), "Interrupted. What is answered is kept: the same command goes on from there."
        )
        with refusing():
            comparison = compared(desk, before, Opened.of(desk, after.id))
            status = _told(comparison, allow)
            leave_index(desk, after.id)
            typer.echo(f"Report: {write_report(desk, after, comparison, out, allow)}")
        raise typer.Exit(status)


def _baseline(desk: EvalDesk, suite: str, against: str | None) -> Opened:
    if against is not None:
        return Opened.of(desk, against)
    name = desk.find(suite).name
    accepted = Accepted(desk.runs.path).newest(name)
    if accepted is None:
        raise CannotEvaluate(
            f"No run of {name} is accepted yet. `caseloop eval run {suite}` makes one, `caseloop eval accept RUN` "
            "accepts it; or name a run with --against."
        )
    return Opened.of(desk, accepted.run)


def _told(comparison: "Comparison", allowed: int) -> int:
    """Print the comparison and the gate's answer; returns its exit status."""
    from evaluation.gate import decide
    from evaluation.report.printing import print_answer, print_comparison

    console, answer = Console(), decide(comparison, allowed)
    print_comparison(comparison, console)
    print_answer(answer, console)
    return int(answer.outcome)


def write_report(
    desk: EvalDesk, run: EvalRun, comparison: "Comparison | None", out: Path | None, allowed: int = 0
) -> Path:
    """The page, readable by nobody but its owner; returns where it is. numpy and scipy are loaded here."""
    from evaluation.gate import decide
    from evaluation.report.page import html_page
    from evaluation.report.summary import summarise

    answer = decide(comparison, allowed) if comparison else None
    page = html_page(summarise(run), comparison, judged_part(desk, run), answer=answer)
    path = out or desk.runs.folder(run.id) / REPORT
    write_private(path, page.encode())
    return path


def judged_part(desk: EvalDesk, run: EvalRun) -> Judged | None:
    """What a judge said about this run, and people about the same; None where no judge was asked."""
    from evaluation.judge.flips import flips

    folder = desk.runs.folder(run.id)
    opinions = JudgeRecord(folder).opinions()
    if not opinions:
        return None
    spoken = Spoken.of(folder)
    return Judged(
        model=spoken.model,
        notes=spoken.notes,
        labelled=confusions(opinions, agreed(known_labels(labels_file(desk)))),
        opinions=len(opinions),
        flips=flips(run, opinions),
    )
