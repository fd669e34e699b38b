"""Parts of the repair engine: distances, other forms of a function, edits, traces, names."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.quick_trials import QuickTrials
from feedback.repair.edits import Merge
from feedback.repair.names import mapping, own_names, renamed
from feedback.repair.recorder import Recorder
from feedback.repair.rewriting import rewritten
from feedback.repair.traces import instrumented, of_function
from feedback.repair.trees import bag, distance, likeness, size

LOOP = """
def total_above(limit, values):
    total = 0
    for i in range(len(values)):
        if values[i] > limit:
            total += values[i]
    return total
"""
EACH = """
def total_above(least, numbers):
    amount = 0
    for n in numbers:
        if n > least:
            amount = amount + n
    return amount
"""
GUARDED = """
def total_above(limit, values):
    if not values:
        return 0
    else:
        total = 0
        for value in values:
            if value >= limit:
                total += value
        return total
"""
SOURCES = (LOOP, EACH, GUARDED, "def total_above(a, b):\n    return None\n", "def total_above(a, b):\n    pass\n")


def function(source: str) -> ast.FunctionDef:
    (node,) = ast.parse(source).body
    assert isinstance(node, ast.FunctionDef)
    return node


def test_distances_are_counted_in_nodes() -> None:
    assert distance(ast.parse("x = 1"), ast.parse("x = 1")) == 0
    assert distance(ast.parse("x = 1"), ast.parse("x = 2")) == 1
    assert distance(ast.parse("x = 1"), ast.parse("")) == size(ast.parse("x = 1")) == 3
    assert distance(ast.parse("if a:\n    b()"), ast.parse("b()")) == 2


@given(st.sampled_from(SOURCES), st.sampled_from(SOURCES), st.sampled_from(SOURCES))
@settings(deadline=None, max_examples=40)
def test_the_distance_is_one(one: str, two: str, three: str) -> None:
    a, b, c = map(ast.parse, (one, two, three))
    assert distance(a, b) == distance(b, a)
    assert (distance(a, b) == 0) == (one == two)
    assert distance(a, c) <= distance(a, b) + distance(b, c)


def test_likeness_does_not_see_names() -> None:
    other = renamed(function(LOOP), {"total": "t", "limit": "x", "values": "y", "i": "z"})
    assert likeness(bag(function(LOOP)), bag(other)) == 1
    assert likeness(bag(function(LOOP)), bag(function(EACH))) < 1


@pytest.mark.parametrize("mine", SOURCES)
@pytest.mark.parametrize("other", SOURCES)
def test_no_edit_is_the_learners_code_and_all_of_them_the_solution(mine: str, other: str) -> None:
    merge = Merge(function(mine), function(other))
    assert ast.unparse(merge.render(frozenset())) == mine.strip()
    every = frozenset(edit.number for edit in merge.edits)
    assert ast.dump(merge.render(every)) == ast.dump(function(other))
    assert bool(every) == (mine != other)


@given(st.sampled_from(SOURCES), st.sampled_from(SOURCES), st.data())
@settings(deadline=None, max_examples=60)
def test_any_set_of_edits_is_python_again(mine: str, other: str, data: st.DataObject) -> None:
    merge = Merge(function(mine), function(other))
    numbers = [edit.number for edit in merge.edits]
    taken = frozenset(data.draw(st.lists(st.sampled_from(numbers)))) if numbers else frozenset[int]()
    compile(ast.unparse(merge.render(taken)), "<repair>", "exec")


def test_edits_name_lines_of_the_learners_code() -> None:
    merge = Merge(function(GUARDED), function(GUARDED.replace(">=", ">")))
    (edit,) = merge.edits
    assert (edit.lines, edit.how, edit.role) == ((8, 8), "replace", "condition")


@pytest.mark.parametrize(("one", "other", "cost"), [
    ("a * b / 100", "a - a * b / 100", 3),
    ("a", "round(a, 2)", 3),
    ("sum(x for x in a)", "sum(x for x in a) / len(a)", 5),
    ("a and not b", "not b", 3),
])  # fmt: skip
def test_an_expression_that_is_part_of_the_other_stays(one: str, other: str, cost: int) -> None:
    mine, theirs = (function(f"def f(a, b):\n    return {code}\n") for code in (one, other))
    for before, after in ((mine, theirs), (theirs, mine)):
        (edit,) = Merge(before, after).edits
        assert edit.cost == cost == distance(before, after)


def test_every_form_of_a_function_does_the_same() -> None:
    calls = (("total_above(2, [1, 2, 3, 4])", "7"), ("total_above(0, [])", "0"), ("total_above(-1, (0, -3))", "0"))
    forms = [ast.unparse(form) for source in (LOOP, EACH) for form in rewritten(function(source), 25)]
    assert len(forms) == len(set(forms)) >= 40
    assert any("while" in form for form in forms)
    assert any("enumerate" in form for form in forms)
    with QuickTrials("", calls, cpu=0.2) as trials:
        assert trials.passed(forms) == [True] * len(forms)


def test_variables_are_recognised_by_their_values_whatever_they_are_called() -> None:
    with QuickTrials("", (("total_above(1, [1, 2, 3])", "5"),), cpu=0.2) as trials:
        traced = trials.values([instrumented(source) for source in (LOOP, EACH)])
    seen = [of_function(one, "total_above") for one in traced]
    assert seen[0]["total"] == seen[1]["amount"] == ["0", "2", "5"]
    names = mapping(function(LOOP), function(EACH), seen[0], seen[1])
    assert names["amount"] == "total"
    assert (names["least"], names["numbers"]) == ("limit", "values")


def test_a_mapping_never_gives_two_variables_one_name() -> None:
    other = function("def total_above(a, b):\n    total = values = limit = i = 0\n    return total + values + i\n")
    names = mapping(function(LOOP), other, {}, {})
    assert len(set(names.values())) == len(names) == len(own_names(other))


def test_a_recorder_calls_nothing_of_what_it_writes_down() -> None:
    class Loud:
        def __repr__(self) -> str:
            raise AssertionError("was asked")

    recorder = Recorder()
    recorder("f", "x", [Loud(), 1, "a"])
    recorder("f", "x", 10**5000)
    assert recorder.seen == {"f.x": ["[Loud,1,'a']", "int"]}


def test_trials_outlive_whatever_a_program_does() -> None:
    bad = (
        "import os\nos._exit(0)",
        "while True:\n    pass",
        "def total_above(a, b):\n    while True:\n        try:\n            a += 1\n"
        "        except BaseException:\n            pass",
        "def total_above(a, b):\n    return [0] * 10 ** 12",
        "print('total')\n" + LOOP,
        "raise SystemExit",
    )
    with QuickTrials("", (("total_above(2, [1, 3])", "3"),), cpu=0.05) as trials:
        assert trials.passed([*bad, LOOP, *bad, EACH]) == [*[False] * len(bad), True, *[False] * len(bad), True]
