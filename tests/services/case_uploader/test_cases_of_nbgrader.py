"""What nbgrader itself makes is read, and what we write for it is read by nbgrader itself."""

import json
from pathlib import Path

import pytest

from case_uploader.format.case_folder import read_case_folder
from case_uploader.format.nbgrader_release import export_release
from case_uploader.scaffold import scaffold
from infra.set_up import NBGRADER
from tests.nbgrader_itself import nbgrader

_SEEN = """
import json, sys
from nbgrader.nbgraderformat import read
from nbgrader.utils import is_grade, is_locked, is_solution
cells = [cell for cell in read(open(sys.argv[1]), as_version=4).cells if cell.metadata.get("nbgrader")]
print(json.dumps([[c.metadata.nbgrader.grade_id, is_solution(c), is_grade(c), is_locked(c)] for c in cells]))
"""
"""nbgrader refuses to read a notebook whose metadata are not valid."""


@pytest.fixture
def directives() -> Path:
    """The assignment that `nbgrader quickstart --autotest` copies into a new course."""
    [package] = NBGRADER.glob("lib/python3*/site-packages/nbgrader")
    return package / "docs" / "source" / "user_guide" / "source" / "ps1_autotest"


def test_each_autotest_directive_of_the_example_is_named_with_its_line_and_what_to_write(directives: Path) -> None:
    problems = read_case_folder(directives).errors

    written = [
        f"line {number}"
        for name in ("problem1.ipynb", "problem2.ipynb")
        for cell in _cells(directives / name)
        for number, line in enumerate("".join(cell["source"]).split("\n"), 1)
        if "AUTOTEST" in line
    ]
    told = [problem.message.split(":")[0] for problem in problems if problem.rule == "autotest"]
    assert sorted(told) == sorted(written)
    assert len(told) > 5
    assert all("write the assert" in problem.message for problem in problems if problem.rule == "autotest")


def _cells(notebook: Path) -> list[dict[str, list[str]]]:
    return list(json.loads(notebook.read_text())["cells"])


def test_an_export_is_read_by_nbgrader_with_every_cell_in_its_role(tmp_path: Path) -> None:
    draft = read_case_folder(scaffold(tmp_path, "Coffee sales")).draft
    assert draft is not None
    notebook = export_release(draft, tmp_path / "course") / "coffee-sales.ipynb"

    cells = json.loads(nbgrader(tmp_path, "-c", _SEEN, str(notebook)))
    assert {grade_id: roles for grade_id, *roles in cells} == {
        "total-revenue-answer": [True, False, False],
        "total-revenue-check": [False, True, True],
        "best-day-answer": [True, False, False],
        "best-day-check": [False, True, True],
    }
