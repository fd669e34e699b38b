"""A case of two subtasks, and a judge that goes by what is written in the notebook."""

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from evaluation.grading.notebooks import HandedIn
from evaluation.grading.results import Mistake, NotebookResult, SubtaskResult
from services.contracts.case import AuthorCase, Check, Quotas, Subtask, SubtaskView
from services.contracts.feedback import Feedback, Verdict
from services.contracts.finding import Evidence, Finding
from services.contracts.limits import Limits
from services.contracts.notebook import Cell, Place

WriteNotebook = Callable[..., HandedIn]


def _subtask(number: int) -> Subtask:
    name, answer = f"step-{number}", f"answer-{number}"
    view = SubtaskView(id=name, title=name, index=number - 1, points=2, cells=(answer,), answer_cells=(answer,))
    check = Check(id=f"check-{number}", cell=f"check-{number}", hidden=False, source="assert True", points=2)
    return Subtask(view=view, starter={answer: ""}, reference={answer: "x = 1"}, checks=(check,))


@pytest.fixture
def case() -> AuthorCase:
    return AuthorCase(
        id="tiny",
        version="ab" * 32,
        title="A tiny <case>",
        limits=Limits(),
        strictness="light",
        quotas=Quotas(),
        subtasks=(_subtask(1), _subtask(2)),
        cells=(),
        imports=(),
        data=(),
    )


class WordJudge:
    """Approves a step whose number is in the first cell; knows the words `platform`, `bug` and `wait`."""

    def __init__(self) -> None:
        self.judged: list[str] = []
        self.working = self.most = 0
        self.go_on = asyncio.Event()

    async def judge(self, case: AuthorCase, cells: tuple[Cell, ...], at_once: int = 1) -> dict[str, Feedback]:
        """One feedback for each subtask."""
        words = cells[0].source
        self.working += 1
        self.most = max(self.most, self.working)
        try:
            for _ in range(3):
                await asyncio.sleep(0)
            if "wait" in words:
                await self.go_on.wait()
        finally:
            self.working -= 1
        self.judged.append(words)
        if "bug" in words:
            raise ZeroDivisionError("a bug of ours")
        return {s.view.id: self._feedback(s.view.id, words, cells) for s in case.subtasks}

    def _feedback(self, subtask: str, words: str, cells: Sequence[Cell]) -> Feedback:
        if "platform" in words:
            return Feedback(verdict=Verdict.COULD_NOT_JUDGE, fault="platform", headline="Broken here.", max_points=2)
        if subtask[-1] in words:
            return Feedback(verdict=Verdict.APPROVED, headline="Right.", points=2, max_points=2, repairs=("Put back.",))
        finding = Finding(
            id="1",
            kind="value",
            severity="error",
            subtask=subtask,
            message=f"x differs after {words}",
            place=Place(cell=cells[-1].id, line=3),
            evidence=(Evidence(kind="value", subject="x", fact="the reference has 41"),),
            signature=f"{subtask}|value|x",
            mentor="Look at x again.",
        )
        return Feedback(verdict=Verdict.NEEDS_WORK, headline="No.", findings=(finding,), max_points=2)


@pytest.fixture
def judge() -> WordJudge:
    return WordJudge()


@pytest.fixture
def hand_in(tmp_path: Path) -> WriteNotebook:
    """Write a notebook of code cells (or any content) into the folder `handed-in`."""

    def write(name: str, *sources: str, content: Any = None) -> HandedIn:
        path = tmp_path / "handed-in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cells = [{"id": f"c{n}", "cell_type": "code", "metadata": {}, "source": s} for n, s in enumerate(sources, 1)]
        notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
        data = json.dumps(notebook if content is None else content) if not isinstance(content, bytes) else content
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return HandedIn(path, name)

    return write


def graded(file: str, *verdicts: str, message: str = "wrong", signature: str = "s", **more: Any) -> NotebookResult:
    """A result with one verdict for each subtask, `approved` or `needs_work`."""
    subtasks = tuple(
        SubtaskResult(
            subtask=f"step-{number}",
            verdict=Verdict(verdict),
            points=2 if verdict == "approved" else 0.5,
            max_points=2,
            headline="",
            mistakes=() if verdict == "approved" else (Mistake(message=message, signature=signature),),
        )
        for number, verdict in enumerate(verdicts, 1)
    )
    return NotebookResult(file=file, digest="d" * 64, status="graded", subtasks=subtasks, **more)


@pytest.fixture
def make_result() -> Callable[..., NotebookResult]:
    return graded
