"""Two mistakes behind one failed check: a finding for each, where a verified repair tells them apart."""

import ast
from typing import Any

from feedback.repair.edits import Merge
from feedback.repair.engine import Repaired
from feedback.repair.parts import Part
from services.contracts.finding import Finding

MINE = (
    "def double(x):\n    if x == -77:\n        return 5\n    y = x * 3\n    extra_here = 0\n"
    "    return y + extra_here\n\nresult = 12"
)
RIGHT = "def double(x):\n    y = x * 2\n    extra_here = 0\n    return y + extra_here\n"
# Numbers: the visible check's two asserts, the hidden one, then the two calls.
FIRST, SECOND, HIDDEN, CALL, WORD = range(5)


def function(source: str) -> ast.FunctionDef:
    (node,) = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    return node


def cause(factor: set[int], branch: set[int]) -> Repaired:
    """The repair of both mistakes: the factor in line 4, and the branch in line 2; with what each breaks."""
    edits = Merge(function(MINE), function(RIGHT)).edits
    by_line = {True: [e for e in edits if e.lines[0] == 4], False: [e for e in edits if e.lines[0] != 4]}
    assert all(by_line.values())
    one = Part(tuple(by_line[True]), MINE.replace("* 3", "* 2"), frozenset(factor), "step-2|repair|factor#1")
    other = Part(
        tuple(by_line[False]),
        MINE.replace("    if x == -77:\n        return 5\n", ""),
        frozenset(branch),
        "step-2|repair|branch#2",
    )
    parts = tuple(sorted((one, other), key=lambda part: -len(part.breaks)))
    numbers = frozenset(edit.number for edit in edits)
    whole = sum(edit.cost for edit in edits)
    return Repaired(RIGHT, tuple(edits), whole, 0.1, 0.1, ("double",), {"double": numbers}, parts=parts)


def judged(desk: Any, repaired: Repaired | None) -> tuple[Finding, ...]:
    found: tuple[Finding, ...] = desk.judge("step-2", answer_2=MINE, cause=repaired).findings
    return found


def marked(finding: Finding) -> tuple[int | None, int | None]:
    assert finding.place is not None
    return finding.place.line, finding.place.end_line


def test_each_mistake_has_its_own_finding_lines_ladder_and_signature(desk: Any) -> None:
    (alone,) = judged(desk, None)
    first, second = judged(desk, cause({FIRST, CALL, WORD}, {HIDDEN}))
    assert (marked(first), marked(second)) == ((4, 4), (2, 3))
    assert (first.signature, first.kind) == (alone.signature, alone.kind)
    assert second.signature == "step-2|repair|branch#2"
    assert first.id != second.id
    for finding, lines in ((first, "line 4"), (second, "lines 2 to 3")):
        assert [hint.step for hint in finding.ladder] == ["plan", "consequence", "location", "example"]
        assert lines in finding.ladder[2].text
        assert finding.ladder[1].text == finding.message


def test_the_one_that_breaks_most_comes_first(desk: Any) -> None:
    first, second = judged(desk, cause({FIRST}, {HIDDEN, CALL}))
    assert (marked(first), marked(second)) == ((2, 3), (4, 4))
    # The check that was seen to fail stays with the mistake that makes it fail.
    assert second.evidence[0].subject == "check-2"


def test_a_further_mistake_is_told_by_what_it_alone_breaks(desk: Any) -> None:
    """Of a visible check its own words, of a hidden one nothing, of a call what it was seen to give."""
    visible = judged(desk, cause({FIRST, CALL, HIDDEN}, {SECOND}))[1]
    assert visible.message == "This does not hold yet: `result == 12`"
    hidden = judged(desk, cause({FIRST, CALL}, {HIDDEN}))[1]
    assert "-77" not in hidden.message
    assert "-77" not in hidden.ladder[-1].text
    call = judged(desk, cause({FIRST, SECOND, HIDDEN}, {CALL}))[1]
    assert (call.kind, call.evidence[0].subject) == ("call", "double[0]")


def test_no_word_of_the_repair_is_in_any_of_them(desk: Any) -> None:
    for finding in judged(desk, cause({FIRST, CALL, WORD}, {HIDDEN})):
        assert "* 2" not in finding.model_dump_json()


def test_an_input_is_shown_with_the_mistake_that_breaks_it(desk: Any) -> None:
    def shown(repaired: Repaired) -> list[list[str]]:
        return [[e.subject for e in finding.evidence if e.kind == "input"] for finding in judged(desk, repaired)]

    (whole,) = judged(desk, None)
    (evidence,) = [e for e in whole.evidence if e.kind == "input"]
    assert shown(cause({FIRST, CALL}, {HIDDEN})) == [[evidence.subject], []]


def test_a_part_of_which_nothing_can_be_said_stays_with_the_mistake_that_was_seen(desk: Any) -> None:
    repaired = cause({FIRST, HIDDEN}, {99})
    (finding,) = judged(desk, repaired)
    changed = [e.place.line for e in finding.evidence if e.aspect == "repair" and e.place]
    assert changed == [2, 4]


def test_a_run_that_is_lost_can_have_two_mistakes_too(desk: Any) -> None:
    def lost(observation: Any) -> Any:
        return observation.model_copy(update={"complete": False, "lost": "ended", "checks": (), "probes": ()})

    repaired = cause({FIRST, SECOND, HIDDEN, CALL, WORD}, {HIDDEN})
    found = desk.judge("step-2", answer_2=MINE, cause=repaired, seen=lost).findings
    assert [finding.kind for finding in found] == ["incomplete", "check"]
    assert [marked(finding) for finding in found] == [(4, 4), (2, 3)]
