"""Files for repo2docker's own packs, read strictly: what is in them is run as root while an image is made."""

from pathlib import Path

import pytest

from case_uploader.format.declarations import checked_declarations
from case_uploader.format.problem import Problems


def said(folder: Path) -> list[tuple[str, str | None]]:
    problems = Problems()
    checked_declarations(folder, problems)
    assert {problem.rule for problem in problems.errors} <= {"environment-file", "file-unreadable", "yaml-syntax"}
    return [(problem.file, problem.cell) for problem in problems.errors]


def test_what_is_there_is_given_as_it_is_and_nothing_else(tmp_path: Path) -> None:
    files = {
        "apt.txt": "graphviz # draws\n\n# more\nlibgdal-dev\n",
        "environment.yml": "dependencies: [python=3.11, gdal]\n",
        "runtime.txt": "python-3.11\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    for name in ("Dockerfile", "postBuild", "requirements.txt", "solution.ipynb"):
        (tmp_path / name).write_text("")
    problems = Problems()
    assert checked_declarations(tmp_path, problems) == files
    assert problems.all == ()


@pytest.mark.parametrize("line", ["curl; id", "a b", "a=1.0", "$(id)", "-y", "Upper", "a\\"])
def test_a_line_that_is_more_than_a_name_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "apt.txt").write_text(f"graphviz\n{line}\n")
    assert said(tmp_path) == [("apt.txt", "line 2")]


@pytest.mark.parametrize("text", ["r-4.3-2024-01-01", "python-2.7", "python-3.11\npython-3.12", ""])
def test_a_runtime_other_than_python_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "runtime.txt").write_text(text)
    assert said(tmp_path) == [("runtime.txt", None)]


@pytest.mark.parametrize("text", ["- python", "", "words"])
def test_an_environment_without_keys_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "environment.yml").write_text(text)
    assert ("environment.yml", None) in said(tmp_path)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("dependencies: []")
    (tmp_path / "environment.yml").symlink_to(tmp_path / "secret")
    problems = Problems()
    assert checked_declarations(tmp_path, problems) == {}
    assert {problem.rule for problem in problems.errors} == {"file-unreadable"}
