import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from case_uploader.format.author_notebook import AuthorNotebook, read_author_notebook
from case_uploader.format.case_folder import CaseReading, read_case_folder
from case_uploader.format.problem import Problems
from case_uploader.format.requirements_file import LearnerEnvironment
from case_uploader.format.split import SplitCell, split_cells


def _cell(kind: str, source: str, metadata: dict[str, Any], cell_id: str) -> dict[str, Any]:
    code = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "id": cell_id, "metadata": metadata, "source": source, **code}


@dataclass
class CaseFolder:
    """A case folder under construction: cells are added, files are written, and it is read as the command would."""

    path: Path
    cells: list[dict[str, Any]] = field(default_factory=list)

    def text(self, source: str, subtask: str | None = None, **more: Any) -> dict[str, Any]:
        metadata = {"caseloop": {"subtask": subtask}} if subtask else {}
        return self._add(_cell("markdown", source, metadata, f"text-{len(self.cells)}") | more)

    def code(self, source: str, **more: Any) -> dict[str, Any]:
        return self._add(_cell("code", source, {}, f"code-{len(self.cells)}") | more)

    def answer(
        self, grade_id: str, source: str, subtask: str | None = None, kind: str = "code", **marks: Any
    ) -> dict[str, Any]:
        return self._marked(
            kind, grade_id, source, subtask, {"grade": False, "solution": True, "locked": False} | marks
        )

    def check(self, grade_id: str, source: str, points: Any = 1, kind: str = "code", **marks: Any) -> dict[str, Any]:
        defaults = {"grade": True, "solution": False, "locked": True, "points": points}
        return self._marked(kind, grade_id, source, None, defaults | marks)

    def _marked(
        self, kind: str, grade_id: str, source: str, subtask: str | None, marks: dict[str, Any]
    ) -> dict[str, Any]:
        nbgrader = {"schema_version": 3, "task": False, "grade_id": grade_id, "cell_type": kind, **marks}
        metadata: dict[str, Any] = {"nbgrader": nbgrader}
        if subtask:
            metadata["caseloop"] = {"subtask": subtask}
        return self._add(_cell(kind, source, metadata, f"id-{grade_id}"))

    def _add(self, cell: dict[str, Any]) -> dict[str, Any]:
        self.cells.append(cell)
        return cell

    def usual(self) -> "CaseFolder":
        """One subtask `half` with a solution, a visible and a hidden check."""
        self.text("# Halves\n\nAn introduction.")
        self.text("## Halve it\n\nWrite `half(n)`.", subtask="half")
        body = "def half(n):\n    ### BEGIN SOLUTION\n    quotient = n / 2\n    return quotient\n    ### END SOLUTION"
        self.answer("half-answer", body)
        tests = "assert half(2) == 1\n### BEGIN HIDDEN TESTS\nassert half(9182) == 4591\n### END HIDDEN TESTS"
        self.check("half-check", tests, points=2)
        return self

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def notebook_json(self, **more: Any) -> str:
        return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": self.cells, **more})

    def save(self, manifest: str | None = "id: halves\ntitle: Halves\n", **more: Any) -> "CaseFolder":
        self.write("solution.ipynb", self.notebook_json(**more))
        if manifest is not None:
            self.write("case.yaml", manifest)
        return self

    def read(self, environment: LearnerEnvironment | None = None) -> CaseReading:
        return read_case_folder(self.path, environment)

    def rules(self) -> dict[str, str | None]:
        """Rule -> cell of every error of the saved folder."""
        return {problem.rule: problem.cell for problem in self.read().errors}

    def notebook(self) -> AuthorNotebook:
        problems = Problems()
        found = read_author_notebook(self.path / "solution.ipynb", "solution.ipynb", problems)
        assert found is not None, problems.all
        return found

    def split(self) -> dict[str, SplitCell]:
        self.save()
        return {part.author.grade_id: part for part in split_cells(self.notebook(), Problems())}


@pytest.fixture
def folder(tmp_path: Path) -> CaseFolder:
    path = tmp_path / "halves"
    path.mkdir()
    return CaseFolder(path)


@pytest.fixture
def read_notebook(tmp_path: Path) -> Callable[[str | bytes], tuple[AuthorNotebook | None, Problems]]:
    """Write these bytes as a notebook and read it."""

    def read(content: str | bytes) -> tuple[AuthorNotebook | None, Problems]:
        path = tmp_path / "solution.ipynb"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        problems = Problems()
        return read_author_notebook(path, "solution.ipynb", problems), problems

    return read
