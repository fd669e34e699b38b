"""The repair engine on programs that the authors of these tests wrote, run for real in a process of its own."""

import ast
from collections.abc import Iterator, Mapping, Sequence

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from benchmarks.quick_trials import QuickTrials
from feedback.repair.engine import Effort, Engine, Repaired
from feedback.repair.mistakes import changed_lines, mistake, nameless
from feedback.repair.pool import Pool
from feedback.repair.trees import distance

REFERENCE = """
def largest_gap(heights):
    best = 0
    for i in range(len(heights) - 1):
        gap = abs(heights[i + 1] - heights[i])
        if gap > best:
            best = gap
    return best

def count_steep(heights, limit):
    count = 0
    for i in range(len(heights) - 1):
        if abs(heights[i + 1] - heights[i]) > limit:
            count += 1
    return count
"""
CALLS = (
    ("largest_gap([3, 9, 4])", "6"),
    ("largest_gap([9, 3])", "6"),
    ("largest_gap([1, 2, 9, 4])", "7"),
    ("largest_gap([5])", "0"),
    ("largest_gap([])", "0"),
    ("count_steep([1, 5, 6, 12], 3)", "2"),
    ("count_steep([1, 4, 0], 3)", "1"),
    ("count_steep([], 1)", "0"),
)
RIGHT_COUNT = """
def count_steep(hs, most):
    steep = [i for i in range(1, len(hs)) if abs(hs[i] - hs[i - 1]) > most]
    return len(steep)
"""
WRONG_BOUND = """
def largest_gap(hs):
    top = 0
    for k in range(len(hs)):
        step = abs(hs[k + 1] - hs[k])
        if step > top:
            top = step
    return top
"""


@pytest.fixture(scope="module")
def trials() -> Iterator[QuickTrials]:
    with QuickTrials("", CALLS, cpu=0.05) as opened:
        yield opened


@pytest.fixture(scope="module")
def engine(trials: QuickTrials) -> Engine:
    pool = Pool([REFERENCE], ("largest_gap", "count_steep"))
    pool.rewrite(trials, 20)
    return Engine(pool, trials, Effort(seconds=600, improving=600))


def repaired(engine: Engine, trials: QuickTrials, source: str) -> Repaired:
    found = engine.repair(source)
    assert found is not None
    assert trials.failing([found.source]) == [[]]
    return found


def test_only_what_is_wrong_is_changed_and_in_the_learners_names(engine: Engine, trials: QuickTrials) -> None:
    source = WRONG_BOUND + RIGHT_COUNT
    found = repaired(engine, trials, source)
    assert found.broken == ("largest_gap",)
    assert changed_lines(found) == {4}
    assert found.distance == distance(ast.parse(source), ast.parse(found.source)) <= 4
    assert "for k in range(len(hs) - 1)" in found.source
    assert ast.unparse(ast.parse(RIGHT_COUNT)) in found.source


def test_two_functions_that_are_wrong_are_both_named(engine: Engine, trials: QuickTrials) -> None:
    source = WRONG_BOUND + RIGHT_COUNT.replace("> most", ">= most")
    found = repaired(engine, trials, source)
    assert found.broken == ("largest_gap", "count_steep")
    assert mistake(source, found).functions == ("largest_gap", "count_steep")


def test_a_function_that_is_missing_is_put_in(engine: Engine, trials: QuickTrials) -> None:
    found = repaired(engine, trials, RIGHT_COUNT)
    assert found.broken == ("largest_gap",)
    assert ast.unparse(ast.parse(RIGHT_COUNT)) in found.source


def test_what_is_right_needs_no_repair(engine: Engine) -> None:
    assert engine.repair(REFERENCE) is None


