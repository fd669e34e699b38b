"""What the commands leave for the pages, so that nobody waits for figures that were just computed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from evaluation.desk import EvalDesk
from evaluation.runs.result import EvalRun
from evaluation.serving.kept import Stamp, compared_stamp
from evaluation.serving.kept_comparisons import keep_comparison

if TYPE_CHECKING:
    # numpy and scipy take half a second, which no other command should wait for.
    from evaluation.report.comparison import Comparison


@dataclass(frozen=True)
class Opened:
    """A run, and the state of its files before it was read."""

    run: EvalRun
    state: Stamp

    @classmethod
    def of(cls, desk: EvalDesk, name: str) -> "Opened":
        """Raises NoSuchRun, RunUnreadable."""
        state = compared_stamp(desk.runs.folder(name))
        return cls(desk.runs.open(name), state)


def leave_index(desk: EvalDesk, run: str) -> None:
    """The index of a run that was just answered or judged. numpy and scipy are loaded here."""
    from evaluation.serving.indexing import CannotKeep, index_run

    try:
        index_run(desk.home(), run)
    except CannotKeep as error:
        _told(error)


def compared(desk: EvalDesk, before: Opened, after: Opened) -> "Comparison":
    """Two runs compared; the pages find it, too."""
    from evaluation.report.comparison import compare_runs
    from evaluation.serving.comparing import told

    comparison = compare_runs(before.run, after.run)
    folders = desk.runs.folder(before.run.id), desk.runs.folder(after.run.id)
    try:
        keep_comparison(*folders, (before.state, after.state), told(comparison))
    except OSError as error:
        _told(error)
    return comparison


def _told(error: Exception) -> None:
    typer.secho(f"The pages for QA will compute it once more: {error}", fg="yellow", err=True)
