"""Which edits of a verified repair mend mistakes of their own: by what holds when only some of them are taken."""

from collections.abc import Collection, Sequence

import pytest

from benchmarks.quick_trials import QuickTrials
from feedback.repair.deadline import OutOfTime
from feedback.repair.engine import Effort, Engine, Repaired, parted
from feedback.repair.mistakes import mistake, mistake_of, signed
from feedback.repair.pool import Pool
from feedback.repair.questions import questions

REFERENCE = """
def count_steep(heights, limit):
    count = 0
    for i in range(len(heights) - 1):
        if abs(heights[i + 1] - heights[i]) > limit:
            count += 1
    return count

def highest(heights):
    top = heights[0]
    for height in heights:
        if height > top:
            top = height
    return top
"""
CALLS = (
    ("count_steep([1, 5, 6, 12], 3)", "2"),
    ("count_steep([1, 4, 0], 3)", "1"),
    ("count_steep([], 1)", "0"),
    ("highest([2, 9, 4])", "9"),
    ("highest([-3, -5])", "-3"),
)
BOUND, START = REFERENCE.replace("> limit", ">= limit"), REFERENCE.replace("count = 0", "count = 1")
BOTH = BOUND.replace("count = 0", "count = 1")
LOW = "if height > top:\n            top = height"
NO_COUNT = REFERENCE.replace("    count = 0\n", "").replace("count += 1", "pass").replace("return count", "return 0")


def repaired(source: str) -> Repaired:
    with QuickTrials("", CALLS, cpu=0.05) as trials:
        found = Engine(
            Pool([REFERENCE], ("count_steep", "highest")), trials, Effort(seconds=600, improving=600)
        ).repair(source)
        assert found is not None
        return parted(found, trials.failing)


def lines(found: Repaired) -> list[set[int]]:
    return [{edit.lines[0] for edit in part.edits} for part in found.parts]


def test_two_mistakes_in_one_function_are_two_parts_the_one_that_breaks_most_first() -> None:
    found = repaired(BOTH)
    assert lines(found) == [{3}, {5}]
    assert [part.breaks for part in found.parts] == [{0, 1, 2}, {1}]
    assert {number for part in found.parts for number in part.breaks} == {0, 1, 2}


def test_each_part_is_the_mistake_that_it_is_when_it_is_made_alone() -> None:
    found = repaired(BOTH)
    alone = [mistake(source, repaired(source)).signature("gaps") for source in (START, BOUND)]
    assert [part.signature for part in signed(BOTH, found, "gaps").parts] == alone
    assert len(set(alone)) == 2


@pytest.mark.parametrize("source", [BOUND, START])
def test_one_mistake_is_no_part_of_anything(source: str) -> None:
    assert repaired(source).parts == ()


def test_edits_that_need_each_other_are_one_mistake() -> None:
    found = repaired(NO_COUNT)
    assert len(found.edits) > 1
    assert found.parts == ()


def test_what_needs_each_other_in_two_functions_is_a_part_of_each() -> None:
    source = NO_COUNT.replace("top = heights[0]", "top = 0")
    found = repaired(source)
    assert [part.breaks for part in found.parts] == [{0, 1}, {4}]
    assert [mistake_of(source, found, part).functions for part in found.parts] == [("count_steep",), ("highest",)]


def test_without_the_time_to_tell_them_apart_the_repair_stays_whole() -> None:
    def late(_: Sequence[str]) -> Sequence[Collection[int]]:
        raise OutOfTime

    with QuickTrials("", CALLS, cpu=0.05) as trials:
        pool = Pool([REFERENCE], ("count_steep", "highest"))
        found = Engine(pool, trials, Effort(seconds=600, improving=600)).repair(BOTH)
    assert found is not None
    whole = parted(found, late)
    assert (whole.parts, whole.draft, whole.edits) == ((), None, found.edits)


def test_two_runs_of_a_few_programs_are_enough() -> None:
    asked: list[int] = []
    with QuickTrials("", CALLS, cpu=0.05) as trials:

        def counted(programs: Sequence[str]) -> Sequence[Collection[int]]:
            asked.append(len(programs))
            return trials.failing(programs)

        pool = Pool([REFERENCE], ("count_steep", "highest"))
        found = Engine(pool, trials, Effort(seconds=600, improving=600)).repair(BOTH)
        assert found is not None
        parted(found, counted)
    assert len(asked) <= 2
    assert sum(asked) <= 8


def test_questions_are_statements_that_can_fail_and_what_is_no_python_asks_nothing() -> None:
    check = "small = f(1)\nassert small\nfor x in (1, 2):\n    assert f(x)\ndef later():\n    assert small\n"
    found = questions([check, "assert (", "assert f(3)"])
    assert [(one.check, one.statement.lineno) for one in found] == [(0, 2), (0, 3), (2, 1)]