def test_the_structure_of_the_learners_code_is_kept(engine: Engine, trials: QuickTrials) -> None:
    source = RIGHT_COUNT + (
        "\ndef largest_gap(hs):\n    if len(hs) < 2:\n        return 0\n    else:\n        top = 0\n        k = 0\n"
        "        while k < len(hs) - 1:\n            if abs(hs[k + 1] - hs[k]) < top:\n"
        "                top = abs(hs[k + 1] - hs[k])\n            k += 1\n        return top\n"
    )
    found = repaired(engine, trials, source)
    assert "while k < len(hs) - 1" in found.source
    assert changed_lines(found) == {13}


BAD = {
    "never ends": "def largest_gap(hs):\n    while True:\n        pass\n",
    "recurses without end": "def largest_gap(hs):\n    return largest_gap(hs)\n",
    "changes its argument": "def largest_gap(hs):\n    hs.sort()\n    return hs[-1] - hs[0] if hs else 0\n",
    "uses a global": "total = 0\ndef largest_gap(hs):\n    global total\n    total += 1\n    return total\n",
    "reads input": "def largest_gap(hs):\n    return int(input())\n",
    "imports what is absent": "import nowhere_at_all\ndef largest_gap(hs):\n    return nowhere_at_all.gap(hs)\n",
    "defines it twice": REFERENCE + "\ndef largest_gap(hs):\n    return 0\n",
    "has another name": WRONG_BOUND.replace("largest_gap", "biggest_gap"),
    "returns a generator": "def largest_gap(hs):\n    return (abs(a - b) for a, b in zip(hs, hs[1:]))\n",
    "returns NaN": "def largest_gap(hs):\n    return float('nan')\n",
    "returns a huge integer": "def largest_gap(hs):\n    return 10 ** 5000\n",
    "ends the process": "import os\ndef largest_gap(hs):\n    os._exit(0)\n",
    "prints": "print('hello')\n" + WRONG_BOUND,
    "is empty": "",
    "takes nothing": "def largest_gap():\n    return 0\n",
    "is a class": "class largest_gap:\n    pass\n",
}


@pytest.mark.parametrize("what", BAD)
def test_whatever_a_program_does_it_gets_a_verified_repair(what: str, engine: Engine, trials: QuickTrials) -> None:
    absent = what == "imports what is absent"
    found = engine.repair(BAD[what] + RIGHT_COUNT)
    if absent and found is None:
        return
    assert found is not None
    assert trials.failing([found.source]) == [[]]


@pytest.mark.parametrize(
    "source", ["def largest_gap(hs:\n    return 0", "x = '\0'", "def largest_gap(h):\n  return 1\n return 2", "(" * 300]
)
def test_what_is_no_python_has_no_repair(source: str, engine: Engine) -> None:
    assert engine.repair(source) is None


def test_the_best_so_far_counts_when_time_is_over(trials: QuickTrials) -> None:
    ticks = iter(range(10_000))
    pool = Pool([REFERENCE], ("largest_gap", "count_steep"))
    for seconds in (0, 3, 6, 12, 24):
        found = Engine(pool, trials, Effort(seconds=seconds, improving=2), clock=lambda: float(next(ticks))).repair(
            WRONG_BOUND + RIGHT_COUNT
        )
        assert found is None or trials.failing([found.source]) == [[]]
    assert found is not None


class Counting:
    """Trials, and how often they are asked."""

    def __init__(self, trials: QuickTrials) -> None:
        self._trials, self.runs = trials, 0

    def passed(self, programs: Sequence[str]) -> list[bool]:
        self.runs += 1
        return self._trials.passed(programs)

    def values(self, programs: Sequence[str]) -> list[Mapping[str, Sequence[str]]]:
        return self._trials.values(programs)


SMALL = (
    WRONG_BOUND + RIGHT_COUNT,
    WRONG_BOUND.replace("range(len(hs))", "range(len(hs) - 1)").replace("> top", "< top") + RIGHT_COUNT,
    REFERENCE.replace("count += 1", "count += 2"),
    REFERENCE.replace("best = gap", "gap = best"),
    REFERENCE.replace("return best", "return gap"),
)


