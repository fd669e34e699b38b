"""Both sides of each comparison in a passed `assert`: an object that calls itself equal to everything is no pass."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from feedback.evidence.values import UNREADABLE
from services.contracts.observation import Operands, Value

# Kinds that an author's comparison may rightly meet in place of each other.
_FAMILY = {
    "list": "sequence",
    "tuple": "sequence",
    "array": "sequence",
    "series": "sequence",
    "index": "sequence",
    "set": "set",
    "frozenset": "set",
}
_NUMERIC = frozenset({"bool", "int", "float", "complex"})


def disagreement(expected: Sequence[Operands], actual: Sequence[Operands]) -> str | None:
    """How the kinds compared in the learner's run differ from those of the reference run, or None.

    A check that compared nothing where the reference's run compared something disagrees, too.
    """
    try:
        return _disagreement(expected, actual)
    except UNREADABLE as error:
        return f"the operands cannot be read: {type(error).__name__}"


def _disagreement(expected: Sequence[Operands], actual: Sequence[Operands]) -> str | None:
    if expected and not actual:
        return "nothing was compared"
    known = _by_place(expected)
    for place, made in _by_place(actual).items():
        models = known.get(place)
        for position, operands in enumerate(made):
            # In a loop a learner's run may compare more often than the reference's.
            model = models[min(position, len(models) - 1)] if models else None
            found = _sides(model, operands)
            if found:
                return f"line {place[0]}: {found}"
    return None


def _by_place(operands: Iterable[Operands]) -> dict[tuple[int, str], list[Operands]]:
    places: dict[tuple[int, str], list[Operands]] = defaultdict(list)
    for one in operands:
        places[one.line, one.op].append(one)
    return dict(places)


def _sides(model: Operands | None, operands: Operands) -> str | None:
    for side in ("left", "right"):
        value: Value = getattr(operands, side)
        wanted: Value | None = getattr(model, side) if model else None
        if not _agree(wanted, value):
            return f"{side} side is {_said(value)}" + (f" where the reference has {_said(wanted)}" if wanted else "")
    return None


def _agree(expected: Value | None, actual: Value) -> bool:
    if expected is None:
        return not _foreign(actual)
    if _family(expected) != _family(actual):
        return False
    if actual["kind"] == "other":
        return bool(expected.get("type") == actual.get("type"))
    return _foreign(expected) or not _foreign(actual)


def _family(value: Value) -> str:
    kind = str(value["kind"])
    if kind == "scalar":
        return "number" if value["family"] in _NUMERIC else f"scalar {value['family']}"
    if kind == "array" and value["shape"] == []:
        return "number"
    return _FAMILY.get(kind, kind)


def _foreign(value: Any) -> bool:
    """Whether an object that the runner does not look into is anywhere inside."""
    if isinstance(value, dict):
        if value.get("kind") == "other" or "o" in value or value.get("foreign") is not None:
            return True
        return any(map(_foreign, value.values()))
    return isinstance(value, list) and any(map(_foreign, value))


def _said(value: Value) -> str:
    return str(value.get("type") or value.get("class") or value.get("kind"))[:80]
