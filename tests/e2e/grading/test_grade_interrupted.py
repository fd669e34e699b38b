"""Stopping `caseloop grade` in the middle: nothing is lost, nothing goes on running, nothing is judged twice."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from case_uploader.format.case_folder import CaseDraft
from tests.e2e.grading.handed_in import everything

INTERRUPTED = "Interrupted. What is graded is kept: the same command goes on from there.\n"
pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]
PATIENCE = 120.0


@pytest.fixture(scope="module")
def folder(draft: CaseDraft, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("few")
    right = [file for file in everything(draft) if file.name.startswith("right/")]
    for file in right[:8]:
        (folder / file.name.removeprefix("right/")).write_bytes(file.content)
    return folder


class _Running:
    """The command while it works."""

    def __init__(self, process: "subprocess.Popen[str]", out: Path) -> None:
        self._process, self._out = process, out

    def until_journal_has(self, lines: int) -> None:
        end = time.monotonic() + PATIENCE
        while len(journal(self._out)) < lines:
            assert self._process.poll() is None, self._process.communicate()
            assert time.monotonic() < end, "the journal does not grow"
            time.sleep(0.02)

    def until_sandboxes_run(self) -> None:
        end = time.monotonic() + PATIENCE
        while len(_descendants(self._process.pid)) < 5:
            assert self._process.poll() is None, self._process.communicate()
            assert time.monotonic() < end, "no sandbox is made"
            time.sleep(0.02)

    def stop(self, how: signal.Signals) -> tuple[int, str, set[tuple[int, str]]]:
        """Status, what was said on standard error, and the processes that it had."""
        children = _descendants(self._process.pid)
        self._process.send_signal(how)
        _, said = self._process.communicate(timeout=PATIENCE)
        return self._process.returncode, said, children


def journal(out: Path) -> list[str]:
    """Files in whole lines of the journal."""
    return [
        json.loads(line)["file"]
        for path in out.glob(".journal-*.jsonl")
        for line in path.read_bytes().split(b"\n")[:-1]
        if line
    ]


def _descendants(pid: int) -> set[tuple[int, str]]:
    """(pid, start time) of each: a pid alone may be somebody else's tomorrow."""
    found = set()
    for child in _children(pid):
        found |= {(child, _started(child)), *_descendants(child)}
    return found


def _children(pid: int) -> list[int]:
    """Of all threads that have not ended meanwhile."""
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                found += map(int, (task / "children").read_text().split())
    return found


def _started(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _left(children: set[tuple[int, str]]) -> set[int]:
    """Those who still run a while later; the kernel needs a moment to end a whole namespace."""
    for _ in range(400):
        left = {pid for pid, started in children if started and _started(pid) == started}
        if not left:
            break
        time.sleep(0.05)
    return left


def test_interrupting_while_the_reference_is_run_ends_that_too(
    case_folder: Path, folder: Path, start: Callable[..., "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    running = _Running(start(case_folder, folder, "--jobs", "2", "--out", tmp_path), tmp_path)
    running.until_sandboxes_run()
    status, said, children = running.stop(signal.SIGINT)
    assert (status, said) == (130, INTERRUPTED)
    assert _left(children) == set()
    assert journal(tmp_path) == []


def test_an_interrupted_and_then_a_killed_grading_go_on_where_they_stopped(
    case_folder: Path,
    folder: Path,
    start: Callable[..., "subprocess.Popen[str]"],
    grade: Callable[..., "subprocess.CompletedProcess[str]"],
    tmp_path: Path,
) -> None:
    order = (case_folder, folder, "--jobs", "2", "--out", tmp_path)

    first = _Running(start(*order), tmp_path)
    first.until_journal_has(2)
    status, said, children = first.stop(signal.SIGINT)
    assert (status, said) == (130, INTERRUPTED)
    assert len(children) >= 2, "sandboxes were running"
    assert _left(children) == set()
    after_interrupt = len(journal(tmp_path))
    assert 2 <= after_interrupt < 8
    assert not (tmp_path / "grades.csv").exists()

    second = _Running(start(*order), tmp_path)
    second.until_journal_has(after_interrupt + 1)
    status, _, children = second.stop(signal.SIGKILL)
    assert status == -signal.SIGKILL
    assert _left(children) == set()
    after_kill = len(journal(tmp_path))
    assert after_interrupt < after_kill < 8

    last = grade(*order)
    assert last.returncode == 0, last.stderr
    assert last.stdout.startswith(f"8 of 8 notebooks graded ({after_kill} by an earlier run).")
    assert sorted(journal(tmp_path)) == sorted(path.name for path in folder.iterdir())
