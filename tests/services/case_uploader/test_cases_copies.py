"""What learners get of a case, on the command line: to look at in a real JupyterLab, and to hand out with nbgrader."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from case_uploader.cli import build_case_app
from case_uploader.scaffold import scaffold
from services.kit.settings import Settings

ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)/lab/tree/(\S+)\?token=(\w+)")


@pytest.fixture
def case(tmp_path: Path) -> Path:
    return scaffold(tmp_path, "Coffee sales")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def broken(case: Path) -> None:
    (case / "solution.ipynb").write_text("{}")


def run(*arguments: str | Path) -> tuple[int, str]:
    app = build_case_app(lambda: pytest.fail("nothing is asked of a service"), Settings)
    done = CliRunner().invoke(app, list(map(str, arguments)))
    return done.exit_code, done.output


@pytest.fixture
def lab(case: Path, home: Path, project: Path) -> Iterator["subprocess.Popen[str]"]:
    """`caseloop case preview` as an author types it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "infra.cli", "case", "preview", str(case), "--no-browser"],
        cwd=project,
        env=os.environ | {"CASELOOP_HOME": str(home), "JUPYTER_CONFIG_DIR": str(home / "jupyter")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    with process.stdout:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_a_preview_is_the_learners_notebook_in_their_lab(lab: "subprocess.Popen[str]") -> None:
    assert lab.stdout is not None
    said = ""
    while (found := ADDRESS.search(said)) is None:
        line = lab.stdout.readline()
        assert line, f"it ended before it said where: {said}"
        said += line
    port, notebook, token = found.groups()
    place, patience = f"http://127.0.0.1:{port}", 60
    with httpx.Client(base_url=place, params={"token": token}, timeout=patience, trust_env=False) as http:
        files = {item["name"] for item in http.get("/api/contents").json()["content"]}
        shown = json.dumps(http.get(f"/api/contents/{notebook}").json()["content"])
    assert (notebook, files) == ("coffee-sales.ipynb", {"coffee-sales.ipynb", "data"})
    assert "BEGIN SOLUTION" not in shown
    assert "def revenue" in shown
    assert ended_by_ctrl_c(lab) == 0


def ended_by_ctrl_c(lab: "subprocess.Popen[str]") -> int:
    """The exit status. A JupyterLab that is still busy with its start loses an interruption; a person tries again."""
    for _ in range(6):
        os.killpg(lab.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return lab.wait(8)
    raise AssertionError("it goes on")


def test_a_case_with_a_problem_is_not_opened(case: Path) -> None:
    broken(case)
    status, said = run("preview", case, "--no-browser")
    assert status == 1
    assert "not published" in said


def test_an_export_is_a_release_of_nbgrader(case: Path, tmp_path: Path) -> None:
    status, said = run("export", case, "--into", tmp_path / "course")
    folder = tmp_path / "course" / "release" / "coffee-sales"
    assert (status, f"wrote {folder}" in said) == (0, True)
    assert {path.name for path in folder.iterdir()} == {"coffee-sales.ipynb", "data"}
    status, said = run("export", case, "--into", tmp_path / "course")
    assert (status, "is there already" in said) == (1, True)


def test_a_case_with_a_problem_is_not_exported(case: Path, tmp_path: Path) -> None:
    broken(case)
    assert run("export", case, "--into", tmp_path / "course")[0] == 1
    assert not (tmp_path / "course").exists()
