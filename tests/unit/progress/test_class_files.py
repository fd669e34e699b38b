"""A class as a file that is safe to open."""

import csv
import io
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.contracts.classroom import ClassRow, ClassSubtask, ClassView, Watch
from services.contracts.progress import SubtaskState
from services.progress.classroom.files import HEADER, as_csv, safe

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def view(*rows: ClassRow) -> ClassView:
    return ClassView(
        case="numbers", at=NOW, rows=rows, total=len(rows), learners=len(rows), stuck=0, silent=0, finished=0
    )


def row(user: str, *subtasks: ClassSubtask, watch: tuple[Watch, ...] = ()) -> ClassRow:
    return ClassRow(user=user, current=None, subtasks=subtasks, approved=0, attempts=0, last_seen=NOW, watch=watch)


def subtask(name: str) -> ClassSubtask:
    return ClassSubtask(subtask=name, state=SubtaskState.IN_PROGRESS, attempts=3, points=1.5, updated=NOW)


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_there_is_a_line_a_learner_and_step() -> None:
    watch = (Watch(rule="many_attempts", subtask="b", since=NOW), Watch(rule="silent", subtask=None, since=NOW))
    header, *lines = read(as_csv(view(row("ada", subtask("a"), subtask("b"), watch=watch), row("bob"))))
    assert tuple(header) == HEADER
    stamp = "2026-11-20T12:00:00+00:00"
    assert lines == [
        ["ada", "numbers", "a", "in_progress", "3", "1.5", stamp, stamp, "silent"],
        ["ada", "numbers", "b", "in_progress", "3", "1.5", stamp, stamp, "many_attempts silent"],
        ["bob", "numbers", "", "", "", "", "", stamp, ""],
    ]


@given(st.sampled_from("=+-@\t\r"), st.text(max_size=20))
def test_no_name_is_a_formula(first: str, rest: str) -> None:
    line = read(as_csv(view(row(first + rest))))[1:]
    assert line[0][0] == f"'{first}{rest}"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_every_name_comes_back_but_for_the_apostrophe(name: str) -> None:
    lines = read(as_csv(view(row(name))))
    assert lines[1][0] == safe(name)
    assert len(lines) == 2
    assert safe(name).removeprefix("'") == name.removeprefix("'")


def test_numbers_are_numbers_and_text_is_quoted() -> None:
    assert '"ada","numbers","a","in_progress",3,1.5,' in as_csv(view(row("ada", subtask("a"))))
