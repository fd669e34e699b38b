"""`caseloop grade`: arguments, exit status, and what is printed where."""

import json
import logging
import os
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog
import typer
from typer.testing import CliRunner

from evaluation.grading.cli import CannotGrade, build_grade_command
from evaluation.grading.journal import Journal


@pytest.fixture
def logging_as_before():
    """The command sets logging up for its process, which here is everybody's."""
    root, configured = logging.getLogger(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.configure(**configured)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def opened() -> list[str]:
    """How often a judge was opened and closed."""
    return []


@pytest.fixture
def run(tmp_path: Path, judge, case, opened, monkeypatch, logging_as_before):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CASELOOP_LOGS__LEVEL", raising=False)

    @asynccontextmanager
    async def open_judge(name: str) -> AsyncIterator[tuple[object, object]]:
        if name != "tiny":
            raise CannotGrade(f"There is no [case] {name!r}.")
        opened.append("opened")
        structlog.get_logger("service").info("request", path="/data")
        structlog.get_logger("service").warning("a sandbox was replaced")
        try:
            yield judge, case
        finally:
            opened.append("closed")

    app = typer.Typer()
    app.command()(build_grade_command(open_judge))
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_reports_go_beside_the_folder_and_never_into_it(run, hand_in, tmp_path: Path, opened) -> None:
    hand_in("a.ipynb", "1 2")
    ended = run("tiny", "handed-in", "--jobs", "1")
    assert ended.exit_code == 0, ended.output
    assert ended.stdout == f"1 of 1 notebooks graded. Report: {tmp_path / 'handed-in-grades' / 'report.html'}\n"
    assert [path.name for path in (tmp_path / "handed-in").iterdir()] == ["a.ipynb"]
    assert opened == ["opened", "closed"]


def test_a_folder_named_by_a_dot_has_its_reports_beside_it_too(run, hand_in, tmp_path: Path, monkeypatch) -> None:
    hand_in("a.ipynb", "1 2")
    monkeypatch.chdir(tmp_path / "handed-in")
    assert run("tiny", ".").exit_code == 0
    assert (tmp_path / "handed-in-grades" / "grades.csv").is_file()


def test_results_are_in_order_of_name_whatever_was_done_first(run, hand_in, tmp_path: Path, judge) -> None:
    judge.go_on.set()
    for name in ("c.ipynb", "a/z.ipynb", "b.ipynb"):
        hand_in(name, "wait" if name.startswith("a") else "1")
    run("tiny", "handed-in", "--out", "out")
    report = json.loads((tmp_path / "out" / "grades.json").read_text())
    assert [result["file"] for result in report["results"]] == ["a/z.ipynb", "b.ipynb", "c.ipynb"]
    assert (report["max_points"], report["subtasks"]) == (4, ["step-1", "step-2"])


def test_a_second_run_says_what_it_did_not_do_again(run, hand_in, judge) -> None:
    hand_in("a.ipynb", "1 2")
    hand_in("b.ipynb", "platform")
    assert run("tiny", "handed-in").exit_code == 1
    judge.judged.clear()
    again = run("tiny", "handed-in")
    assert again.stdout.startswith("1 of 2 notebooks graded (1 by an earlier run).")
    assert again.exit_code == 1
    assert judge.judged == ["platform"]


def test_another_version_of_the_case_grades_anew_and_so_does_asking_for_it(run, hand_in, judge, case) -> None:
    hand_in("a.ipynb", "1 2")
    for arguments in (["--again"], ["--again"]):
        assert run("tiny", "handed-in", *arguments).stdout.startswith("1 of 1 notebooks graded. ")
    object.__setattr__(case, "version", "cd" * 32)
    assert run("tiny", "handed-in").stdout.startswith("1 of 1 notebooks graded. ")
    assert len(judge.judged) == 3


def test_logs_of_services_are_quiet_and_go_to_standard_error(run, hand_in) -> None:
    hand_in("a.ipynb", "1 2")
    ended = run("tiny", "handed-in")
    assert "a sandbox was replaced" in ended.stderr
    assert "request" not in ended.output
    assert len(ended.stdout.splitlines()) == 1


def test_an_unknown_case_is_said_in_plain_text_with_status_2(run, hand_in) -> None:
    hand_in("a.ipynb", "1 2")
    ended = run("[/red]nothing", "handed-in")
    assert ended.exit_code == 2
    assert ended.stderr.strip() == "There is no [case] '[/red]nothing'."
    assert ended.stdout == ""


def test_a_folder_without_notebooks_is_said_before_anything_is_opened(run, tmp_path: Path, opened) -> None:
    (tmp_path / "handed-in").mkdir()
    (tmp_path / "handed-in" / "notes.txt").touch()
    ended = run("tiny", "handed-in")
    assert ended.exit_code == 2
    assert "no notebook (*.ipynb) in handed-in" in ended.stderr
    assert opened == []
    assert not (tmp_path / "handed-in-grades").exists()


def test_a_folder_that_is_not_there_is_wrong_usage(run) -> None:
    assert run("tiny", "nowhere").exit_code == 2


def test_reports_that_cannot_be_written_are_said_without_a_traceback(run, hand_in, tmp_path: Path) -> None:
    hand_in("a.ipynb", "1 2")
    (tmp_path / "out").touch()
    ended = run("tiny", "handed-in", "--out", "out")
    assert ended.exit_code == 2
    assert "File exists" in ended.stderr


def test_a_second_grading_of_the_same_folder_at_the_same_time_is_refused(run, hand_in, tmp_path: Path) -> None:
    hand_in("a.ipynb", "1 2")
    with Journal(tmp_path / "out" / ".journal-abababababababab.jsonl"):
        ended = run("tiny", "handed-in", "--out", "out")
    assert ended.exit_code == 2
    assert "another grading" in ended.stderr


def test_ctrl_c_closes_everything_and_says_how_to_go_on(run, hand_in, tmp_path: Path, opened, judge) -> None:
    hand_in("a.ipynb", "1 2")
    hand_in("b.ipynb", "wait 1")
    journal = tmp_path / "out" / ".journal-abababababababab.jsonl"

    def interrupt() -> None:
        while not (journal.exists() and journal.stat().st_size):
            pause.wait(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    pause = threading.Event()
    threading.Thread(target=interrupt, daemon=True).start()
    ended = run("tiny", "handed-in", "--out", "out")
    assert ended.exit_code == 130
    assert "Interrupted. What is graded is kept" in ended.stderr
    assert opened == ["opened", "closed"]
    judge.go_on.set()
    assert run("tiny", "handed-in", "--out", "out").stdout.startswith("2 of 2 notebooks graded (1 by an earlier run).")
