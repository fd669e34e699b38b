"""Inputs that get less and less, and keep the kind and shape that a case shows."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.evidence.arguments import Array, Dates, Frame, Series, everything, length
from feedback.evidence.shrinking import Shown, measure, reductions, shown_by

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.floats(-9, 9) | st.text("ab 1", max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text("xyz", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)
numbers = st.integers(-20, 20) | st.floats(-20, 20)
series = st.lists(numbers, min_size=1, max_size=5).flatmap(
    lambda items: st.sampled_from([Series(items), Series(items, list(items)), Series(items, Dates("2020", 9, "D"))])
)
frames = st.lists(st.tuples(numbers, st.text("ab", max_size=2)), min_size=1, max_size=4).map(
    lambda rows: Frame([("n", [n for n, _ in rows]), ("t", [t for _, t in rows])])
)
arrays = st.lists(st.lists(numbers, min_size=2, max_size=2), min_size=1, max_size=3).map(Array)
anything = plain | series | frames | arrays


def numbers_of(value: Any) -> list[float]:
    return [one for one in everything(value) if isinstance(one, int | float) and not isinstance(one, bool)]


@settings(deadline=None)
@given(st.lists(anything, min_size=1, max_size=2).map(tuple), st.booleans())
def test_each_is_less_and_of_the_same_kinds(args: tuple[Any, ...], zero: bool) -> None:
    for less in reductions(args, Shown(zero=zero)):
        assert measure(less) < measure(args)
        assert [type(value) for value in less] == [type(value) for value in args]
        assert {type(one) for one in everything(less)} <= {type(one) for one in everything(args)}
        # What is empty or 0 was so before; no number changes its side.
        assert zero or numbers_of(args).count(0) >= numbers_of(less).count(0)
        assert {n < 0 for n in numbers_of(less) if n} <= {n < 0 for n in numbers_of(args) if n}
        for value, before in zip(less, args, strict=True):
            if isinstance(value, list | tuple | Series | Frame | Array):
                assert length(value) or not length(before)
            if isinstance(value, str | dict):
                assert value or not before


NOTHING = Shown()


def made(value: Any, shown: Shown = NOTHING) -> list[Any]:
    return [less for (less,) in reductions((value,), shown)]


def test_rows_columns_and_labels_go() -> None:
    frame = Frame([("a", [5, 6]), ("b", ["x", "y"])], ["p", "q"])
    less = made(frame)
    assert Frame([("a", [5]), ("b", ["x"])], ["p"]) in less
    assert Frame([("a", [5, 6])], ["p", "q"]) in less
    assert Frame(frame.columns) in less
    assert Frame([("a", [1, 6]), ("b", ["x", "y"])], ["p", "q"]) in less
    assert Array([[1, 2]]) in made(Array([[1, 2], [3, 4]]))
    assert Array([[1], [3]]) in made(Array([[1, 2], [3, 4]]))
    dated = Series([5.0, 7.0, 6.0], Dates("2020-01-01", 3, "MS"))
    assert Series([7.0, 6.0], Dates("2020-01-01", 2, "MS")) in made(dated)
    assert Series([1.0, 3.0, 2.0], dated.index) in made(dated)


def test_records_keep_their_keys_and_a_dictionary_alone_does_not() -> None:
    record = {"name": "Ann", "situps": 90}
    assert {"situps": 90} in made(record)
    assert [{"situps": 90}] not in made([record])
    assert [{"name": "Ann", "situps": 1}] in made([record])
    assert [{"name": "nn", "situps": 90}] in made([record])
    assert [(1, 2)] in made([(1, 5)])
    assert (5,) in made((1, 5))


def test_texts_lose_words_and_characters() -> None:
    assert {"b", "ab", "a", "a  b"[:2]} <= {*made("a  b"), "ab", *made("a b")}
    assert "two" in made("one two")
    assert "" not in made("a")
    assert "" in made("a", Shown(empty=frozenset({"str"})))
    assert " " in made("   ")
    assert max(map(len, made("word " * 20))) < 100


def test_zero_and_empty_only_where_some_input_is_so() -> None:
    shown = shown_by([([1, 0],), ([],)])
    assert shown == Shown(frozenset({"list"}), zero=True)
    assert 0 in made(9, shown)
    assert [] in made([9, 9], shown)
    assert shown_by([([[False]], {"k": "v"}, 1)]) == Shown()
    assert 0 not in made(9)
    assert made(1) == []
    assert made(-1) == []
    assert -1 in made(-7)


def shrunk(args: tuple[Any, ...], fails: Callable[..., bool], room: int = 16) -> tuple[Any, ...]:
    """What rounds come to, with everything run right here."""
    best, tried = args, set[str]()
    while True:
        new = {repr(one): one for one in reductions(best, Shown()) if repr(one) not in tried}
        batch = list(new.values())[:room]
        if not batch:
            return best
        tried.update(map(repr, batch))
        best = min([best, *(one for one in batch if fails(*one))], key=measure)


@pytest.mark.parametrize(
    ("args", "fails", "least"),
    [
        (([8, 3, 9, 4, 7, 1],), lambda days: days != sorted(days), ([2, 1],)),
        ((list(range(5, 40)),), lambda days: len(days) >= 7, ([1] * 7,)),
        (("the quick brown fox",), lambda text: "q" in text, ("q",)),
        (([{"n": 90, "who": "Ann"}, {"n": 140, "who": "Cy"}], 60), lambda team, least: len(team) > 1, None),
        ((Series([5.0, 7.0, 6.0, 9.0], Dates("2020", 4, "D")), 6), lambda s, n: n > len(s.items), (Series([1.0]), 2)),
        ((Frame([("a", [4, 8, 2]), ("b", [1, 1, 1])]),), lambda f: max(f.columns[0][1]) > 2, (Frame([("a", [3])]),)),
    ],
)
def test_rounds_end_at_the_least_that_still_fails(
    args: tuple[Any, ...], fails: Callable[..., bool], least: tuple[Any, ...] | None
) -> None:
    found = shrunk(args, fails)
    assert fails(*found)
    assert least is None or found == least
    # Nothing that is left to take away could be spared.
    assert not any(fails(*one) for one in reductions(found, Shown()))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 99), min_size=1, max_size=12), st.integers(1, 60))
def test_whatever_fails_goes_on_failing_is_no_larger_and_the_same_each_time(days: list[int], limit: int) -> None:
    def fails(values: list[int]) -> bool:
        return sum(values) >= limit

    if fails(days):
        found = shrunk((days,), fails)
        assert fails(*found)
        assert measure(found) <= measure((days,))
        assert found == shrunk((days,), fails)
