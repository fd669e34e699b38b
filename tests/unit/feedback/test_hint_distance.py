"""How far a repair is from a learner's code."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.hints.distance import answers_distance, code_distance, edits

TOKENS = st.lists(st.sampled_from(["a", "b", "(", ")", "=", "1"]), max_size=30)
SOURCES = st.text(st.sampled_from("ab =()[]:#'\"\n\t1+é"), max_size=60)


def by_table(one: list[str], other: list[str]) -> int:
    """The textbook's way."""
    row = list(range(len(other) + 1))
    for i, mine in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, theirs in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (mine != theirs))
    return row[-1]


@given(TOKENS, TOKENS)
def test_edits_are_those_of_the_textbook(one: list[str], other: list[str]) -> None:
    assert edits(one, other) == by_table(one, other)


@given(SOURCES, SOURCES)
def test_it_is_the_same_both_ways_whatever_the_text(one: str, other: str) -> None:
    assert code_distance(one, one) == 0
    assert code_distance(one, other) == code_distance(other, one) >= 0


@given(SOURCES)
def test_comments_and_blank_lines_are_nothing(source: str) -> None:
    try:
        compile(source, "cell", "exec")
    except (SyntaxError, ValueError):
        return
    assert code_distance(source, f"# said\n\n{source}\n\n# more") == 0


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ("x=1", "x  =  1  # one", 0),
        ("x = 1", "x = 2", 1),
        ("total = a + b", "total = a - b", 1),
        ("def f(x):\n    return x", "def f(x):\n    return x * 2", 2),
        ("f(x)", "f(x, y)", 2),
        ("", "x = 1", 3),
        ("print('a b')", "print('a c')", 1),
    ],
)
def test_small_changes_cost_what_they_look_like(one: str, other: str, distance: int) -> None:
    assert code_distance(one, other) == distance


def test_moving_a_line_out_of_a_loop_is_a_change() -> None:
    inside = "for n in numbers:\n    total += n\n    return total"
    outside = "for n in numbers:\n    total += n\nreturn total"
    assert code_distance(inside, outside) == 2
    assert code_distance("total = 1", "if ready:\n    total = 1") == 5


def test_code_that_does_not_parse_is_compared_all_the_same() -> None:
    assert code_distance("x = (1 +", "x = (1 + 2)") == 2
    assert code_distance("x = 'open", "x = 'open'") > 0


def test_all_answer_cells_count() -> None:
    assert answers_distance({"a": "x = 1", "b": "y = 1"}, {"a": "x = 2", "b": "y = 2"}) == 2
    assert answers_distance({"a": "x = 1"}, {"a": "x = 1", "b": "y = 1"}) == 3


def test_each_token_of_a_huge_cell_is_looked_at_once() -> None:
    class Tokens(list[str]):
        looked = 0

        def __iter__(self) -> Iterator[str]:
            for token in super().__iter__():
                self.looked += 1
                yield token

    one, other = Tokens(f"t{n % 97}" for n in range(12_000)), Tokens(f"t{n % 89}" for n in range(12_000))
    assert edits(one, other) > 0
    assert (one.looked, other.looked) == (12_000, 12_000)
