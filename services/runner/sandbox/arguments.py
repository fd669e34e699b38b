"""Arguments of a call, made from the exact form in which they are sent (docs/reference/values.md, "Arguments")."""

import datetime
import importlib
from typing import Any

from .observe.libraries import library


def made(sent: Any) -> Any:
    """The object that this stands for.

    Raises LookupError, ImportError when the environment lacks the library, ValueError for what is no such form.
    """
    if isinstance(sent, list):
        return [made(item) for item in sent]
    if not isinstance(sent, dict):
        return sent
    match sent["kind"]:
        case "tuple":
            return tuple(map(made, sent["items"]))
        case "set":
            return set(map(made, sent["items"]))
        case "dict":
            return {made(key): made(value) for key, value in sent["items"]}
        case "float":
            return float(sent["text"])
        case "date" | "datetime" | "duration" as kind:
            return _time(kind, sent)
        case kind:
            return _of_library(kind, sent)


def _time(kind: str, sent: dict[str, Any]) -> Any:
    if kind == "duration":
        return datetime.timedelta(*sent["parts"])
    return (datetime.date if kind == "date" else datetime.datetime).fromisoformat(sent["text"])


def _of_library(kind: str, sent: dict[str, Any]) -> Any:
    match kind:
        case "array":
            return needed("numpy").array(made(sent["items"]), dtype=sent["dtype"])
        case "series":
            items, labels = made(sent["items"]), made(sent["index"])
            return needed("pandas").Series(items, index=labels, dtype=sent["dtype"], name=sent["name"])
        case "frame":
            columns = {made(name): made(items) for name, items in sent["columns"]}
            return needed("pandas").DataFrame(columns, index=made(sent["index"]))
        case "dates":
            return needed("pandas").date_range(sent["start"], periods=sent["periods"], freq=sent["freq"])
        case "timestamp":
            return needed("pandas").Timestamp(sent["text"])
    raise ValueError(f"no argument is of the kind {kind}")


def needed(name: str) -> Any:
    """The library, as it was loaded before the learner's code ran. Raises ImportError where there is none."""
    module = library(name)
    return importlib.import_module(name) if module is None else module
