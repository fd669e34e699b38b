"""`caseloop grade CASE FOLDER`: on the command line, with a progress bar."""

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from evaluation.grading.grade import Judge, grade_notebooks
from evaluation.grading.journal import Journal, JournalInUse
from evaluation.grading.notebooks import HandedIn, find_notebooks
from evaluation.grading.reports import write_reports
from evaluation.grading.results import GradingReport, NotebookResult
from evaluation.progress import progress_bar
from evaluation.quiet import quiet_logs
from services.contracts.case import AuthorCase

OpenJudge = Callable[[str], AbstractAsyncContextManager[tuple[Judge, AuthorCase]]]
"""From the id of a published case, or a case folder, to a judge and the case. Raises CannotGrade."""
INTERRUPTED = 130


class CannotGrade(Exception):
    """There is nothing to grade, no such case, or the platform cannot run code here; the message says what to do."""


@dataclass(frozen=True)
class _Order:
    case: str
    notebooks: Sequence[HandedIn]
    out: Path
    jobs: int
    again: bool


def build_grade_command(open_judge: OpenJudge) -> Callable[..., None]:
    """The command; exit status 0 all graded, 1 some could not be, 2 nothing could be done, 130 interrupted."""

    def grade(
        case: Annotated[str, typer.Argument(help="Id of a published case, or a case folder.")],
        folder: Annotated[Path, typer.Argument(help="Folder of notebooks.", exists=True, file_okay=False)],
        jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Notebooks at a time.")] = os.cpu_count() or 1,
        out: Annotated[
            Path | None, typer.Option("--out", "-o", help="Where reports go (beside it: FOLDER-grades).")
        ] = None,
        again: Annotated[bool, typer.Option("--again", help="Grade again what an earlier run graded.")] = False,
    ) -> None:
        """Grade a folder of notebooks; an interrupted run goes on where it stopped."""
        quiet_logs()
        try:
            order = _Order(case, _found(folder), out or _beside(folder), jobs, again)
            report = asyncio.run(_grade(open_judge, order))
        except (CannotGrade, JournalInUse, OSError) as error:
            typer.secho(str(error), fg="red", err=True)
            raise typer.Exit(2) from error
        except KeyboardInterrupt as error:
            typer.echo("Interrupted. What is graded is kept: the same command goes on from there.", err=True)
            raise typer.Exit(INTERRUPTED) from error
        raise typer.Exit(0 if len(report.graded) == len(report.results) else 1)

    return grade


def _found(folder: Path) -> list[HandedIn]:
    notebooks = find_notebooks(folder)
    if not notebooks:
        raise CannotGrade(f"There is no notebook (*.ipynb) in {folder} or in a folder below it.")
    return notebooks


def _beside(folder: Path) -> Path:
    """Not inside: whoever handed in the folder could have put a journal or a link there."""
    whole = folder.resolve()
    return whole.with_name(f"{whole.name}-grades") if whole.name else Path("grades").resolve()


async def _grade(open_judge: OpenJudge, order: _Order) -> GradingReport:
    async with open_judge(order.case) as (judge, case):
        with Journal(order.out / f".journal-{case.version[:16]}.jsonl", anew=order.again) as journal:
            results = await _results(judge, case, order, journal)
    report = GradingReport(
        case=case.id,
        title=case.title,
        version=case.version,
        subtasks=tuple(subtask.view.id for subtask in case.subtasks),
        max_points=sum(subtask.view.points for subtask in case.subtasks),
        results=tuple(sorted(results, key=lambda result: result.file)),
    )
    paths = write_reports(report, order.out)
    earlier = f" ({journal.recalled} by an earlier run)" if journal.recalled else ""
    typer.echo(f"{len(report.graded)} of {len(results)} notebooks graded{earlier}. Report: {paths['html']}")
    return report


async def _results(judge: Judge, case: AuthorCase, order: _Order, journal: Journal) -> list[NotebookResult]:
    results: list[NotebookResult] = []
    with progress_bar("grading", len(order.notebooks)) as advance:
        graded = grade_notebooks(judge, case, order.notebooks, journal, order.jobs)
        # A generator that is closed by hand cleans up at once, also on Ctrl-C.
        async with aclosing(graded):
            async for result in graded:
                results.append(result)
                advance(1)
    return results
