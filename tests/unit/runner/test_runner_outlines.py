"""An outline says the same of an object's kind as its Value, and marks what is foreign in it."""

import collections
import datetime
import types
from collections.abc import Iterator
from typing import Any

import numpy
import pytest

from services.runner.sandbox.observe.outlines import outlined
from services.runner.sandbox.observe.values import observed

JUDGED = {"scalar": ("type", "family"), "text": ("type",), "other": ("type", "class"), "array": ("shape",)}


class Always:
    """Equal to everything."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def objects() -> Iterator[tuple[str, Any]]:
    always, date = Always(), datetime.date(2026, 1, 2)
    for number, thing in enumerate(
        (None, True, 3, 10**500, 2**70, 0.5, 1j, "text", b"bytes", date, always, Always, len)
    ):
        yield f"plain {number}", thing
    for name, made in (("list", list), ("tuple", tuple)):
        yield name, made([1, 2.5, "x", None, date])
        yield f"{name} of odd ones", made([1, always])
        yield f"{name} of long numbers", made([10**500])
        yield f"nested {name}", made([[1, [2, always]]])
        yield f"{name}, odd where nothing is shown", made([*range(200), always])
        yield f"{name}, too deep", made([[[[[[always]]]]]])
    yield "empty", []
    yield "set", {1, "a", None}
    yield "odd set", {1, Always}
    yield "frozenset", frozenset("ab")
    yield "dict", {"a": [1], "b": {"c": 2.0}}
    yield "odd in a dict", {"a": {"b": always}}
    yield "odd key", {Always: 1}
    yield "counter", collections.Counter("aab")
    yield "namespace", types.SimpleNamespace(a=1)
    yield "module", types
    yield "function", objects


def arrays() -> Iterator[tuple[str, Any]]:
    always = Always()
    yield "array", numpy.arange(6.0).reshape(3, 2)
    yield "scalar array", numpy.array(3)
    yield "numpy scalar", numpy.float64(2)
    yield "array of text", numpy.array(["a", "b"])
    yield "array of bytes", numpy.array([b"a"])
    yield "array of times", numpy.array(["2026-01-01"], dtype="datetime64[D]")
    yield "array of objects", numpy.array([1, "a", None], dtype=object)
    yield "odd array", numpy.array([1, always], dtype=object)
    yield "records", numpy.array([(1, 2.0)], dtype=[("a", int), ("b", float)])
    yield "list of arrays", [numpy.arange(3)]
    yield "list with an odd array", [numpy.array([always], dtype=object)]


def foreign(value: Any) -> bool:
    """Whether a whole Value shows anything that the runner does not look into."""
    if isinstance(value, dict):
        return value.get("kind") == "other" or "o" in value or any(map(foreign, value.values()))
    return isinstance(value, list) and any(map(foreign, value))


@pytest.mark.parametrize("make", [objects, arrays], ids=lambda make: make.__name__)
def test_an_outline_agrees_with_the_whole_value(make: Any) -> None:
    for name, thing in make():
        value, outline = observed(thing, 7), outlined(thing, 7)
        told = {key: value[key] for key in ("kind", *JUDGED.get(value["kind"], ())) if key in value}
        assert {key: outline[key] for key in told} == told, name
        odd = outline.get("foreign", False) or outline["kind"] == "other" or foreign(outline.get("value"))
        assert odd == foreign(value), name


def test_an_outline_of_an_array_holds_none_of_its_elements() -> None:
    assert outlined(numpy.arange(1_000.0), 7) == {"kind": "array", "shape": [1_000]}
    assert outlined([1, 2, 3], 7) == {"kind": "list", "length": 3}
    assert outlined({"name": "Ada"}, 7) == {"kind": "dict", "length": 1}
    assert outlined("Ada", 7) == {"kind": "text", "type": "str", "length": 3}
