"""Two independent facts about one value must agree. Where they do not, the library that answered was patched."""

from typing import Any

from feedback.evidence.plain import as_number
from services.contracts.observation import Value


def contradiction(value: Value) -> str | None:
    """What does not fit together inside this value and all it holds, or None."""
    match value.get("kind"):
        case "frame":
            return _frame(value)
        case "array":
            return _array(value)
        case "series":
            return _facts(value, "elements") or _length("index", value["index"]["length"], value["length"])
        case "index":
            return _facts(value, "labels")
        case "list" | "tuple" | "set" | "frozenset":
            return _items(value, value.get("items"))
        case "dict":
            return _items(value, [item for _, item in value["items"]] if "items" in value else None)
        case "text":
            return _text(value)
    return None


def _frame(frame: Value) -> str | None:
    rows, width = frame["shape"]
    found = _length("index", frame["index"]["length"], rows)
    if frame.get("complete", True):
        found = found or _length("columns", len(frame["columns"]), width) or _length("data", len(frame["data"]), width)
    for column in frame["data"]:
        found = found or _length("column", column["length"], rows) or _facts(column, "column")
    return found


def _array(array: Value) -> str | None:
    size = 1
    for extent in array["shape"]:
        size *= extent
    return _length("elements", array["length"], size) or _facts(array, "elements")


def _facts(facts: Value, what: str) -> str | None:
    length, nulls = facts["length"], facts["nulls"]
    if not 0 <= nulls <= length:
        return f"{what}: {nulls} missing of {length}"
    found = _order(facts, what)
    if "values" not in facts:
        return found
    values = facts["values"]
    empty = sum(element is None for element in values)
    return found or _length(what, len(values), length) or _length(f"missing {what}", empty, nulls) or _ends(facts, what)


def _order(facts: Value, what: str) -> str | None:
    low, mean, high = (as_number(facts.get(key)) for key in ("min", "mean", "max"))
    if low is None or mean is None or high is None:
        return None
    slack = 1e-6 * max(abs(low), abs(high), 1e-300)
    return None if low - slack <= mean <= high + slack else f"{what}: mean {mean} outside {low} to {high}"


def _ends(facts: Value, what: str) -> str | None:
    numbers = [n for n in map(as_number, facts["values"]) if n is not None and abs(n) != float("inf")]
    low, high = as_number(facts.get("min")), as_number(facts.get("max"))
    if not numbers or low is None or high is None:
        return None
    if (float(min(numbers)), float(max(numbers))) == (float(low), float(high)):
        return None
    return f"{what}: extremes {low} and {high} are not those of the elements"


def _items(container: Value, items: Any) -> str | None:
    if items is None:
        return None
    length = container["length"]
    found = _length("items", len(items), length) if length <= 200 else None
    return found or next((c for c in map(contradiction, items) if c), None)


def _text(text: Value) -> str | None:
    if text.get("type") == "bytes":
        return None
    return _length("characters", len(text["value"]), min(text["length"], 2_000))


def _length(what: str, found: int, stated: int) -> str | None:
    return None if found == stated else f"{what}: {found} found where {stated} were stated"
