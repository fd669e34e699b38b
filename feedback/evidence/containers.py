from collections.abc import Callable, Sequence

from feedback.evidence.difference import Difference, counted
from feedback.evidence.elements import same_elements, same_hash
from feedback.evidence.numbers import Tolerance
from feedback.evidence.plain import written
from services.contracts.case import Compare
from services.contracts.observation import Value

Comparer = Callable[[Value, Value, Compare], tuple[Difference, ...]]
# Largest container whose items are all written down.
WHOLE = 200


def sequence(expected: Value, actual: Value, rule: Compare, compare: Comparer) -> tuple[Difference, ...]:
    """Lists and tuples, item by item; in any order when the rule says so."""
    ordered = rule.order == "exact"
    if expected["length"] != actual["length"]:
        return (counted("length", "items", expected["length"], actual["length"]),)
    if _settled(expected, actual, rule, ordered=ordered):
        return ()
    found = _items(expected, actual, rule, compare) if ordered else _bag(expected, actual, rule, compare)
    if found and ordered and not _bag(expected, actual, rule, compare):
        return (Difference("order", "the same items in another order"),)
    return found


def unordered(expected: Value, actual: Value, rule: Compare, compare: Comparer) -> tuple[Difference, ...]:
    """Sets: the order never counts."""
    if expected["length"] != actual["length"]:
        return (counted("length", "items", expected["length"], actual["length"]),)
    if _settled(expected, actual, rule, ordered=False):
        return ()
    return _bag(expected, actual, rule, compare)


def mapping(expected: Value, actual: Value, rule: Compare, compare: Comparer) -> tuple[Difference, ...]:
    """Dictionaries, key by key. As in Python itself, the order of insertion never counts."""
    keys, found = map(_keys, (expected, actual))
    if keys != found or expected["length"] != actual["length"]:
        fact = f"keys {sorted(found)[:8]} where the reference has {sorted(keys)[:8]}"
        return (Difference("keys", fact[:300]),)
    if _settled(expected, actual, rule, ordered=False):
        return ()
    if not _whole(expected, actual):
        return _unwritten(expected, actual, ordered=False)
    values = {written(key): value for key, value in actual["items"]}
    for key, value in expected["items"]:
        inner = compare(value, values[written(key)], rule)
        if inner:
            return (inner[0].at(f"at {written(key)}"),)
    return ()


def _keys(value: Value) -> frozenset[str]:
    return frozenset(map(written, value["keys"]))


def _settled(expected: Value, actual: Value, rule: Compare, *, ordered: bool) -> bool:
    """Whether hashes or facts already prove that the content is the same."""
    tolerance = Tolerance.of(rule)
    # A hash does not tell a float from an equal int: with exact types the items must be looked at.
    if rule.dtypes != "exact" and same_hash(expected.get("hash"), actual.get("hash"), tolerance, ordered=ordered):
        return True
    if expected["length"] <= WHOLE or "facts" not in expected or "facts" not in actual:
        return False
    return same_elements(expected["facts"], actual["facts"], tolerance, ordered=ordered)


def _items(expected: Value, actual: Value, rule: Compare, compare: Comparer) -> tuple[Difference, ...]:
    if not _whole(expected, actual):
        return _unwritten(expected, actual, ordered=True)
    for position, (one, other) in enumerate(zip(expected["items"], actual["items"], strict=True)):
        found = compare(one, other, rule)
        if found:
            return (found[0].at(f"item {position}"),)
    return ()


def _bag(expected: Value, actual: Value, rule: Compare, compare: Comparer) -> tuple[Difference, ...]:
    if not _whole(expected, actual):
        return _unwritten(expected, actual, ordered=False)
    left = list(actual["items"])
    last: tuple[Difference, ...] = ()
    for one in expected["items"]:
        at, last = _matching(one, left, rule, compare, last)
        if at is None:
            return (last[0].at("an item"),)
        del left[at]
    return ()


def _matching(
    one: Value, others: Sequence[Value], rule: Compare, compare: Comparer, last: tuple[Difference, ...]
) -> tuple[int | None, tuple[Difference, ...]]:
    for at, other in enumerate(others):
        last = compare(one, other, rule)
        if not last:
            return at, last
    return None, last


def _unwritten(expected: Value, actual: Value, *, ordered: bool) -> tuple[Difference, ...]:
    """Too deep or too many to be written down: the hash is all there is, whatever tolerance was asked for."""
    if same_hash(expected.get("hash"), actual.get("hash"), Tolerance(), ordered=ordered):
        return ()
    return (Difference("values", "not the same content"),)


def _whole(expected: Value, actual: Value) -> bool:
    """Whether every item is written down on both sides: neither too many nor too deep."""
    return all("items" in value and len(value["items"]) == value["length"] for value in (expected, actual))
