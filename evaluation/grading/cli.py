"""`caseloop grade CASE FOLDER`: on the command line, with a progress bar."""

import asyncio
import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, aclosing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from evaluation.grading.grade import Judge, grade_folder
from evaluation.grading.journal import Journal
from evaluation.grading.reports import write_reports
from evaluation.grading.results import GradingReport, NotebookResult
from services.contracts.case import AuthorCase

OpenJudge = Callable[[str], AbstractAsyncContextManager[tuple[Judge, AuthorCase]]]
"""From the id of a published case, or a case folder, to a judge and the case. Raises CannotGrade."""


class CannotGrade(Exception):
    """There is no such case, or the platform cannot run code here; the message says what to do."""


def build_grade_command(open_judge: OpenJudge) -> Callable[..., None]:
    """The command; exit status 0 all graded, 1 some could not be, 2 nothing could be done."""

    def grade(
        case: Annotated[str, typer.Argument(help="Id of a published case, or a case folder.")],
        folder: Annotated[Path, typer.Argument(help="Folder of notebooks.", exists=True, file_okay=False)],
        jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, help="Notebooks at a time.")] = os.cpu_count() or 1,
        out: Annotated[Path | None, typer.Option("--out", "-o", help="Where reports go (FOLDER/grades).")] = None,
    ) -> None:
        """Grade a folder of notebooks; an interrupted run goes on where it stopped."""
        console = Console()
        try:
            report = asyncio.run(_grade(open_judge, case, folder, jobs, out or folder / "grades", console))
        except CannotGrade as error:
            console.print(f"[red]{error}[/red]")
            raise typer.Exit(2) from error
        raise typer.Exit(0 if all(result.status == "graded" for result in report.results) else 1)

    return grade


async def _grade(
    open_judge: OpenJudge, case_name: str, folder: Path, jobs: int, out: Path, console: Console
) -> GradingReport:
    async with open_judge(case_name) as (judge, case):
        columns = (TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        results: list[NotebookResult] = []
        with (
            Journal(out / f".journal-{case.version[:16]}.jsonl") as journal,
            Progress(*columns, console=console) as bar,
        ):
            task = bar.add_task("grading", total=None)

            def found(count: int) -> None:
                bar.update(task, total=count)

            async with aclosing(grade_folder(judge, case, folder, journal, jobs, found)) as graded:
                async for result in graded:
                    results.append(result)
                    bar.advance(task)
        report = GradingReport(
            case=case.id,
            title=case.title,
            version=case.version,
            subtasks=tuple(subtask.view.id for subtask in case.subtasks),
            results=tuple(sorted(results, key=lambda result: result.file)),
        )
    paths = write_reports(report, out)
    graded_count = sum(result.status == "graded" for result in report.results)
    console.print(f"{graded_count} of {len(report.results)} notebooks graded. Report: {paths['html']}")
    return report