@pytest.mark.parametrize("source", SMALL)
def test_a_small_repair_takes_two_runs_where_what_is_likely_is_asked_ahead(
    source: str, engine: Engine, trials: QuickTrials
) -> None:
    counting = Counting(trials)
    ahead = Engine(engine.pool, counting, Effort(seconds=600, improving=600, ahead=120, enough=4)).repair(source)
    patient = engine.repair(source)
    assert ahead is not None
    assert patient is not None
    assert trials.failing([ahead.source]) == [[]]
    assert ahead.distance <= patient.distance
    assert changed_lines(ahead) & changed_lines(patient)
    # Which function it is, and what may be wrong with it by one solution; then by the others.
    assert counting.runs <= 2


SLIPS = {
    "asks whether a tuple is an empty list": (
        "def first_gap(hs):\n    if hs == []:\n        return 0\n    return hs[0]\n",
        (("first_gap(())", "0"), ("first_gap([])", "0"), ("first_gap((4,))", "4")),
        {2},
    ),
    "keeps what it is to give back": (
        "def at_least(hs):\n    if len(hs) == 0:\n        low = 0\n    low = min(hs)\n    return low\n",
        (("at_least([])", "0"), ("at_least([3, 2])", "2")),
        {3},
    ),
    "gives no answer in the end": (
        "def has_steep(hs):\n    for h in hs:\n        if h > 3:\n            return True\n",
        (("has_steep([1])", "False"), ("has_steep([1, 5])", "True")),
        {4, 5},
    ),
}


@pytest.mark.parametrize("ahead", [0, 80])
@pytest.mark.parametrize("what", SLIPS)
def test_a_slip_is_put_right_without_another_solution(what: str, ahead: int) -> None:
    source, calls, lines = SLIPS[what]
    name = source.partition("(")[0].removeprefix("def ")
    # As unlike it as a solution can be.
    far = f"def {name}(values):\n    known = {{}}\n" + "".join(
        f"    if str(values) == str({call.partition('(')[2].removesuffix(')')}):\n        return {value}\n"
        for call, value in calls
    )
    with QuickTrials("", calls, cpu=0.05) as own:
        found = Engine(Pool([far], (name,)), own, Effort(seconds=600, improving=600, ahead=ahead)).repair(source)
        assert found is not None
        assert own.failing([found.source]) == [[]]
        assert changed_lines(found) <= lines | {max(lines) + 1}


@pytest.mark.parametrize("ahead", [1, 7, 120])
@pytest.mark.parametrize("what", ["recurses without end", "defines it twice", "has another name", "is empty"])
def test_what_is_asked_ahead_is_verified_like_all_else(
    what: str, ahead: int, engine: Engine, trials: QuickTrials
) -> None:
    for source in (BAD[what] + RIGHT_COUNT, BAD[what] + RIGHT_COUNT.replace("> most", ">= most")):
        found = Engine(engine.pool, trials, Effort(seconds=600, improving=600, ahead=ahead)).repair(source)
        assert found is not None
        assert trials.failing([found.source]) == [[]]
        assert found.edits
    assert Engine(engine.pool, trials, Effort(ahead=ahead)).repair(REFERENCE) is None


NAMES = st.lists(
    st.text("abcdefgh", min_size=2, max_size=5).filter(lambda name: name not in {"abs", "def"}),
    min_size=4,
    max_size=4,
    unique=True,
)


