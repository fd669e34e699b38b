"""The use case: every notebook of a folder, N at a time, each judged once."""

import asyncio
import hashlib
import os
from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

import structlog

from evaluation.grading.journal import Journal
from evaluation.grading.notebooks import HandedIn, UnreadableNotebook, read_cells, read_file
from evaluation.grading.results import Mistake, NotebookResult, SubtaskResult
from services.contracts.case import AuthorCase
from services.contracts.feedback import Feedback, Verdict
from services.contracts.finding import Finding
from services.contracts.notebook import Cell

_log = structlog.get_logger(__name__)


class Judge(Protocol):
    """Judges a whole notebook; `feedback` behind it is the one that learners meet."""

    async def judge(self, case: AuthorCase, cells: tuple[Cell, ...], at_once: int = 1) -> dict[str, Feedback]:
        """One feedback for each subtask, by id; `at_once` of them side by side, if that takes less time."""
        ...


async def grade_notebooks(
    judge: Judge, case: AuthorCase, notebooks: Sequence[HandedIn], journal: Journal, jobs: int
) -> AsyncGenerator[NotebookResult]:
    """Yield a result for each notebook as it is done, at most `jobs` of them in work at a time."""
    turns, left = asyncio.Semaphore(jobs), len(notebooks)

    async def one(notebook: HandedIn) -> NotebookResult:
        nonlocal left
        async with turns:
            # Processors that no other notebook keeps busy.
            at_once = max(1, (os.cpu_count() or 1) // min(jobs, left))
            try:
                return await _grade(judge, case, notebook, journal, at_once)
            finally:
                left -= 1

    tasks = [asyncio.create_task(one(notebook)) for notebook in notebooks]
    try:
        for task in asyncio.as_completed(tasks):
            yield await task
    finally:
        for pending in tasks:
            pending.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _grade(judge: Judge, case: AuthorCase, notebook: HandedIn, journal: Journal, at_once: int) -> NotebookResult:
    name, digest = notebook.name, ""
    try:
        content = await asyncio.to_thread(read_file, notebook.path)
        digest = await asyncio.to_thread(_sha256, content)
        if known := journal.known(name, digest):
            return known
        cells = await asyncio.to_thread(read_cells, content)
    except UnreadableNotebook as error:
        return NotebookResult(file=name, digest=digest, status="unreadable", problem=str(error))
    try:
        result = _result(name, digest, cells, await judge.judge(case, cells, at_once))
    except Exception as error:
        # One notebook that we did not foresee must not keep the others from their grades.
        _log.exception("notebook could not be graded", file=name)
        problem = f"grading it broke off ({type(error).__name__}); the log says more"
        return NotebookResult(file=name, digest=digest, status="could_not_judge", problem=problem)
    journal.keep(result)
    return result


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _result(name: str, digest: str, cells: Sequence[Cell], feedback: dict[str, Feedback]) -> NotebookResult:
    numbers: dict[str, int] = {}
    for number, cell in enumerate(cells, 1):
        numbers.setdefault(cell.id, number)
    lost = [f.headline for f in feedback.values() if f.verdict is Verdict.COULD_NOT_JUDGE]
    return NotebookResult(
        file=name,
        digest=digest,
        status="could_not_judge" if lost else "graded",
        problem=lost[0] if lost else "",
        subtasks=tuple(_subtask(subtask, f, numbers) for subtask, f in feedback.items()),
        repairs=tuple(dict.fromkeys(repair for f in feedback.values() for repair in f.repairs)),
    )


def _subtask(subtask: str, feedback: Feedback, numbers: dict[str, int]) -> SubtaskResult:
    return SubtaskResult(
        subtask=subtask,
        verdict=feedback.verdict,
        points=feedback.points,
        max_points=feedback.max_points,
        headline=feedback.headline,
        mistakes=tuple(_mistake(finding, numbers) for finding in feedback.findings),
    )


def _mistake(finding: Finding, numbers: dict[str, int]) -> Mistake:
    place = finding.place
    return Mistake(
        message=finding.message,
        signature=finding.signature,
        cell=numbers.get(place.cell) if place else None,
        line=place.line if place and place.cell in numbers else None,
        mentor=finding.mentor,
    )
