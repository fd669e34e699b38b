"""Elements as the runner writes them down (`Plain` in docs/reference/values.md)."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from feedback.evidence.numbers import Tolerance

_SPECIAL = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def as_number(element: Any) -> int | float | None:
    """The element as a number, or None. Booleans are no numbers here: `True` differs from `1`."""
    if isinstance(element, bool):
        return None
    if isinstance(element, int | float):
        return element
    if isinstance(element, dict) and len(element) == 1:
        if "f" in element:
            return _SPECIAL.get(element["f"])
        # The runner cuts integers to 400 digits; anything longer was not written by it.
        if "i" in element and isinstance(element["i"], str) and len(element["i"]) <= 401:
            return int(element["i"])
    return None


def is_unknown(element: Any) -> bool:
    """Whether the element is of a type the runner does not look into: never known to be equal to anything."""
    return isinstance(element, dict) and "o" in element


def same(one: Any, other: Any, tolerance: Tolerance) -> bool:
    """Equal elements: integers exactly, floats within tolerance, everything else as written."""
    first, second = as_number(one), as_number(other)
    if first is not None and second is not None:
        return _same_number(first, second, tolerance)
    if is_unknown(one) or is_unknown(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict) and "t" in one and "t" in other:
        return len(one["t"]) == len(other["t"]) and all(
            same(a, b, tolerance) for a, b in zip(one["t"], other["t"], strict=True)
        )
    return type(one) is type(other) and bool(one == other)


def _same_number(one: int | float, other: int | float, tolerance: Tolerance) -> bool:
    if isinstance(one, int) and isinstance(other, int):
        return one == other
    try:
        return tolerance.close(float(one), float(other))
    except OverflowError:
        return False


def same_all(some: Sequence[Any], others: Sequence[Any], tolerance: Tolerance) -> bool:
    """Equal element by element, in order."""
    return len(some) == len(others) and all(same(a, b, tolerance) for a, b in zip(some, others, strict=True))


def same_bag(some: Sequence[Any], others: Sequence[Any], tolerance: Tolerance) -> bool:
    """Equal in any order, duplicates counted."""
    if any(is_unknown(element) for element in (*some, *others)):
        return False
    numbers, rest = _split(some)
    other_numbers, other_rest = _split(others)
    return same_all(numbers, other_numbers, tolerance) and rest == other_rest


def _split(elements: Sequence[Any]) -> tuple[list[int | float], Counter[str]]:
    numbers = [n for n in map(as_number, elements) if n is not None]
    rest = Counter(written(element) for element in elements if as_number(element) is None)
    return sorted(numbers, key=lambda n: (math.isnan(n), n)), rest


def written(element: Any) -> str:
    """One spelling per element: a key for sorting, counting and showing."""
    return json.dumps(element, sort_keys=True, ensure_ascii=False)
