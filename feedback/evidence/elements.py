"""Runs of elements (`Facts` in docs/reference/values.md): arrays, columns, indexes, lists of numbers."""

from typing import Any

from feedback.evidence.numbers import Tolerance
from feedback.evidence.plain import as_number, same, same_all, same_bag
from services.contracts.observation import Value

# Families whose hash is exact: two different hashes prove a difference.
EXACT = frozenset({"bool", "int", "text", "time", "duration", "category"})
# What each half of a hash vouches for, as relative tolerance.
FINE, COARSE = 1e-9, 1.2e-7
# `mix` holds numbers of the order 1 that gathered the rounding of a whole row.
MIX = Tolerance(relative=1e-6, absolute=1e-6)


def same_elements(expected: Value, actual: Value, tolerance: Tolerance, *, ordered: bool) -> bool:
    """Whether two runs hold the same elements; in any order when not `ordered`. Data types are not looked at."""
    if expected.get("length") != actual.get("length"):
        return False
    exact = expected.get("family") in EXACT and actual.get("family") in EXACT
    if same_hash(expected.get("hash"), actual.get("hash"), tolerance, ordered=ordered, exact=exact):
        return True
    if "values" in expected and "values" in actual:
        compare = same_all if ordered else same_bag
        return compare(expected["values"], actual["values"], tolerance)
    if exact or expected.get("nulls") != actual.get("nulls"):
        return False
    return same_statistics(expected, actual, tolerance) and (not ordered or same_sample(expected, actual, tolerance))


def same_hash(expected: Any, actual: Any, tolerance: Tolerance, *, ordered: bool, exact: bool = False) -> bool:
    """Whether the hashes alone say that the content is the same."""
    if not isinstance(expected, dict) or not isinstance(actual, dict):
        return False
    way = "ordered" if ordered else "unordered"
    (fine, coarse), (other_fine, other_coarse) = expected[way], actual[way]
    if fine is None or other_fine is None:
        return False
    if fine == other_fine and (exact or tolerance.relative >= FINE):
        return True
    return bool(coarse is not None and coarse == other_coarse and tolerance.relative >= COARSE)


def same_statistics(expected: Value, actual: Value, tolerance: Tolerance) -> bool:
    """Whether mean, spread, extremes and quantiles agree; False where there are none to compare."""
    if "quantiles" not in expected or "quantiles" not in actual:
        return False
    scale = max(abs(_number(expected["min"])), abs(_number(expected["max"])))
    centre = all(tolerance.close_at(_number(expected[k]), _number(actual[k]), scale) for k in ("mean", "std"))
    ends = all(same(expected[k], actual[k], tolerance) for k in ("min", "max"))
    return centre and ends and same_all(expected["quantiles"], actual["quantiles"], tolerance)


def _number(element: Any) -> float:
    number = as_number(element)
    if number is None:
        raise ValueError(f"{element!r} is no number")
    return float(number)


def same_sample(expected: Value, actual: Value, tolerance: Tolerance) -> bool:
    """Whether the elements at the positions that both runs drew are the same."""
    drawn = {int(position): element for position, element in actual.get("sample", ())}
    return all(
        same(element, drawn[int(position)], tolerance)
        for position, element in expected.get("sample", ())
        if int(position) in drawn
    )


def same_mix(expected: Value, actual: Value) -> bool:
    """Whether the rows of two frames, each mixed into one number, are spread alike."""
    if "mix" not in expected or "mix" not in actual:
        return False
    return same_all(expected["mix"], actual["mix"], MIX)


def content_aspect(facts: Value) -> str:
    """What to call a difference in content of this family of elements."""
    family = facts.get("family")
    if family in ("int", "float", "complex"):
        return "numbers"
    return "text" if family in ("text", "category") else "values"
