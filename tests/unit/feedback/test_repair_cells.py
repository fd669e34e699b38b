"""Cells as a whole, laid over each other and searched: values outside of functions, and functions among them."""

import ast
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.repair.cell_search import CellEffort, CellEngine
from feedback.repair.cells import CellDraft, CorrectCell, CorrectCells, forms, laid_over
from feedback.repair.draft import TOP
from feedback.repair.mistakes import mistake
from feedback.repair.trees import bag

REFERENCE = """
def rounded(value):
    return round(value, 1)

kept = [row for row in rows if row["price"] is not None]
total = 0
for row in kept:
    total = total + row["price"]
mean = rounded(total / len(kept))
"""
ROWS = [{"price": 2.0}, {"price": None}, {"price": 4.5}, {"price": 1.0}]
FIXED = frozenset({"rounded", "mean", "rows"})


class Judge:
    """Runs a program, and asks whether `wanted` is what it makes of the rows. For programs of these tests only."""

    def __init__(self, wanted: Callable[[dict[str, Any]], bool] | None = None, sieve: bool = True) -> None:
        self.wanted = wanted or (lambda names: names["mean"] == 2.5 and names["rounded"](1.26) == 1.3)
        self.sieve = sieve
        self.runs: list[int] = []
        self.asked_apart: list[str] = []

    def likely(self, programs: Sequence[str]) -> list[bool]:
        self.runs.append(len(programs))
        return [self._right(program) if self.sieve else True for program in programs]

    def apart(self, programs: Sequence[str]) -> list[bool]:
        self.runs.append(len(programs))
        self.asked_apart += programs
        return [self._right(program) for program in programs]

    def _right(self, program: str) -> bool:
        names: dict[str, Any] = {"rows": [dict(row) for row in ROWS]}
        try:
            exec(program, names)
            return self.wanted(names)
        except Exception:
            return False


def engine(judge: Judge, *others: str, programs: int = 60) -> CellEngine:
    return CellEngine(CorrectCells([REFERENCE, *others], FIXED), judge, CellEffort(600, programs))


IN_OTHER_NAMES = """
def rounded(value):
    return round(value, 1)

good = [r for r in rows if r["price"] is not None]
s = 0
for r in good:
    s = s + r["price"]
mean = rounded(s / len(good))
"""
WRONG = {
    "another divisor": ("len(good)", "len(rows)", 9, TOP),
    "another bound": ("for r in good:", "for r in good[1:]:", 7, TOP),
    "another start": ("s = 0", "s = 1", 6, TOP),
    "another call": ("rounded(s / len(good))", "round(s / len(good))", 9, TOP),
    "another condition": (' if r["price"] is not None', "", 5, TOP),
    "an argument in a function": ("round(value, 1)", "round(value)", 3, "rounded"),
}


@pytest.mark.parametrize("what", WRONG)
def test_one_place_is_changed_in_the_learners_names(what: str) -> None:
    old, new, line, group = WRONG[what]
    source = IN_OTHER_NAMES.replace(old, new)
    found = engine(Judge()).repair(source)
    assert found is not None
    assert Judge().apart([found.source]) == [True]
    assert {edit.lines[0] for edit in found.edits} == {line}
    assert found.broken == (group,)
    assert "kept" not in found.source
    assert "total" not in found.source


def test_what_is_right_needs_no_repair_in_whatever_names() -> None:
    for source in (REFERENCE, IN_OTHER_NAMES):
        assert engine(Judge()).repair(source) is None


def test_steps_in_the_wrong_order_are_put_right() -> None:
    source = """
kept = sorted(rows, key=lambda row: row["price"])
kept = [row for row in rows if row["price"] is not None]
mean = round(sum(row["price"] for row in kept) / len(kept), 1)
rounded = lambda value: round(value, 1)
"""
    right = source.replace('kept = sorted(rows, key=lambda row: row["price"])\n', "")
    found = CellEngine(CorrectCells([right], FIXED), Judge(), CellEffort(600, 60)).repair(source)
    assert found is not None
    assert [(edit.how, edit.lines) for edit in found.edits] == [("delete", (2, 2))]


def test_a_slip_is_put_right_where_no_answer_is_near() -> None:
    """A way of its own, with one constant wrong: laying the reference over it would change nearly all."""
    source = """
import statistics
def rounded(value):
    return round(value, 1)
prices = list(filter(None, (row.get("price") for row in rows)))
mean = rounded(statistics.fmean(prices[1:]))
"""
    found = engine(Judge()).repair(source)
    assert found is not None
    assert found.distance <= 2
    assert [edit.lines for edit in found.edits] == [(6, 6)]


