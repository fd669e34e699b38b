"""What a repair changes, without its code."""

import json
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.hints.difference import MAX_FACTS, MAX_STATEMENTS, differences

SOURCES = st.text(st.sampled_from("ab =()[]:#'\n\t1+.,if forreturn"), max_size=80)


def found(mine: str, repaired: str) -> list[tuple[tuple[int, int] | None, str]]:
    return [(d.lines, d.change) for d in differences({"answer": mine}, {"answer": repaired})]


@pytest.mark.parametrize(
    ("mine", "repaired", "change"),
    [
        ("if a > 1:\n    b = 2", "if a >= 1:\n    b = 2", ((1, 1), "condition")),
        ("c = [x for x in y if x]", "c = [x for x in y if x > 1]", ((1, 1), "condition")),
        ("rows = t[t.price > 0]", "rows = t[t.price > 5]", ((1, 1), "condition")),
        ("for i in range(n):\n    t += i", "for i in range(n + 1):\n    t += i", ((1, 1), "bound")),
        ("part = values[:3]", "part = values[1:3]", ((1, 1), "bound")),
        ("m = table.mean()", "m = table.median()", ((1, 1), "call")),
        ("m = total(x)", "m = average(x)", ((1, 1), "call")),
        ("t.sort_values('a')", "t.sort_values('b')", ((1, 1), "argument")),
        ("t.sort_values('a')", "t.sort_values('a', ascending=False)", ((1, 1), "argument")),
        ("r = t.dropna().mean()", "r = t.dropna('x').mean()", ((1, 1), "argument")),
        ("x = a + b", "x = a - b", ((1, 1), "operator")),
        ("x = a + 3", "x = a + 4", ((1, 1), "value")),
        ("x = a", "x = b", ((1, 1), "name")),
        ("def f(x):\n    return x", "def f(x):\n    return x * 2", ((2, 2), "result")),
        ("def f(x):\n    return x", "def f(x, y=1):\n    return x", ((1, 1), "parameters")),
        ("a = 1\nc = 3", "a = 1\nb()\nc = 3", ((1, 1), "missing step")),
        ("a = 1\nb()\nc = 3", "a = 1\nc = 3", ((2, 2), "extra step")),
        ("", "a = 1", (None, "missing step")),
        ("for n in x:\n    t += n\n    return t", "for n in x:\n    t += n\nreturn t", ((3, 3), "nesting")),
        ("x = (1 +", "x = (1 + 2)", ((1, 1), "unreadable")),
    ],
)
def test_one_change_is_named_for_its_kind(mine: str, repaired: str, change: tuple[tuple[int, int] | None, str]) -> None:
    assert found(mine, repaired) == [change]


def test_statements_that_change_places_are_out_of_order() -> None:
    assert [change for _, change in found("a()\nb()\nc()", "c()\na()\nb()")] == ["order"]


def test_what_is_laid_out_in_another_way_is_the_same() -> None:
    assert found("x = f(a,\n      b)  # yes", "x = f(a, b)\n") == []
    assert found('def f():\n    "says"\n    return 1', "def f():\n    return 1") == []


def test_the_head_of_a_block_is_told_without_its_lines() -> None:
    mine = "if (a > 1 and\n        b):\n    x = 1\n    y = 2"
    assert found(mine, mine.replace("> 1", "> 2")) == [((1, 2), "condition")]


def test_cells_are_compared_one_by_one() -> None:
    both = differences({"one": "a = 1", "two": "b = 1"}, {"one": "a = 1", "two": "b = 2"})
    assert [(d.cell, d.change) for d in both] == [("two", "value")]


@given(SOURCES, SOURCES)
def test_whatever_the_code_the_facts_are_few_within_the_cell_and_without_code(mine: str, repaired: str) -> None:
    facts = differences({"answer": mine}, {"answer": repaired})
    assert len(facts) <= MAX_FACTS
    assert differences({"answer": mine}, {"answer": mine}) == ()
    lines = max(len(mine.splitlines()), 1)
    for one in facts:
        assert one.lines is None or 1 <= one.lines[0] <= one.lines[1] <= lines
        assert json.loads(json.dumps(one.fact())) == one.fact()


def test_no_word_of_the_repair_is_in_the_facts() -> None:
    repaired = "table = secret_frame.dropna_everywhere(how='unheard')\nmean_price = table['zzz'].quantile(0.123)"
    said = json.dumps([d.fact() for d in differences({"answer": "table = 1\nmean_price = 2"}, {"answer": repaired})])
    assert said != "[]"
    for word in ("secret_frame", "dropna", "unheard", "zzz", "quantile", "0.123"):
        assert word not in said


@pytest.mark.parametrize("line", ["x", "x = 1", "if x: pass", ")"])
def test_of_a_huge_cell_only_the_top_is_aligned(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Aligning is quadratic."""
    aligned: list[int] = []

    class Counted(SequenceMatcher[Any]):
        def __init__(self, junk: None, one: Sequence[Any], other: Sequence[Any], *, autojunk: bool) -> None:
            aligned.extend((len(one), len(other)))
            super().__init__(junk, one, other, autojunk=autojunk)

    monkeypatch.setattr("feedback.hints.difference.SequenceMatcher", Counted)
    found = differences({"answer": f"{line}\n" * 8_000}, {"answer": f"y\n{line}\n" * 4_000})
    assert found
    assert max(aligned) == MAX_STATEMENTS
