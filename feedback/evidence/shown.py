"""A value as a learner would write it, where it is short and whole enough for that."""

from collections.abc import Sequence
from typing import Any

from feedback.evidence.numbers import Tolerance
from feedback.evidence.plain import same
from services.contracts.observation import Value

MAX_CHARS = 60
_DIGITS = 10
"""Of a float; far more than what comparing allows for."""
_UNREADABLE = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RecursionError)
"""The learner's process wrote it: any shape is possible."""
_ROWS = ("list", "tuple", "array", "series")


def shown(value: Value) -> str | None:
    """Python for this value, floats to ten digits; None when it is too long, or of a kind that has no short form."""
    try:
        return _short(_rounded(value))
    except _UNREADABLE:
        return None


def both_shown(given: Value, wanted: Value) -> tuple[str | None, str | None, str | None]:
    """Both values, and None; of two that are too long the first elements that differ, and where they stand.

    Floats have ten digits, and all that they have where ten do not tell the two apart.
    """
    try:
        told = _both(_rounded(given), _rounded(wanted))
    except _UNREADABLE:
        return _both(given, wanted)
    return told if told[0] != told[1] else _both(given, wanted)


def _both(given: Value, wanted: Value) -> tuple[str | None, str | None, str | None]:
    texts = _short(given), _short(wanted)
    if None not in texts or given.get("kind") != wanted.get("kind"):
        return *texts, None
    try:
        return _parting(given, wanted) or (*texts, None)
    except _UNREADABLE:
        return *texts, None


def _short(value: Value) -> str | None:
    try:
        text = _written(value)
    except _UNREADABLE:
        return None
    return text if text is not None and len(text) <= MAX_CHARS else None


def _rounded(facts: Any) -> Any:
    """With every float to ten digits: what a computation adds to a number behind them tells a learner nothing."""
    if isinstance(facts, float):
        return float(f"{facts:.{_DIGITS}g}")
    if isinstance(facts, dict):
        return {key: _rounded(fact) for key, fact in facts.items()}
    return [_rounded(fact) for fact in facts] if isinstance(facts, list | tuple) else facts


def _written(value: Value) -> str | None:
    match value["kind"]:
        case "scalar" if value["type"] in ("int", "float", "bool", "NoneType"):
            return _plain(value["value"])
        case "text" if value["type"] == "str" and value["length"] == len(value["value"]):
            return repr(value["value"])
        case "list" | "tuple" if value["length"] == len(value["items"]):
            parts = [_written(item) for item in value["items"]]
            return _joined(parts, value["kind"])
        case "set" if value["length"] == len(value["items"]):
            return _set([_written(item) for item in value["items"]])
        case "dict" if value["length"] == len(value["items"]):
            pairs = [(_plain(key), _written(item)) for key, item in value["items"]]
            if all(key is not None and item is not None for key, item in pairs):
                return "{" + ", ".join(f"{key}: {item}" for key, item in pairs) + "}"
        case "array":
            rows = _shaped(_cells(value), value["shape"])
            return f"array({rows})" if rows is not None else None
        case "series":
            return f"Series({_listed(_cells(value))}{_labels(value['index'])})"
        case "frame" if value["complete"]:
            columns = [f"{_plain(column['name'])}: {_listed(_cells(column))}" for column in value["data"]]
            return f"DataFrame({{{', '.join(columns)}}}{_labels(value['index'])})"
    return None


def _joined(parts: list[str | None], kind: str) -> str | None:
    texts = [part for part in parts if part is not None]
    if len(texts) != len(parts):
        return None
    inner = ", ".join(texts)
    if kind == "list":
        return f"[{inner}]"
    return f"({inner},)" if len(texts) == 1 else f"({inner})"


def _set(parts: list[str | None]) -> str | None:
    texts = sorted(part for part in parts if part is not None)
    if len(texts) != len(parts):
        return None
    return f"{{{', '.join(texts)}}}" if texts else "set()"


def _cells(facts: dict[str, Any]) -> list[str]:
    """All elements, written. KeyError: there are too many to have been observed."""
    values: list[Any] = facts["values"]
    if len(values) != facts["length"]:
        raise ValueError("not all elements are there")
    return [_element(value, facts["family"]) for value in values]


def _element(value: Any, family: str) -> str:
    if value is None:
        return "nan" if family in ("float", "int") else "None"
    text = _plain(value)
    if text is None:
        raise ValueError("an element has no short form")
    # The runner writes whole floats as they are, JSON may have made integers of them.
    return f"{text}.0" if family == "float" and isinstance(value, int) else text


def _shaped(cells: Sequence[str], shape: Sequence[int]) -> str | None:
    if len(shape) == 1:
        return _listed(cells)
    if len(shape) == 2:
        width = shape[1]
        return _listed([_listed(cells[row * width : (row + 1) * width]) for row in range(shape[0])])
    return None


def _listed(texts: Sequence[str]) -> str:
    return f"[{', '.join(texts)}]"


def _labels(index: dict[str, Any]) -> str:
    return "" if index["default"] or not index["length"] else f", index={_listed(_cells(index))}"


def _plain(element: Any) -> str | None:
    if element is None or isinstance(element, bool | int | float | str):
        return repr(element)
    if isinstance(element, dict) and set(element) == {"f"}:
        return str(element["f"])
    if isinstance(element, dict) and set(element) == {"i"}:
        return str(element["i"])
    return None


def _parting(given: Value, wanted: Value) -> tuple[str | None, str | None, str | None] | None:
    """The first thing in which two long values of one kind are unlike."""
    if wanted["kind"] == "frame":
        return _frames_part(given, wanted)
    if wanted["kind"] not in _ROWS:
        return None
    if given["length"] != wanted["length"]:
        return _many(given["length"], "element"), _many(wanted["length"], "element"), None
    if wanted["kind"] in ("list", "tuple"):
        return _items_part(given["items"], wanted["items"])
    if wanted["kind"] == "array" and len(wanted["shape"]) != 1:
        return None
    return _elements_part(given, wanted, "position {}")


def _many(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _frames_part(given: Value, wanted: Value) -> tuple[str | None, str | None, str | None] | None:
    names = [_listed([str(_plain(name)) for name in frame["columns"]]) for frame in (given, wanted)]
    if names[0] != names[1]:
        texts = [f"the columns {name}" if len(name) <= MAX_CHARS else None for name in names]
        return texts[0], texts[1], None
    rows = [frame["shape"][0] for frame in (given, wanted)]
    if rows[0] != rows[1]:
        return _many(rows[0], "row"), _many(rows[1], "row"), None
    for mine, model in zip(given["data"], wanted["data"], strict=True):
        found = _elements_part(mine, model, f"row {{}} of {str(model['name'])[:MAX_CHARS]}")
        if found is not None:
            return found
    return None


def _items_part(given: list[Value], wanted: list[Value]) -> tuple[str | None, str | None, str | None] | None:
    for at, (mine, model) in enumerate(zip(given, wanted, strict=True)):
        one, other = _short(mine), _short(model)
        if one != other:
            return one, other, f"position {at}"
    return None


def _elements_part(
    given: dict[str, Any], wanted: dict[str, Any], where: str
) -> tuple[str | None, str | None, str | None] | None:
    mine, model = _cells(given), _cells(wanted)
    pairs = zip(given["values"], wanted["values"], strict=True)
    for at, (one, other) in enumerate(pairs):
        if not same(one, other, Tolerance()) and max(len(mine[at]), len(model[at])) <= MAX_CHARS:
            return mine[at], model[at], where.format(at)
    return None