def test_where_no_sieve_tells_the_cheapest_are_tried_apart_a_few_at_a_time() -> None:
    judge = Judge(sieve=False)
    found = engine(judge).repair(IN_OTHER_NAMES.replace("len(good)", "len(rows)"))
    assert found is not None
    assert [edit.lines for edit in found.edits] == [(9, 9)]
    assert max(judge.runs[1:3]) <= 4


def test_no_more_is_asked_in_one_run_than_there_is_time_for() -> None:
    judge = Judge()
    engine(judge, programs=9).repair(IN_OTHER_NAMES.replace("s = 0", "s = 1").replace("len(good)", "len(rows)"))
    assert max(judge.runs) <= 9


def test_a_repair_that_is_found_before_the_time_is_over_counts() -> None:
    ticks = iter([0.0] * 40 + [99.0] * 10_000)
    source = IN_OTHER_NAMES.replace("s = 0", "s = 1").replace("len(good)", "len(rows)").replace("value, 1", "value")
    patient = CellEngine(CorrectCells([REFERENCE], FIXED), Judge(), CellEffort(5, 60))
    best = patient.repair(source)
    hurried = CellEngine(CorrectCells([REFERENCE], FIXED), Judge(), CellEffort(5, 60), lambda: next(ticks))
    found = hurried.repair(source)
    assert best is not None
    assert found is None or found.distance >= best.distance
    at_once = CellEngine(CorrectCells([REFERENCE], FIXED), Judge(), CellEffort(5, 60), lambda: 9.0, until=1.0)
    assert at_once.repair(source) is None


@pytest.mark.parametrize(
    "source", ["", "pass", "mean = (", "mean = 1\n" * 7_000], ids=["nothing", "pass", "no", "long"]
)
def test_whatever_stands_there_is_repaired_or_left(source: str) -> None:
    found = engine(Judge()).repair(source)
    assert found is None or Judge().apart([found.source]) == [True]


NAMES = st.lists(st.sampled_from(["a", "b", "c", "rows_", "each", "x1", "tally"]), min_size=3, max_size=3, unique=True)


@settings(max_examples=15, deadline=None)
@given(NAMES, st.sampled_from(["", "# a remark\n", "\n\n"]))
def test_names_and_layout_change_neither_the_place_nor_the_signature(names: list[str], above: str) -> None:
    first, second, third = names
    plain = IN_OTHER_NAMES.replace("len(good)", "len(rows)")
    known = engine(Judge()).repair(plain)
    tree = ast.parse(plain)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = {"good": first, "s": second, "r": third}.get(node.id, node.id)
    source = above + ast.unparse(tree)
    found = engine(Judge()).repair(source)
    assert known is not None
    assert found is not None
    assert mistake(source, found).signature("step") == mistake(plain, known).signature("step")
    (edit,) = found.edits
    assert "mean =" in source.splitlines()[edit.lines[0] - 1]


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_no_edit_is_the_learners_cell_and_any_set_of_them_is_python(data: st.DataObject) -> None:
    mine = ast.parse(IN_OTHER_NAMES.replace("len(good)", "len(rows)").replace("s = 0", "import math"))
    draft = laid_over(mine, CorrectCell(ast.parse(REFERENCE), bag(ast.parse(REFERENCE))), FIXED)
    assert ast.dump(ast.parse(draft.render(frozenset()))) == ast.dump(mine)
    some = data.draw(st.sets(st.sampled_from(sorted(draft.everything))))
    ast.parse(draft.render(frozenset(some)))
    assert Judge().apart([draft.render(draft.everything)]) == [True]


def test_edits_belong_to_the_function_that_they_are_in() -> None:
    mine = ast.parse("def f(x):\n    return x\n\ny = f(1)\n")
    other = ast.parse("def f(x):\n    return x + 1\n\ndef g(x):\n    return x\n\ny = f(2)\n")
    draft = CellDraft(mine, other)
    assert {name: len(edits) for name, edits in draft.groups.items()} == {"f": 1, "g": 1, TOP: 1}


def test_other_forms_keep_the_rest_of_the_cell() -> None:
    found = forms(
        textwrap.dedent("""
        limit = 3
        def many(values):
            if len(values) > limit:
                return True
            return False
        answer = many([1])
    """),
        5,
    )
    assert found
    for form in found:
        names: dict[str, Any] = {}
        exec(form, names)
        assert names["answer"] is False
