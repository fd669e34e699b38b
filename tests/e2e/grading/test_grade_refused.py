"""`caseloop grade` where nothing can be graded: one readable line, status 2, no traceback."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(120)]
Grade = Callable[..., "CompletedProcess[str]"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "handed-in").mkdir()
    (tmp_path / "handed-in" / "mine.ipynb").write_text("{}")
    return tmp_path / "handed-in"


def _refusal(ended: "CompletedProcess[str]") -> str:
    assert (ended.returncode, ended.stdout) == (2, ""), ended
    (line,) = ended.stderr.splitlines()
    return line


def test_a_case_that_nobody_knows(grade: Grade, folder: Path) -> None:
    said = _refusal(grade("clean-regresion", folder))
    assert said.startswith("There is no folder 'clean-regresion' and no published case of that name")
    assert "caseloop case list" in said
    assert not folder.with_name("handed-in-grades").exists()


def test_a_case_folder_with_a_problem(grade: Grade, folder: Path, case_folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "case.yaml").write_bytes((case_folder / "case.yaml").read_bytes())
    said = _refusal(grade(broken, folder))
    assert "is no usable case: solution.ipynb: " in said
    assert f"caseloop case check {broken}" in said


def test_a_folder_without_a_notebook(grade: Grade, case_folder: Path, tmp_path: Path) -> None:
    assert "There is no notebook (*.ipynb) in" in _refusal(grade(case_folder, tmp_path))


def test_a_home_that_is_open_to_others(
    grade: Grade, folder: Path, case_folder: Path, home: Path, tmp_path: Path
) -> None:
    home.mkdir(exist_ok=True)
    home.chmod(0o755)
    said = _refusal(grade(case_folder, folder))
    home.chmod(0o700)
    assert f"chmod 700 {home}" in said
