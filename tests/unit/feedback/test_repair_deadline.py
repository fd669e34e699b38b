"""A search ends when its time is over, wherever it is then; what it has found by that time counts."""

import ast
import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from feedback.repair import engine as engines
from feedback.repair.deadline import Deadline, OutOfTime
from feedback.repair.draft import Draft, Numbers, overlay
from feedback.repair.edits import Merge
from feedback.repair.engine import MAX_CHARACTERS, MAX_NODES, Effort, Engine
from feedback.repair.names import mapping
from feedback.repair.pool import Pool
from feedback.repair.trees import distance, size, upper_bound


def long_function(blocks: int, factor: int) -> str:
    """A function of about a dozen lines a block."""
    lines = ["def total(values):", "    found = 0"]
    for at in range(blocks):
        lines += [
            f"    for item_{at} in values:",
            f"        part_{at} = item_{at} * {factor} + {at}",
            f"        if part_{at} > {at + factor}:",
            f"            part_{at} = part_{at} - item_{at} // {at + 2}",
            f"            found += part_{at}",
            f"        elif part_{at} < {at}:",
            f"            found -= abs(part_{at}) + {factor}",
            "        else:",
            f"            kept_{at} = [part_{at}, item_{at}, found]",
            f"            kept_{at}.sort()",
            f"            found += kept_{at}[1] - kept_{at}[0]",
        ]
    return "\n".join([*lines, "    return found", ""])


MINE, OTHER = long_function(30, 3), long_function(28, 4).replace("item_", "value_").replace("found", "sum_of_all")


@dataclass
class Scripted:
    """Trials in which every program holds but one, or none does."""

    failing: str | None = None
    """The program that alone does not hold."""
    asked: int = 0

    def passed(self, programs: Sequence[str]) -> list[bool]:
        self.asked += len(programs)
        return [self.failing is not None and program != ast.unparse(ast.parse(self.failing)) for program in programs]

    def values(self, programs: Sequence[str]) -> list[Mapping[str, Sequence[str]]]:
        return [{} for _ in programs]


