"""Arguments of a call as plain data: how they are sent to the runner, and how a learner would write them.

Of Python's own kinds are None, numbers, text, lists, tuples, sets, dictionaries, dates and durations; for objects of
NumPy and pandas stand the classes below. No library is needed here, and nothing is ever changed in place.
"""

import datetime
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class Array:
    """A `numpy.array` of one or, as lists of one length, two dimensions."""

    items: list[Any]
    dtype: str | None = None


@dataclass(frozen=True)
class Dates:
    """A `pandas.date_range`."""

    start: str
    periods: int
    freq: str


@dataclass(frozen=True)
class Timestamp:
    """A `pandas.Timestamp`."""

    text: str


@dataclass(frozen=True)
class Series:
    """A `pandas.Series`; without an index its rows are numbered from 0 on."""

    items: list[Any]
    index: list[Any] | Dates | None = None
    dtype: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Frame:
    """A `pandas.DataFrame`: each column's name and elements."""

    columns: list[tuple[Any, list[Any]]]
    index: list[Any] | Dates | None = None


Rows = list[Any] | tuple[Any, ...] | set[Any] | Array | Series | Frame
"""What can lose some of its parts and still be of its kind."""


def of_probe(value: Any) -> Any:
    """An argument of a `CallProbe`."""
    if isinstance(value, dict) and len(value) == 1:
        ((kind, content),) = value.items()
        if kind == "array" and isinstance(content, list):
            return Array(content)
        if kind == "series" and isinstance(content, list):
            return Series(content)
        if kind == "frame" and isinstance(content, dict):
            return Frame(list(content.items()))
    return value


def in_order(items: Iterable[Any]) -> list[Any]:
    """The elements of a set in an order that is the same in every process."""
    return sorted(items, key=written)


def length(value: Rows) -> int:
    """How many elements or rows."""
    match value:
        case Frame(columns=columns):
            return len(columns[0][1]) if columns else 0
        case Array(items=items) | Series(items=items):
            return len(items)
    return len(value)


def taken(value: Any, keep: Sequence[int]) -> Any:
    """The same with these elements or rows only, in order."""
    match value:
        case list():
            return [value[at] for at in keep]
        case tuple():
            return tuple(value[at] for at in keep)
        case set():
            items = in_order(value)
            return {items[at] for at in keep}
        case Array(items=items):
            return replace(value, items=[items[at] for at in keep])
        case Series(items=items, index=index):
            return replace(value, items=[items[at] for at in keep], index=_labels(index, keep))
        case Frame(columns=columns, index=index):
            fewer = [(name, [items[at] for at in keep]) for name, items in columns]
            return replace(value, columns=fewer, index=_labels(index, keep))
    raise TypeError(f"{type(value).__name__} has no rows")


def _labels(index: list[Any] | Dates | None, keep: Sequence[int]) -> list[Any] | Dates | None:
    match index:
        case list():
            return [index[at] for at in keep]
        case Dates():
            # Fewer elements at dates that still follow each other without a hole.
            return replace(index, periods=len(keep))
    return None


def inner(value: Any) -> Iterable[Any]:
    """What the value is made of, one level down; labels count."""
    match value:
        case list() | tuple():
            return value
        case set():
            return in_order(value)
        case dict():
            return [part for pair in value.items() for part in pair]
        case Array(items=items):
            return items
        case Series(items=items, index=index):
            return [*items, *(index if isinstance(index, list) else ())]
        case Frame(columns=columns, index=index):
            cells = [item for _, items in columns for item in items]
            return [*(name for name, _ in columns), *cells, *(index if isinstance(index, list) else ())]
    return ()


def everything(value: Any) -> Iterator[Any]:
    """The value and all it is made of."""
    yield value
    for part in inner(value):
        yield from everything(part)


def sent(value: Any) -> Any:
    """JSON for the runner: `services.runner.sandbox.arguments` makes the object of it."""
    match value:
        case float() if not math.isfinite(value):
            return {"kind": "float", "text": str(value)}
        case None | bool() | int() | float() | str():
            return value
        case list():
            return [sent(item) for item in value]
        case tuple() | set():
            return {"kind": type(value).__name__, "items": [sent(item) for item in inner(value)]}
        case dict():
            return {"kind": "dict", "items": [[sent(key), sent(item)] for key, item in value.items()]}
        case datetime.datetime() | datetime.date():
            return {"kind": type(value).__name__, "text": value.isoformat()}
        case datetime.timedelta():
            return {"kind": "duration", "parts": [value.days, value.seconds, value.microseconds]}
        case Array(items=items, dtype=dtype):
            return {"kind": "array", "items": sent(items), "dtype": dtype}
        case Series(items=items, index=index, dtype=dtype, name=name):
            return {"kind": "series", "items": sent(items), "index": sent(index), "dtype": dtype, "name": name}
        case Frame(columns=columns, index=index):
            pairs = [[sent(name), sent(items)] for name, items in columns]
            return {"kind": "frame", "columns": pairs, "index": sent(index)}
        case Dates(start=start, periods=periods, freq=freq):
            return {"kind": "dates", "start": start, "periods": periods, "freq": freq}
        case Timestamp(text=text):
            return {"kind": "timestamp", "text": text}
    raise TypeError(f"{type(value).__name__} cannot be sent")


def written(value: Any) -> str:
    """Python for the value, with `np` and `pd` for the libraries."""
    match value:
        case float() if not math.isfinite(value):
            return f'float("{value}")'
        case list():
            return f"[{_joined(value)}]"
        case tuple():
            return f"({_joined(value)},)" if len(value) == 1 else f"({_joined(value)})"
        case set():
            return f"{{{', '.join(sorted(map(written, value)))}}}" if value else "set()"
        case dict():
            return "{" + ", ".join(f"{written(key)}: {written(item)}" for key, item in value.items()) + "}"
        case Array(items=items, dtype=dtype):
            return f"np.array({written(items)}{_keyword('dtype', dtype)})"
        case Series(items=items, index=index, dtype=dtype, name=name):
            rest = _keyword("index", index) + _keyword("dtype", dtype) + _keyword("name", name)
            return f"pd.Series({written(items)}{rest})"
        case Frame(columns=columns, index=index):
            return f"pd.DataFrame({written(dict(columns))}{_keyword('index', index)})"
        case Dates(start=start, periods=periods, freq=freq):
            return f"pd.date_range({start!r}, periods={periods}, freq={freq!r})"
        case Timestamp(text=text):
            return f"pd.Timestamp({text!r})"
    return repr(value)


def _joined(items: Iterable[Any]) -> str:
    return ", ".join(map(written, items))


def _keyword(name: str, value: Any) -> str:
    return "" if value is None else f", {name}={written(value)}"


def loosely(value: Any) -> str:
    """One spelling for all arguments that say the same: a list is as good as a tuple, an array or a column, 1 as 1.0.

    For telling whether an input is one that must not be shown.
    """
    match value:
        case None:
            return "~"
        case bool() | str():
            return repr(value)
        case int() | float():
            return "~" if value != value else _number(value)
        case list() | tuple() | Array() | Series():
            items = value.items if isinstance(value, Array | Series) else value
            return f"[{','.join(map(loosely, items))}]"
        case set():
            return f"{{{','.join(sorted(map(loosely, value)))}}}"
        case dict() | Frame():
            pairs = value.items() if isinstance(value, dict) else value.columns
            return "{" + ",".join(sorted(f"{loosely(name)}:{loosely(item)}" for name, item in pairs)) + "}"
    return written(value)


def _number(value: int | float) -> str:
    return str(int(value)) if math.isfinite(value) and value == int(value) else repr(value)