@settings(
    max_examples=5, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(names=NAMES, spaces=st.integers(1, 6), comment=st.booleans())
def test_names_and_layout_change_neither_the_place_nor_the_signature(
    engine: Engine, names: list[str], spaces: int, comment: bool
) -> None:
    source = WRONG_BOUND + RIGHT_COUNT
    first = engine.repair(source)
    tree = ast.parse(source)
    fresh = dict(zip(("hs", "top", "k", "step"), names, strict=True))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = fresh.get(node.id, node.id)
        elif isinstance(node, ast.arg):
            node.arg = fresh.get(node.arg, node.arg)
    renamed = ast.unparse(tree).replace("    ", " " * spaces)
    if comment:
        renamed = "# mine\n" + renamed.replace("\n", "   # so\n", 1)
    second = engine.repair(renamed)
    assert first is not None
    assert second is not None
    one, other = mistake(source, first), mistake(renamed, second)
    assert one.signature("gaps") == other.signature("gaps")
    assert len(changed_lines(first)) == len(changed_lines(second))
    assert first.distance == second.distance


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (1, 2, 0)])
def test_the_order_of_independent_statements_does_not_matter(order: tuple[int, ...], engine: Engine) -> None:
    starts = ("    top = 0\n", "    seen = 0\n", "    mine = len(hs)\n")
    rest = (
        "    for k in range(mine):\n        seen += 1\n        if abs(hs[k + 1] - hs[k]) > top:\n"
        "            top = abs(hs[k + 1] - hs[k])\n    return top\n"
    )
    source = "def largest_gap(hs):\n" + "".join(starts[at] for at in order) + rest + RIGHT_COUNT
    found = engine.repair(source)
    assert found is not None
    assert mistake(source, found).functions == ("largest_gap",)
    assert mistake(source, found).kinds == ("bound",)


def test_code_beside_a_mistake_does_not_change_its_signature(engine: Engine) -> None:
    plain, more = WRONG_BOUND + RIGHT_COUNT, "def idle(x):\n    return x\n\nNOTE = 'mine'\n" + WRONG_BOUND + RIGHT_COUNT
    one, other = engine.repair(plain), engine.repair(more)
    assert one is not None
    assert other is not None
    assert mistake(plain, one).signature("gaps") == mistake(more, other).signature("gaps")


def test_other_mistakes_have_other_signatures(engine: Engine) -> None:
    sources = (
        WRONG_BOUND + RIGHT_COUNT,
        WRONG_BOUND.replace("range(len(hs))", "range(len(hs) - 1)").replace("> top", "< top") + RIGHT_COUNT,
        REFERENCE.replace("    return count", ""),
    )
    found = [engine.repair(source) for source in sources]
    signatures = {mistake(s, f).signature("gaps") for s, f in zip(sources, found, strict=True) if f is not None}
    assert len(signatures) == len(sources)


def test_a_variable_that_only_the_repair_has_is_no_change_of_the_others() -> None:
    """It stands between the learner's own: those keep their numbers."""
    mine = "def gap(a):\n    total = 0\n    for x in a:\n        total += x\n    return total\n"
    more = "def gap(a):\n    low = 0\n    total = 0\n    for x in a:\n        total += x\n    return total\n"
    one, other = nameless(mine, more)
    assert set(other.splitlines()) - set(one.splitlines()) == {"    n0 = 0"}
    assert nameless(mine, mine)[0] == nameless(mine, mine)[1]


def test_a_function_under_another_name_keeps_its_variables() -> None:
    mine = "def gap(a):\n    total = a\n    return total\n"
    one, other = nameless(mine, mine.replace("gap", "largest_gap"))
    assert one.replace("gap", "largest_gap") == other


@given(names=NAMES)
def test_names_do_not_matter_to_what_stands_beside(names: list[str]) -> None:
    fresh = dict(zip(("hs", "top", "k", "step"), names, strict=True))
    pair = [WRONG_BOUND, WRONG_BOUND.replace("range(len(hs))", "range(len(hs) - 1)")]
    other = []
    for source in pair:
        tree = ast.parse(source)
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                node.id = fresh.get(node.id, node.id)
            elif isinstance(node, ast.arg):
                node.arg = fresh.get(node.arg, node.arg)
        other.append(ast.unparse(tree))
    assert nameless(pair[0], pair[1]) == nameless(other[0], other[1])


def test_a_signature_holds_no_code_of_a_solution(engine: Engine) -> None:
    source = WRONG_BOUND + RIGHT_COUNT
    found = engine.repair(source)
    assert found is not None
    told = mistake(source, found).signature("gaps")
    assert told.startswith("gaps|repair|largest_gap|bound|bound|1#")
