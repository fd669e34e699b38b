"""What must hold for any values, not only for those somebody thought of."""

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from feedback.evidence.numbers import Tolerance
from feedback.evidence.values import differences
from services.contracts.case import Compare
from services.runner.sandbox.observe.values import observed

numbers = st.one_of(st.integers(-(10**20), 10**20), st.floats(allow_nan=True, allow_infinity=True))
leaves = st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=8))
things = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=3), inner, max_size=4)),
)


def differ(one: Any, other: Any, **rule: Any) -> bool:
    return bool(differences(observed(one, 1), observed(other, 1), Compare(name="it", **rule)))


@given(things)
def test_everything_is_equal_to_itself(thing: Any) -> None:
    assert not differ(thing, thing)
    assert not differ(thing, thing, order="ignore")
    assert not differ(thing, thing, dtypes="exact", relative_tolerance=0, absolute_tolerance=0)


@given(things, things)
def test_a_difference_is_one_from_both_sides(one: Any, other: Any) -> None:
    assert differ(one, other) == differ(other, one)


@given(st.floats(), st.floats(), st.floats(0, 1), st.floats(0, 10))
def test_tolerance_is_symmetric(one: float, other: float, relative: float, absolute: float) -> None:
    tolerance = Tolerance(relative, absolute)
    assert tolerance.close(one, other) == tolerance.close(other, one)
    assert tolerance.close(one, one) or math.isnan(one)


@given(st.floats(-1e9, 1e9), st.floats(-0.9, 0.9))
def test_what_lies_within_the_tolerance_is_equal(number: float, share: float) -> None:
    rule = {"relative_tolerance": 1e-3, "absolute_tolerance": 1e-6}
    moved = number + share * max(abs(number) * 1e-3, 1e-6)
    assert not differ([number, "x"], [moved, "x"], **rule)


@given(st.lists(things, max_size=8), st.randoms(use_true_random=False))
def test_order_ignore_does_not_see_a_permutation(items: list[Any], random: Any) -> None:
    shuffled = list(items)
    random.shuffle(shuffled)
    assert not differ(items, shuffled, order="ignore")


@given(st.lists(st.integers(0, 50), min_size=1, max_size=300), st.integers(0, 10**6))
def test_one_changed_element_is_seen_in_any_order(items: list[int], at: int) -> None:
    changed = list(items)
    changed[at % len(items)] += 1000
    assert differ(items, changed, order="ignore")
    assert differ(items, changed)


forged = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=6)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(
                ["kind", "shape", "length", "items", "keys", "values", "data", "columns", "hash", "family", "i"]
            ),
            inner,
            max_size=6,
        ),
    ),
)


@given(
    st.sampled_from([3, "a", [1, 2.5], {"a": [1]}, {1, 2}, (1, None)]),
    st.sampled_from(["frame", "list", "dict", "array", "series", "scalar", "text", "model", "set", "index"]),
    st.dictionaries(st.text(max_size=8), forged, max_size=6),
)
def test_no_forged_value_crashes_or_passes(expected: Any, kind: str, body: dict[str, Any]) -> None:
    assert differences(observed(expected, 1), {**body, "kind": kind}, Compare(name="it"))
