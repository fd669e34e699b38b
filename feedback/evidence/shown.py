"""A value as a learner would write it, where it is short and whole enough for that."""

from typing import Any

from services.contracts.observation import Value

MAX_CHARS = 60


def shown(value: Value) -> str | None:
    """Python for this value; None when it is too long, or of a kind that has no short form."""
    try:
        text = _written(value)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError):
        # The learner's process wrote it: any shape is possible.
        return None
    return text if text is not None and len(text) <= MAX_CHARS else None


def _written(value: Value) -> str | None:
    match value["kind"]:
        case "scalar" if value["type"] in ("int", "float", "bool", "NoneType"):
            return _plain(value["value"])
        case "text" if value["type"] == "str" and value["length"] == len(value["value"]):
            return repr(value["value"])
        case "list" | "tuple" if value["length"] == len(value["items"]):
            parts = [_written(item) for item in value["items"]]
            return _joined(parts, value["kind"])
        case "dict" if value["length"] == len(value["items"]):
            pairs = [(_plain(key), _written(item)) for key, item in value["items"]]
            if all(key is not None and item is not None for key, item in pairs):
                return "{" + ", ".join(f"{key}: {item}" for key, item in pairs) + "}"
    return None


def _joined(parts: list[str | None], kind: str) -> str | None:
    texts = [part for part in parts if part is not None]
    if len(texts) != len(parts):
        return None
    inner = ", ".join(texts)
    if kind == "list":
        return f"[{inner}]"
    return f"({inner},)" if len(texts) == 1 else f"({inner})"


def _plain(element: Any) -> str | None:
    if element is None or isinstance(element, bool | int | float | str):
        return repr(element)
    if isinstance(element, dict) and set(element) == {"f"}:
        return str(element["f"])
    if isinstance(element, dict) and set(element) == {"i"}:
        return str(element["i"])
    return None
