"""Where code differs from a correct solution: the lines, the kind, and all that makes no difference."""

import ast
import keyword
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.evidence.structure.compared import Comparison, compare
from feedback.evidence.structure.steps import program

SOLUTION = dedent("""\
    def longest(visits):
        best = 0
        now = 0
        for count in visits:
            now = now + 1 if count > 0 else 0
            best = max(best, now)
        return best
""")
PIPELINE = dedent("""\
    scaler = Scaler()
    train, test = split(table, seed=3)
    scaler.fit(train)
    scaled = scaler.transform(test)
    model = Line()
    model.fit(scaled)
""")
ASKED = frozenset({"longest", "model"})


def compared(mine: str, solution: str = SOLUTION) -> Comparison:
    one, other = program((("cell", mine),), ASKED), program((("cell", solution),), ASKED)
    assert one is not None
    assert other is not None
    return compare(one, other)


def sites(mine: str, solution: str = SOLUTION) -> list[tuple[int, str]]:
    return [(site.line, site.change) for site in compared(mine, solution).sites]


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("count > 0", "count >= 0", (5, "condition")),
        ("now + 1", "now + 2", (5, "value")),
        ("now + 1", "now - 1", (5, "operator")),
        ("max(best, now)", "min(best, now)", (6, "call")),
        ("max(best, now)", "max(best, count)", (6, "argument")),
        ("in visits", "in visits[1:]", (4, "bound")),
        ("return best", "return now", (7, "result")),
        ("    now = 0\n", "", (2, "missing step")),
        ("    return best", "    best = 1\n    return best", (7, "extra step")),
        ("def longest(visits)", "def longest(visits, more=1)", (1, "parameters")),
        ("        best = max", "    best = max", (6, "nesting")),
    ],
)
def test_one_mistake_is_one_place_of_one_kind(old: str, new: str, wanted: tuple[int, str]) -> None:
    assert old in SOLUTION
    assert sites(SOLUTION.replace(old, new)) == [wanted]


def test_the_place_is_the_part_that_differs_not_the_whole_statement() -> None:
    spread = "model = build(\n    one=1,\n    two=2,\n    three=3,\n)"
    assert sites(spread.replace("two=2", "two=5"), spread) == [(3, "argument")]


@pytest.mark.parametrize(
    "same",
    [
        SOLUTION.replace("now = now + 1 if count > 0 else 0", "now = now + 1 if 0 < count else 0"),
        SOLUTION.replace("def longest(visits):", "def longest(visits: list[int]) -> int:\n    '''Text.'''"),
        SOLUTION.replace("    best = 0\n    now = 0\n", "    now: int = 0\n    best: int = 0\n"),
        "# a remark\n\n" + SOLUTION.replace("    now = 0", "\n    now   =  0  # zero"),
        "def longest(visits):\n    return 1\n" + SOLUTION,
    ],
)
def test_what_says_the_same_is_no_difference(same: str) -> None:
    assert sites(same) == []


def test_adding_up_in_place_is_the_same_as_adding_up() -> None:
    assert sites("model = 0\nmodel += 2", "model = 0\nmodel = model + 2") == []


def test_fitting_before_splitting_is_a_matter_of_order() -> None:
    early = dedent("""\
        scaler = Scaler()
        scaler.fit(train)
        train, test = split(table, seed=3)
        scaled = scaler.transform(test)
        model = Line()
        model.fit(scaled)
    """)
    (found,) = compared(early, PIPELINE).sites
    assert (found.change, found.line) in {("order", 2), ("order", 3)}


def test_independent_steps_may_come_in_any_order() -> None:
    moved = PIPELINE.replace("model = Line()\n", "").replace(
        "scaler = Scaler()\n", "model = Line()\nscaler = Scaler()\n"
    )
    assert sites(moved, PIPELINE) == []


names = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda n: not keyword.iskeyword(n) and n not in {"max", "longest", "min", "visits"}
)


class _Renamed(ast.NodeTransformer):
    def __init__(self, new: dict[str, str]) -> None:
        self._new = new

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._new.get(node.id, node.id)
        return node


@settings(deadline=None, max_examples=60)
@given(
    st.lists(names, min_size=3, max_size=3, unique=True),
    st.sampled_from([("", ""), ("count > 0", "count >= 0"), ("max", "min")]),
)
def test_names_do_not_count(new: list[str], mistake: tuple[str, str]) -> None:
    source = SOLUTION.replace(*mistake) if mistake[0] else SOLUTION
    renamed = ast.unparse(_Renamed(dict(zip(("best", "now", "count"), new, strict=True))).visit(ast.parse(source)))
    assert sites(renamed) == sites(ast.unparse(ast.parse(source)))


def test_two_variables_that_changed_places_are_seen() -> None:
    assert (6, "argument") in sites(SOLUTION.replace("max(best, now)", "max(now, now)"))


def test_in_a_cell_that_does_not_parse_the_statements_that_do_are_compared() -> None:
    broken = "def other(x:\n    return x\n\n" + SOLUTION.replace("count > 0", "count >= 0")
    assert sites(broken) == [(8, "condition")]


def test_what_does_not_parse_leaves_the_rest() -> None:
    broken = (("one", "x = (1,"), ("two", "model = 2"))
    mine, other = program(broken, ASKED), program((("two", "model = 3"),), ASKED)
    assert mine is not None
    assert other is not None
    (site,) = compare(mine, other).sites
    assert (site.cell, site.change) == ("two", "value")
    assert program((("one", "x = (1,"),), ASKED) is None


@settings(deadline=None, max_examples=80)
@given(st.text(max_size=80), st.integers(1, 40))
def test_no_source_breaks_it(text: str, depth: int) -> None:
    for source in (
        text,
        "(" * depth * 10 + ")" * depth * 10,
        "x = " + "-" * depth * 100 + "1",
        "if x:\n" + " y=1\n" * 300,
    ):
        mine = program((("cell", source),), ASKED)
        other = program((("cell", SOLUTION),), ASKED)
        assert other is not None
        assert mine is None or 0 <= compare(mine, other).share <= 1
