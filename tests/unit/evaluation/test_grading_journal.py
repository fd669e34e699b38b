"""The journal: an interrupted grading goes on where it stopped, and never from a wrong line."""

from pathlib import Path

import pytest

from evaluation.grading.journal import Journal, JournalInUse


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out" / ".journal-0123.jsonl"


def test_what_was_kept_is_known_to_the_next_run(path: Path, make_result) -> None:
    result = make_result("a.ipynb", "approved", "needs_work", message="Zoë's \u2028 line\x85 breaks\nhere")
    with Journal(path) as journal:
        journal.keep(result)
    with Journal(path) as journal:
        assert journal.known("a.ipynb", result.digest) == result
        assert journal.recalled == 1


def test_another_content_or_another_name_is_not_known(path: Path, make_result) -> None:
    with Journal(path) as journal:
        journal.keep(make_result("a.ipynb", "approved"))
    with Journal(path) as journal:
        assert journal.known("a.ipynb", "e" * 64) is None
        assert journal.known("b.ipynb", "d" * 64) is None
        assert journal.recalled == 0


@pytest.mark.parametrize("cut", [1, 20, 45])
def test_a_line_that_a_crash_cut_short_loses_only_itself(path: Path, make_result, cut: int) -> None:
    with Journal(path) as journal:
        journal.keep(make_result("a.ipynb", "approved"))
        journal.keep(make_result("ü" * 30, "approved"))
    path.write_bytes(path.read_bytes()[:-cut])
    with Journal(path) as journal:
        assert journal.known("a.ipynb", "d" * 64)
        assert journal.known("ü" * 30, "d" * 64) is None
        journal.keep(make_result("c.ipynb", "approved"))
    with Journal(path) as journal:
        assert journal.known("a.ipynb", "d" * 64)
        assert journal.known("c.ipynb", "d" * 64)


def test_a_cut_in_the_middle_of_a_character_is_no_crash(path: Path, make_result) -> None:
    with Journal(path) as journal:
        journal.keep(make_result("ü.ipynb", "approved"))
    path.write_bytes(path.read_bytes().split("ü".encode())[0] + b"\xc3")
    with Journal(path) as journal:
        assert journal.known("ü.ipynb", "d" * 64) is None


def test_lines_of_another_release_are_passed_over(path: Path, make_result) -> None:
    with Journal(path) as journal:
        journal.keep(make_result("a.ipynb", "approved"))
    path.write_bytes(b'{"file": "a.ipynb", "marks": 7}\n' + path.read_bytes() + b"\n\n[]\n")
    with Journal(path) as journal:
        assert journal.known("a.ipynb", "d" * 64)


@pytest.mark.parametrize("status", ["could_not_judge", "unreadable"])
def test_what_is_not_graded_is_not_remembered(path: Path, make_result, status: str) -> None:
    result = make_result("a.ipynb", "approved").model_copy(update={"status": status})
    with Journal(path) as journal:
        journal.keep(result)
    assert path.read_bytes() == b""


def test_grading_again_forgets(path: Path, make_result) -> None:
    with Journal(path) as journal:
        journal.keep(make_result("a.ipynb", "approved"))
    with Journal(path, anew=True) as journal:
        assert journal.known("a.ipynb", "d" * 64) is None
    assert path.read_bytes() == b""


def test_two_gradings_never_write_to_one_journal(path: Path, make_result) -> None:
    with Journal(path) as first:
        first.keep(make_result("a.ipynb", "approved"))
        with pytest.raises(JournalInUse, match="being written by another grading"), Journal(path, anew=True):
            pass
    with Journal(path) as later:
        assert later.known("a.ipynb", "d" * 64)


def test_a_link_in_the_journals_place_is_not_followed(path: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious.txt"
    precious.write_text("keep me")
    path.parent.mkdir()
    path.symlink_to(precious)
    with pytest.raises(OSError), Journal(path, anew=True):
        pass
    assert precious.read_text() == "keep me"


def test_nobody_else_may_read_the_journal(path: Path) -> None:
    with Journal(path):
        assert path.stat().st_mode & 0o077 == 0
