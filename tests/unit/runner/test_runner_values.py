"""Values of plain Python objects; those of NumPy and pandas are tested in the learners' Python."""

import datetime
import decimal
import fractions
import json
import math
from collections import Counter, OrderedDict, defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runner.sandbox.observe.values import observed


def value(obj: Any) -> dict[str, Any]:
    described = observed(obj, 1)
    json.dumps(described, allow_nan=False)
    return described


@pytest.mark.parametrize(
    ("obj", "kind", "family", "said"),
    [
        (None, "NoneType", "none", None),
        (True, "bool", "bool", True),
        (3, "int", "int", 3),
        (2**53 + 1, "int", "int", {"i": "9007199254740993"}),
        (-(10**300), "int", "int", {"i": "-1" + "0" * 300}),
        (0.1, "float", "float", 0.1),
        (math.nan, "float", "float", {"f": "nan"}),
        (-math.inf, "float", "float", {"f": "-inf"}),
        (1 + 2j, "complex", "complex", {"t": [1.0, 2.0]}),
        (datetime.date(2026, 1, 2), "datetime.date", "time", "2026-01-02"),
        (datetime.datetime(2026, 1, 2, 3), "datetime.datetime", "time", "2026-01-02T03:00:00"),
        (datetime.timedelta(days=1, hours=2), "datetime.timedelta", "duration", "P1DT7200.0S"),
        (decimal.Decimal("1.10"), "decimal.Decimal", "float", 1.1),
        (fractions.Fraction(1, 2), "fractions.Fraction", "float", 0.5),
    ],
)
def test_scalars(obj: Any, kind: str, family: str, said: Any) -> None:
    described = value(obj)
    assert {"kind": "scalar", "type": kind, "family": family, "value": said}.items() <= described.items()


def test_an_absurdly_long_integer_is_not_spelt_out() -> None:
    assert value(10**5_000)["value"] == {"o": "int"}


def test_text_is_cut_but_hashed_whole() -> None:
    long, other = value("a" * 5_000 + "b"), value("a" * 5_000 + "c")
    assert long["length"] == 5_001
    assert long["value"] == other["value"] == "a" * 2_000
    assert long["hash"] != other["hash"]
    assert value("\ud800")["value"] == "?"
    assert value(b"\x01\xff")["value"] == "01ff"


def test_containers_hold_their_elements_as_values() -> None:
    assert [item["value"] for item in value([1, "a", None])["items"]] == [1, "a", None]
    assert value((1, [2]))["items"][1]["kind"] == "list"
    assert [item["value"] for item in value({3, 1, 2})["items"]] == [1, 2, 3]
    described = value({"b": 1, (1, 2): [3]})
    assert described["keys"] == ["b", {"t": [1, 2]}]
    assert described["items"][1][1]["kind"] == "list"
    for made, name in (
        (Counter("aab"), "Counter"),
        (OrderedDict(a=1), "OrderedDict"),
        (defaultdict(int), "defaultdict"),
    ):
        assert value(made)["type"] == name


def test_long_containers_are_cut_and_hashed_whole() -> None:
    one, other = value([*range(999), 1]), value([*range(999), 2])
    assert (one["length"], len(one["items"])) == (1_000, 200)
    assert one["hash"] != other["hash"]


@given(st.lists(st.integers() | st.floats(allow_nan=False) | st.text() | st.none(), max_size=8))
def test_hashes_tell_order_and_only_the_unordered_ignores_it(items: list[Any]) -> None:
    here, turned = value(items)["hash"], value(items[::-1])["hash"]
    assert here["unordered"] == turned["unordered"]
    tokens = [value([item])["hash"]["ordered"][0] for item in items]
    assert (here["ordered"][0] == turned["ordered"][0]) == (tokens == tokens[::-1])


@given(st.floats(min_value=-1e12, max_value=1e12), st.floats(min_value=-1e-10, max_value=1e-10))
def test_floats_that_hash_alike_are_close(number: float, change: float) -> None:
    other = number * (1 + change)
    if value([number])["hash"]["ordered"][0] == value([other])["hash"]["ordered"][0]:
        assert math.isclose(number, other, rel_tol=2e-9, abs_tol=1e-300)


def test_rounding_noise_does_not_change_the_coarse_hash() -> None:
    for number in (0.1, 1 / 3, 2.5, 1234567.891, 1e-7, 0.30000000000000004):
        assert value([number])["hash"]["ordered"][1] == value([number * (1 + 3e-16)])["hash"]["ordered"][1]
    assert value([1])["hash"] == value([1.0])["hash"]
    assert value([1])["hash"] != value([True])["hash"]
    assert value([1.0])["hash"] != value([1.001])["hash"]


def test_code_and_modules() -> None:
    def clean(df: Any, /, how: str = "any", *rest: Any, strict: bool = False, **more: Any) -> None: ...

    assert value(clean) == {
        "kind": "function", "name": "clean", "args": ["df", "how"], "defaults": 1, "keyword_only": ["strict"],
        "varargs": True, "varkw": True,
    }  # fmt: skip
    assert value(len) == {"kind": "function", "name": "len", "args": None}
    assert value(json) == {"kind": "module", "name": "json"}
    assert value(int)["class"] == "int"


def test_subclasses_of_everything_are_other() -> None:
    for base in (int, float, str, list, dict, tuple, set):
        made = type("Mine", (base,), {})()
        described = value(made)
        assert (described["kind"], described["type"], described["bases"][0]) == ("other", "Mine", base.__name__)


def test_what_holds_something_unknown_has_no_hash() -> None:
    assert value([object()])["hash"] == {"ordered": [None, None], "unordered": [None, None]}
    endless: list[Any] = []
    endless.append(endless)
    assert value(endless)["hash"]["ordered"] == [None, None]
