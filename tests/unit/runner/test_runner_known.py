"""Which objects are described where they are; those of pandas are tested in the learners' Python."""

import datetime
import math
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import numpy
import pytest

from services.runner.sandbox.observe.known import MAX_DEPTH, MAX_ELEMENTS, all_known, content_of

asked: list[str] = []
"""What objects of learners' classes were asked for."""


class Own:
    """A learner's class."""

    def __getattribute__(self, name: str) -> Any:
        asked.append(name)
        return object.__getattribute__(self, name)

    def __eq__(self, other: object) -> bool:
        asked.append("==")
        return self is other

    __hash__ = None  # type: ignore[assignment]


class OwnList(list[int]):
    def __iter__(self) -> Iterator[int]:
        asked.append("iter")
        return super().__iter__()


def nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


@pytest.mark.parametrize(
    "obj",
    [
        None,
        1,
        math.nan,
        "text",
        datetime.date(2026, 1, 1),
        [1, "a", None],
        {"a": [1, 2], "b": {3}},
        (frozenset({1}),),
        len,
        nested,
        math,
        numpy.float64(1),
        numpy.arange(6.0).reshape(2, 3),
        numpy.array(["a", None, 1], dtype=object),
        numpy.array(["2026-01-01"], dtype="datetime64[D]"),
        nested(MAX_DEPTH),
    ],
    ids=[str(n) for n in range(16)],
)
def test_what_is_pythons_and_numpys_own_is_known(obj: Any) -> None:
    assert all_known([obj])


@pytest.mark.parametrize(
    "obj",
    [
        Own(),
        Own,
        [Own()],
        {"a": (Own(),)},
        OwnList([1]),
        OrderedDict(a=1),
        numpy.array([Own()], dtype=object),
        numpy.array([[1]], dtype=object).view(type("Ours", (numpy.ndarray,), {})),
        numpy.zeros(2, dtype=[("a", int)]),
        (number for number in range(3)),
        range(3),
        nested(MAX_DEPTH + 2),
    ],
    ids=[str(n) for n in range(12)],
)
def test_what_may_be_a_learners_is_not_and_is_never_asked(obj: Any) -> None:
    asked.clear()
    assert not all_known([obj])
    assert not asked


def test_all_together_are_bounded() -> None:
    half = numpy.zeros(MAX_ELEMENTS // 2 + 1)
    assert all_known([half])
    assert not all_known([half, half])
    endless: list[Any] = []
    endless.append(endless)
    assert not all_known([endless])


@pytest.mark.parametrize("code", [len, nested, math], ids=["builtin", "function", "module"])
def test_functions_and_modules_are_no_content(code: Any) -> None:
    assert content_of([1, [2]])
    assert content_of([[code]]) is None


def test_content_is_bounded() -> None:
    assert content_of([[1], 2, 3], most=4)
    assert content_of([[1], 2, 3], most=3) is None
    numbers = numpy.zeros(5)
    assert content_of(numbers, most=5)
    assert content_of(numbers, most=4) is None


def change_list(values: dict[str, Any]) -> None:
    values["list"].append(1)


def change_deep(values: dict[str, Any]) -> None:
    values["deep"]["a"][0] = (2,)


def change_key(values: dict[str, Any]) -> None:
    values["deep"]["b"] = 1


def change_set(values: dict[str, Any]) -> None:
    values["set"].add(7)


def change_number(values: dict[str, Any]) -> None:
    values["numbers"][1, 0] += 1


def change_shape(values: dict[str, Any]) -> None:
    values["numbers"].shape = (6,)


def change_object(values: dict[str, Any]) -> None:
    values["objects"][0] = "c"


@pytest.mark.parametrize(
    "change",
    [change_list, change_deep, change_key, change_set, change_number, change_shape, change_object],
    ids=lambda change: change.__name__,
)
def test_content_is_equal_until_anything_in_it_changes(change: Callable[[dict[str, Any]], None]) -> None:
    values = {
        "list": [3],
        "deep": {"a": [(1,), None]},
        "set": {1, 2},
        "numbers": numpy.arange(6.0).reshape(3, 2),
        "objects": numpy.array(["a", "b"], dtype=object),
    }
    assert same(values, lambda _: None)
    assert not same(values, change)


def same(values: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> bool:
    contents = [content_of(value) for value in values.values()]
    change(values)
    assert None not in contents
    return all(content.is_the_same() for content in contents if content)


def test_what_takes_the_place_of_something_else_is_no_more_the_same() -> None:
    """Where an object was, the next one may come to lie."""

    def anew(values: dict[str, Any]) -> None:
        for number, kept in enumerate(values["list"]):
            values["list"][number] = None
            del kept
            values["list"][number] = 0.5 + number

    assert not same({"list": [1.5 + number for number in range(9)]}, anew)


def test_of_what_refers_to_itself_there_is_no_telling() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert content_of(endless) is None
