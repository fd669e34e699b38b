"""Programs that do not parse: read as what they may have been meant to be, and repaired from there."""

import ast
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.repair.draft import TOP
from feedback.repair.engine import Repaired
from feedback.repair.mistakes import mistake
from feedback.repair.readable import MAX_FORMS, readable
from feedback.repair.unreadable import repair_of

RIGHT = """\
def best(values):
    top = 0
    for value in values:
        if value > top:
            top = value
    return top
"""
LINES = [line.strip() for line in RIGHT.splitlines()]
BROKEN = {
    "no colon": ("def best(values):", "def best(values)", 1),
    "no colon in a loop": ("for value in values:", "for value in values", 3),
    "a bracket more": ("return top", "return top)", 6),
    "a bracket open": ("def best(values):", "def best(values:", 1),
    "= for ==": ("if value > top:", "if value = top:", 4),
    "another block": ("            top = value", "      top = value", 5),
    "nothing in a block": ("            top = value\n", "", None),
    "too far in": ("    return top", "      return top", 6),
    "a quote open": ("    top = 0", "    top = 'nought", 2),
    "words": ("    top = 0", "    top equals nought", 2),
    "an operator at the end": ("top = 0", "top = 0 +", 2),
}


def right(source: str) -> bool:
    names: dict[str, Any] = {}
    try:
        exec(source, names)
        return names["best"]([1, 5, 3]) == 5 and names["best"]([]) == 0  # type: ignore[no-any-return]
    except Exception:
        return False


def passes(programs: Sequence[str]) -> list[bool]:
    return [right(program) for program in programs]


def whole(source: str) -> Repaired:
    """A repair that takes the solution for what does not pass."""
    return Repaired(RIGHT, (), 3, 0.0, 0.0, (), {})


@pytest.mark.parametrize("what", BROKEN)
def test_the_broken_line_alone_is_read_otherwise(what: str) -> None:
    old, new, line = BROKEN[what]
    source = RIGHT.replace(old, new)
    with pytest.raises(SyntaxError):
        ast.parse(source)
    found = readable(source, LINES)
    assert 0 < len(found) <= MAX_FORMS
    for form in found:
        ast.parse(form.source)
        assert form.source.count("\n") == source.count("\n")
        changed = [
            n for n, (a, b) in enumerate(zip(source.split("\n"), form.source.split("\n"), strict=True), 1) if a != b
        ]
        assert changed == list(form.lines)
    if line is not None:
        assert (line,) in [form.lines for form in found]


@pytest.mark.parametrize("what", [what for what in BROKEN if what not in ("= for ==", "nothing in a block", "words")])
def test_a_repair_of_the_line_is_enough_where_all_else_is_right(what: str) -> None:
    old, new, line = BROKEN[what]
    found = repair_of(RIGHT.replace(old, new), lambda: LINES, lambda _: None, passes)
    assert found is not None
    assert right(found.source)
    assert [edit.lines for edit in found.edits] == [(line, line)]
    assert found.broken == ("best",)


def test_what_is_wrong_beside_it_is_repaired_as_well() -> None:
    asked: list[str] = []

    def repair(source: str) -> Repaired | None:
        asked.append(source)
        return whole(source)

    source = RIGHT.replace("if value > top:", "if value < top")
    found = repair_of(source, list, repair, passes)
    assert found is not None
    assert asked
    assert found.read == asked[0]
    assert found.source == RIGHT
    assert [edit.lines for edit in found.of("best")] == [(4, 4)]


def test_a_program_that_parses_is_left_to_the_search() -> None:
    known = whole(RIGHT)
    assert repair_of(RIGHT, list, lambda _: known, passes) is known


def test_lines_that_are_ipythons_own_are_no_mistake() -> None:
    seen: list[str] = []

    def repair(source: str) -> None:
        seen.append(source)

    assert repair_of("%matplotlib inline\n" + RIGHT, list, repair, passes) is None
    assert seen == ["pass\n" + RIGHT]


@pytest.mark.parametrize("source", ["x = 1\0", "(" * 500, "def f(\n" * 30, "§§§\n" * 9, "x = (\n" * 400])
def test_what_nobody_can_read_has_no_repair_and_takes_no_time(source: str) -> None:
    found = repair_of(source, lambda: LINES, lambda _: None, passes)
    assert found is None


def test_the_same_slip_has_the_same_signature_whatever_the_names() -> None:
    def signature(source: str) -> str:
        found = repair_of(source, lambda: LINES, lambda _: None, passes)
        assert found is not None
        return mistake(found.read, found).signature("step")

    mine = RIGHT.replace("for value in values:", "for value in values")
    renamed = mine.replace("value", "v").replace("top", "t")
    assert signature(mine) == signature(renamed)
    assert signature(mine) == signature("# a remark\n\n" + mine)
    assert signature(mine) != signature(RIGHT + "answer = (1\n")


def test_what_stands_outside_of_functions_belongs_to_no_function() -> None:
    found = repair_of(RIGHT + "answer = best([1]\n", lambda: LINES, lambda _: None, passes)
    assert found is not None
    assert found.broken == (TOP,)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="abcdef ()[]{}:='\"\n\t#,.+-1", max_size=60))
def test_any_text_is_read_or_not_and_nothing_else(text: str) -> None:
    for form in readable(text, LINES):
        ast.parse(form.source)
