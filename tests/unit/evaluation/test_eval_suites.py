"""Suites: made from a case's own material, written, read back, and refused line by line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.suites.jsonl import SuiteUnusable, lines_of, notes_on, read_suite, suite_of
from evaluation.suites.notebooks import answered, changed_lines
from evaluation.suites.sample import Sample, Suite
from evaluation.suites.sources.authored import authored
from services.contracts.case import AuthorCase, Flaw
from services.contracts.feedback import Verdict
from services.contracts.notebook import Cell

Write = Callable[..., Path]
GOOD: dict[str, Any] = {"id": "a", "case": "tiny", "subtask": "step-1", "answers": {"answer-1": "x = 2"}}


@pytest.fixture
def whole(case: AuthorCase) -> AuthorCase:
    cells = (Cell(id="text", kind="markdown", source="# Do it"), Cell(id="answer-1", source=""))
    flaw = Flaw(id="two", subtask="step-1", title="Two", answer={"answer-1": "x = 2"}, words="x is too large then.")
    return case.model_copy(update={"cells": (*cells, Cell(id="answer-2", source="")), "flaws": (flaw,)})


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(*lines: Any) -> Path:
        path = tmp_path / "some.jsonl"
        texts = [line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines]
        path.write_bytes(b"\n".join(texts) + b"\n")
        return path

    return written


def test_a_case_gives_a_sample_for_all_that_its_author_wrote(whole: AuthorCase) -> None:
    variant = {"answer-1": "x = 0 + 1", "answer-2": "x = 1"}
    samples = list(authored(whole.model_copy(update={"variants": (variant,)})))
    assert [s.id for s in samples] == [
        "tiny/reference/step-1",
        "tiny/reference/step-2",
        "tiny/starter/step-1",
        "tiny/starter/step-2",
        "tiny/variant-1/step-1",
        "tiny/flaw/two",
    ]
    flaw = samples[-1]
    [problem] = flaw.expected.problems
    assert (problem.about, problem.cell, problem.line) == ("x is too large then.", "answer-1", 1)
    assert [cell.source for cell in flaw.cells] == ["# Do it", "x = 2", "x = 1"]
    assert flaw.expected.verdict is Verdict.NEEDS_WORK
    assert {s.expected.verdict for s in samples if s.source in ("reference", "variant")} == {Verdict.APPROVED}


def test_a_written_suite_is_the_suite_that_is_read(whole: AuthorCase, tmp_path: Path) -> None:
    odd = Sample(id="odd", case="tiny", subtask="step-1", cells=(Cell(id="own", source="x = '\u2028'"),))
    suite = Suite(id="all", samples=(*authored(whole), odd))
    path = tmp_path / "all.jsonl"
    path.write_bytes(lines_of(suite.samples, {"tiny": whole}))
    assert suite_of(read_suite(path), {"tiny": whole}) == suite
    first, *_, last = map(json.loads, path.read_bytes().splitlines())
    assert (first["answers"], "cells" in first) == ({}, False)
    assert last["cells"][0]["id"] == "own"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "Invalid JSON"),
        (b"[]", "Input should be an object"),
        (GOOD | {"wrong": 1}, "wrong: Extra inputs are not permitted"),
        (GOOD | {"answers": None}, "either `cells`"),
        (GOOD | {"cells": []}, "either `cells`"),
        (GOOD | {"id": "two words"}, "id: String should match"),
        (GOOD | {"expected": {"verdict": "perhaps"}}, "expected.verdict"),
        (GOOD | {"expected": {"problems": [{"about": "x", "line": 3}]}}, "a line is given without the cell"),
        (GOOD | {"id": "good"}, "the id 'good' is that of line 1, too"),
    ],
)
def test_a_wrong_line_is_named_with_its_file_and_number(write: Write, line: Any, message: str) -> None:
    path = write(GOOD | {"id": "good"}, b"", line)
    with pytest.raises(SuiteUnusable) as refused:
        read_suite(path)
    assert str(refused.value).startswith(f"{path}:3: ")
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (GOOD | {"case": "other"}, "there is no case 'other'"),
        (GOOD | {"subtask": "step-9"}, "no subtask 'step-9'; it has: step-1, step-2"),
        (GOOD | {"answers": {"text": ""}}, "answers.text: no answer cell of 'tiny'"),
        (GOOD | {"version": "cd" * 32}, "it is of version cdcdcdcdcdcd"),
        (GOOD | {"expected": {"problems": [{"about": "x", "cell": "gone"}]}}, "the notebook has no cell 'gone'"),
    ],
)
def test_what_the_case_does_not_have_is_named(whole: AuthorCase, write: Write, line: Any, message: str) -> None:
    path = write(line)
    with pytest.raises(SuiteUnusable) as refused:
        suite_of(read_suite(path), {"tiny": whole})
    assert str(refused.value).startswith(f"{path}:1: ")
    assert message in str(refused.value)


def test_many_wrong_lines_are_told_at_once_and_not_all(write: Write) -> None:
    with pytest.raises(SuiteUnusable, match=r"and 30 more$"):
        read_suite(write(*[b"{"] * 50))


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_a_file_without_samples_is_no_suite(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "none.jsonl"
    path.write_bytes(content)
    with pytest.raises(SuiteUnusable, match="there is no sample in this file"):
        read_suite(path)


def test_a_sample_of_which_nothing_is_expected_is_reported(write: Write) -> None:
    path = write(GOOD, GOOD | {"id": "b", "expected": {"verdict": "approved"}})
    [note] = notes_on(read_suite(path))
    assert note.startswith(f"{path}:1: nothing is expected of 'a'")


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("a\nb\nc", "a\nB\nc", (2, 2)),
        ("a\nb\nc", "a\nx\ny\nc", (2, 3)),
        ("a\nb\nc", "a\nc", (2, 2)),
        ("a\nb", "a", (1, 1)),
        ("a", "", (1, 1)),
        ("a\na", "a\na\na", (3, 3)),
    ],
)
def test_changed_lines_are_lines_of_what_there_is_now(before: str, after: str, lines: tuple[int, int]) -> None:
    assert changed_lines(before, after) == lines


@given(st.lists(st.sampled_from("ab"), max_size=6), st.lists(st.sampled_from("ab"), max_size=6))
def test_changed_lines_lie_within_the_source(before: list[str], after: list[str]) -> None:
    first, last = changed_lines("\n".join(before), "\n".join(after))
    assert 1 <= first <= last <= max(len(after), 1)


def test_answers_of_a_learner_stand_in_the_references_place(whole: AuthorCase) -> None:
    assert [cell.source for cell in answered(whole, {"answer-2": "y"})] == ["# Do it", "x = 1", "y"]
