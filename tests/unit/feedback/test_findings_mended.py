"""Where a finding points when a verified repair is at hand: at what the repair changes, and at no word of it."""

import ast
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.evidence.clues import RepairChanges
from feedback.findings.mended import window
from feedback.repair.draft import TOP
from feedback.repair.edits import Edit, Merge
from feedback.repair.engine import Repaired
from feedback.repair.mistakes import changed_lines
from services.contracts.finding import Evidence, Finding
from services.contracts.notebook import Place

REACH = 5


def function(source: str) -> ast.FunctionDef:
    (node,) = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    return node


def repair(mine: str, right: str) -> Repaired:
    """The repair that makes one function of the other."""
    edits = Merge(function(mine), function(right)).edits
    numbers = frozenset(edit.number for edit in edits)
    return Repaired(right, tuple(edits), sum(e.cost for e in edits), 0.1, 0.1, ("double",), {"double": numbers})


def first(desk: Any, mine: str, cause: Repaired | None = None) -> Finding:
    finding = desk.judge("step-2", answer_2=mine, cause=cause).findings[0]
    assert isinstance(finding, Finding)
    return finding


def marked(finding: Finding) -> set[int]:
    place = finding.place
    assert place is not None
    assert place.cell == "id-answer-2"
    assert place.line is not None
    return set(range(place.line, (place.end_line or place.line) + 1))


STOPS_BEHIND = "def double(x):\n    x = None\n    # here\n\n    return x * 2\n\nresult = 12"
WITHOUT = "def double(x):\n    return x * 2\n"
FORGETS = "def double(x):\n    y = 0\n    # what now\n    return y\n\nresult = 12"
REMEMBERS = "def double(x):\n    y = 0\n    y = x * 2\n    return y\n"
WRONG_WAY = "def double(x):\n    y = x + 2\n    z = 0\n    return y + z\n\nresult = 12"
RIGHT_WAY = WRONG_WAY.replace("x + 2", "x * 2")


@pytest.mark.parametrize(
    ("mine", "right", "lines"),
    [(STOPS_BEHIND, WITHOUT, {2}), (FORGETS, REMEMBERS, {2, 3}), (WRONG_WAY, RIGHT_WAY, {2})],
    ids=["python stops behind the cause", "a step is missing", "one operator"],
)
def test_the_cause_is_marked_and_nothing_else_about_the_finding_changes(
    mine: str, right: str, lines: set[int], desk: Any
) -> None:
    cause = repair(mine, right)
    without, finding = first(desk, mine), first(desk, mine, cause)
    assert marked(finding) == lines
    assert marked(finding) & changed_lines(cause)
    assert (finding.signature, finding.message, finding.kind) == (without.signature, without.message, without.kind)
    assert 0.5 <= finding.confidence <= 1
    (location,) = [hint.text for hint in finding.ladder if hint.step == "location"]
    assert all(str(line) in location for line in lines)


def test_no_word_of_the_repair_is_in_the_finding(desk: Any) -> None:
    right = "def double(x):\n    doubled_by_reference = x * 2\n    return doubled_by_reference\n"
    finding = first(desk, WRONG_WAY, repair(WRONG_WAY, right))
    assert "doubled_by_reference" not in finding.model_dump_json()
    assert [e.fact for e in finding.evidence if e.aspect == "repair"] == [
        f"a verified repair changes line {line}" for line in (2, 3, 4)
    ]


def test_the_line_where_it_shows_is_enough_when_the_repair_changes_that_one(desk: Any) -> None:
    mine = "def double(x):\n    y = 3\n    return x * None\n\nresult = 12"
    finding = first(desk, mine, repair(mine, "def double(x):\n    return x * 2\n"))
    assert marked(finding) == {3}


def test_what_stops_outside_of_functions_is_not_put_on_a_function(desk: Any) -> None:
    mine = WRONG_WAY.replace("result = 12", "result = double(totl)")
    stops = desk.judge("step-2", answer_2=mine, cause=repair(mine, RIGHT_WAY)).findings
    assert [marked(one) for one in stops if one.kind == "exception"] == [{6}]


def test_what_stops_outside_of_functions_is_where_the_repair_takes_something_away(desk: Any) -> None:
    mine = WITHOUT + "result = 12\nspare = totl\n"
    (gone,) = (node for node in ast.parse(mine).body if node.lineno == 4)
    edit = Edit(0, "delete", gone, None, "Module.body", "", 3, (4, 4))
    cause = Repaired(WITHOUT, (edit,), 3, 0.1, 0.1, (TOP,), {TOP: frozenset({0})})
    judged = desk.judge("step-2", answer_2=mine.replace("x * 2", "x"), cause=cause).findings
    assert {4} in [marked(one) for one in judged if one.kind == "exception"]


def test_a_function_that_is_missing_has_no_line(desk: Any) -> None:
    edit = Edit(0, "insert", None, function(WITHOUT), "Module.body", "", 9, (1, 1))
    cause = Repaired(WITHOUT, (edit,), 9, 0.1, 0.1, ("double",), {"double": frozenset({0})})
    mine = "result = 12\n\n\nother = 3"
    assert first(desk, mine, cause).place == first(desk, mine).place
    assert all(e.aspect != "repair" for e in first(desk, mine, cause).evidence)


def test_what_cannot_be_read_is_where_the_parser_stopped(desk: Any) -> None:
    mine = "def double(x):\n    return x +\n"
    assert marked(first(desk, mine, repair(WRONG_WAY, RIGHT_WAY))) == {2}


def test_a_renamed_function_changes_in_its_first_line_only() -> None:
    (edit,) = Merge(function(WRONG_WAY), function(WRONG_WAY.replace("double", "twice"))).edits
    assert edit.span == (1, 1)


def test_what_a_function_is_said_to_return_is_no_difference() -> None:
    assert Merge(function("def double(x) -> int:\n    return x * 2\n"), function(WITHOUT)).edits == []


def change(line: int, end: int, weight: int) -> RepairChanges:
    place = Place(cell="answer", line=line, end_line=end)
    evidence = Evidence(kind="structure", subject="code", fact="", aspect="repair", place=place)
    return RepairChanges(evidence=evidence, decides=False, near=0.9, weight=weight)


def test_of_several_places_the_one_that_other_evidence_names_is_shown() -> None:
    changes = [change(2, 2, 3), change(20, 20, 1)]
    assert window(changes, REACH, []) == Place(cell="answer", line=2, end_line=2)
    named = [Place(cell="answer", line=20, end_line=20)]
    assert window(changes, REACH, named) == Place(cell="answer", line=20, end_line=20)
    assert window(changes, REACH, [Place(cell="other", line=20)]) == Place(cell="answer", line=2, end_line=2)


@given(
    st.lists(st.tuples(st.integers(1, 40), st.integers(0, 12), st.integers(1, 9)), min_size=1, max_size=5),
    st.lists(st.integers(1, 40), max_size=3),
)
def test_what_is_shown_begins_with_a_change_and_is_short(spans: list[tuple[int, int, int]], named: list[int]) -> None:
    changes = [change(line, line + more, weight) for line, more, weight in spans]
    shown = window(changes, REACH, [Place(cell="answer", line=line) for line in named])
    assert shown is not None
    assert shown.line in {line for line, _, _ in spans}
    assert shown.line <= (shown.end_line or 0) < shown.line + REACH
