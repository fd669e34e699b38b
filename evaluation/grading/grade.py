"""The use case: every notebook of a folder, N at a time, each judged once."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Protocol

from evaluation.grading.journal import Journal
from evaluation.grading.notebooks import UnreadableNotebook, file_digest, find_notebooks, read_submission
from evaluation.grading.results import NotebookResult, SubtaskResult
from services.contracts.case import AuthorCase
from services.contracts.feedback import Feedback, Verdict
from services.contracts.notebook import Cell


class Judge(Protocol):
    """Judges a whole notebook; `feedback` behind it is the one that learners meet."""

    async def judge(self, case: AuthorCase, cells: tuple[Cell, ...]) -> dict[str, Feedback]:
        """One feedback for each subtask, by id."""
        ...


async def grade_folder(
    judge: Judge, case: AuthorCase, folder: Path, journal: Journal, jobs: int, found: Callable[[int], None]
) -> AsyncGenerator[NotebookResult]:
    """Yield a result for each notebook below the folder as it is done; `found` is told how many there are."""
    notebooks = find_notebooks(folder)
    found(len(notebooks))
    turns = asyncio.Semaphore(jobs)

    async def one(path: Path) -> NotebookResult:
        async with turns:
            return await _grade(judge, case, path, path.relative_to(folder).as_posix(), journal)

    tasks = [asyncio.create_task(one(path)) for path in notebooks]
    try:
        for task in asyncio.as_completed(tasks):
            yield await task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _grade(judge: Judge, case: AuthorCase, path: Path, name: str, journal: Journal) -> NotebookResult:
    digest = await asyncio.to_thread(file_digest, path)
    if known := journal.known(name, digest):
        return known
    try:
        submission = await asyncio.to_thread(read_submission, path, name)
    except UnreadableNotebook as error:
        result = NotebookResult(file=name, digest=digest, status="unreadable", problem=str(error))
    else:
        result = _result(name, digest, await judge.judge(case, submission.cells))
    journal.keep(result)
    return result


def _result(name: str, digest: str, feedback: dict[str, Feedback]) -> NotebookResult:
    lost = [f.headline for f in feedback.values() if f.verdict is Verdict.COULD_NOT_JUDGE]
    return NotebookResult(
        file=name,
        digest=digest,
        status="could_not_judge" if lost else "graded",
        problem=lost[0] if lost else "",
        subtasks=tuple(_subtask(subtask, f.for_learner()) for subtask, f in feedback.items()),
    )


def _subtask(subtask: str, feedback: Feedback) -> SubtaskResult:
    return SubtaskResult(
        subtask=subtask,
        verdict=feedback.verdict,
        points=feedback.points,
        max_points=feedback.max_points,
        headline=feedback.headline,
        findings=tuple(finding.message for finding in feedback.findings),
        signatures=tuple(finding.signature for finding in feedback.findings),
    )
