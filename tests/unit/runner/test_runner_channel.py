"""What a sandbox says is made harmless, and stays what it is otherwise."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.runner.channel import MAX_DEPTH, harmless
from services.runner.sandbox.wire import Garbled

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(blacklist_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(blacklist_categories=())), inner),
    max_leaves=20,
)


@given(JSON)
def test_whatever_comes_our_writers_can_write(value: Any) -> None:
    json.dumps(harmless(value), allow_nan=False, ensure_ascii=False).encode()


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_what_is_harmless_stays(value: Any) -> None:
    assert harmless(value) == value
    assert harmless({"a": value}) == {"a": value}


def test_lone_surrogates_and_non_numbers_go_wherever_they_are() -> None:
    assert harmless({"\ud800": [math.inf, {"b": math.nan}], "c": "é\udfff", "d": -math.inf, "e": 1.5}) == {
        "?": [None, {"b": None}],
        "c": "é?",
        "d": None,
        "e": 1.5,
    }


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"a": inner}], ids=["list", "object"])
def test_what_is_nested_too_deeply_is_refused(wrap: Any) -> None:
    value: Any = "x"
    for _ in range(MAX_DEPTH):
        value = wrap(value)
    assert harmless(value) == value
    with pytest.raises(Garbled):
        harmless(wrap(value))