class Work:
    """A clock that goes on with each call of a function: the same on every machine, however busy."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> float:
        return float(self.calls)

    @contextmanager
    def counted(self) -> Iterator[None]:
        before = sys.getprofile()
        sys.setprofile(self._called)
        try:
            yield
        finally:
            sys.setprofile(before)

    def _called(self, _frame: object, event: str, _: object) -> None:
        self.calls += event in ("call", "c_call")


def function(source: str) -> ast.FunctionDef:
    (node,) = ast.parse(source).body
    assert isinstance(node, ast.FunctionDef)
    return node


def test_the_clock_is_asked_now_and_then_only() -> None:
    ticks = itertools.count()
    deadline = Deadline(100.0, lambda: float(next(ticks)))
    for _ in range(10_000):
        deadline.step()
    assert next(ticks) == 20
    for _ in range(79):
        deadline.step(500)
    with pytest.raises(OutOfTime):
        [deadline.step(500) for _ in range(3)]


def over_after(looks: int) -> Deadline:
    ticks = itertools.count()
    return Deadline(looks - 1, lambda: float(next(ticks)))


@pytest.mark.parametrize("looks", [0, 1, 5, 20])
def test_whatever_takes_long_looks_at_the_clock(looks: int) -> None:
    mine, other = function(MINE), function(OTHER)
    tree = ast.parse(MINE)
    (solution,) = Pool([OTHER], ("total",)).solutions
    long = {f"item_{at}": ["1"] * 60 for at in range(30)}
    with pytest.raises(OutOfTime):
        Merge(mine, other, deadline=over_after(looks))
    with pytest.raises(OutOfTime):
        distance(ast.parse(long_function(6, 3)), ast.parse(long_function(6, 4)), over_after(looks))
    with pytest.raises(OutOfTime):
        upper_bound(ast.parse(MINE), ast.parse(OTHER), over_after(looks))
    with pytest.raises(OutOfTime):
        mapping(mine, other, long, long, over_after(looks))
    with pytest.raises(OutOfTime):
        overlay(tree, function(MINE), solution, Numbers(over_after(looks)), {}, {})


def test_code_is_written_within_the_time_and_what_is_written_stays() -> None:
    tree = ast.parse("x = 1\n")
    now = 0.0
    draft = Draft(tree, {}, Deadline(1.0, lambda: now))
    assert draft.render(frozenset()) == "x = 1"
    now = 2.0
    assert draft.render(frozenset()) == "x = 1"
    with pytest.raises(OutOfTime):
        draft.render(frozenset({1}))


@pytest.mark.parametrize("ahead", [0, 80])
@pytest.mark.parametrize("failing", [MINE, None])
def test_a_long_program_takes_no_more_than_a_tenth_beyond_its_time(ahead: int, failing: str | None) -> None:
    work, trials = Work(), Scripted(failing)
    pool = Pool([OTHER, long_function(25, 7)], ("total",))
    effort = Effort(seconds=700_000, improving=700_000, ahead=ahead)
    with work.counted():
        found = Engine(pool, trials, effort, clock=work).repair(MINE)
    assert work.calls <= 1.1 * effort.seconds
    assert found is None or failing is not None


def test_other_forms_of_a_long_solution_are_made_within_the_time_and_what_was_made_is_kept() -> None:
    work, seconds = Work(), 1_500_000
    pool = Pool([OTHER], ("total",))
    with work.counted():
        # Reading what was made takes no longer than making it.
        pool.rewrite(Scripted(""), 10_000, Deadline(seconds / 2, work))
    assert seconds / 2 < work.calls <= 1.1 * seconds
    assert len(pool.solutions) > 1


def test_of_solutions_those_that_there_is_no_time_to_read_are_left_for_later() -> None:
    now = 0.0
    pool = Pool([long_function(1, 3)], ("total",))
    others = [long_function(1, factor) for factor in (4, 5)]

    def clock() -> float:
        nonlocal now
        now += 1
        return now

    pool.learn(others, Deadline(1.0, clock))
    assert len(pool.solutions) == 2
    pool.learn(others)
    assert len(pool.solutions) == 3


def test_a_huge_program_is_not_even_read() -> None:
    work, trials = Work(), Scripted()
    huge = "x = 1\n" * (MAX_CHARACTERS // 6 + 1)
    engine = Engine(Pool([OTHER], ("total",)), trials, Effort(seconds=100), clock=work)
    with work.counted():
        assert engine.repair(huge) is None
    assert work.calls <= 10
    assert trials.asked == 0


def test_a_search_ends_by_a_moment_whenever_it_began() -> None:
    trials = Scripted()
    pool, source = Pool([long_function(1, 3)], ("total",)), long_function(1, 4)
    assert Engine(pool, trials, Effort(seconds=600), clock=lambda: 5.0, until=4.0).repair(source) is None
    assert trials.asked == 0
    assert Engine(pool, trials, Effort(seconds=600), clock=lambda: 5.0, until=6.0).repair(source) is None
    assert trials.asked > 0


def test_a_repair_is_not_lost_to_the_count_of_what_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object) -> int:
        raise OutOfTime

    pool = Pool([long_function(2, 3)], ("total",))
    source = long_function(2, 4)
    counted = Engine(pool, Scripted(source), Effort(seconds=600)).repair(source)
    monkeypatch.setattr(engines, "distance", late)
    found = Engine(pool, Scripted(source), Effort(seconds=600)).repair(source)
    assert counted is not None
    assert found is not None
    assert found.source == counted.source
    assert found.distance == sum(edit.cost for edit in found.edits) > 0


def test_no_search_is_begun_for_a_program_that_takes_long_to_write() -> None:
    trials = Scripted("")
    longest = "x = 1\n" * (MAX_NODES // 3)
    assert Engine(Pool([OTHER], ("total",)), trials).repair(longest + "x = 1\n" * 2) is None
    assert trials.asked == 0
    assert size(ast.parse(longest)) <= MAX_NODES


def test_beyond_a_number_of_cells_the_distance_is_an_upper_bound_of_it() -> None:
    sources = (long_function(1, 2), long_function(2, 2), long_function(2, 5), "def total(values):\n    return 0\n", "")
    for one, other in itertools.product(map(ast.parse, sources), repeat=2):
        exact, bound = distance(one, other), distance(one, other, most=0)
        assert exact <= bound == upper_bound(one, other) <= size(one) + size(other)
        assert (bound == 0) == (exact == 0)


def test_one_word_in_a_long_program_is_one_node_by_the_bound_too() -> None:
    source = long_function(60, 2)
    assert upper_bound(ast.parse(source), ast.parse(source.replace("found += part_50", "found += part_5"))) == 1
    work = Work()
    with work.counted():
        distance(ast.parse(source), ast.parse(long_function(60, 3)))
    assert work.calls < 3_000_000
