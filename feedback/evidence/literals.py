"""What an expression of a check is, read off its text without running anything: literals, and few constructors.

All else is no literal: whatever is not on the list is denied.
"""

import ast
import datetime
from collections.abc import Callable, Mapping
from typing import Any

from feedback.evidence.arguments import Array, Dates, Frame, Series, Timestamp

MAX_ITEMS = 200
"""Of one list and the like; a longer one is no small input."""
_CONSTANTS = {
    "math.nan": float("nan"),
    "math.inf": float("inf"),
    "numpy.nan": float("nan"),
    "numpy.inf": float("inf"),
}
_TYPES = frozenset({"bool", "float", "int", "object", "str"})
"""What may be named as a `dtype`, next to a text."""
_TEXT = (str, type(None))
_SCALAR = (bool, int, float, str, type(None), datetime.date, datetime.timedelta, Timestamp)


class NotLiteral(Exception):
    """The expression is nothing that can be read off the text."""


class Reader:
    """Reads expressions where these names have these values, and these stand for what was imported."""

    def __init__(self, names: Mapping[str, Any], imported: Mapping[str, str]) -> None:
        self._names, self._imported = names, imported

    def value(self, node: ast.expr) -> Any:
        """The value of the expression. Raises NotLiteral."""
        try:
            return self._value(node)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise NotLiteral from error

    def _value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=None | bool() | int() | float() as value):
                return value
            case ast.Constant(value=str(text)):
                # Half of a pair of surrogates cannot be sent: a UnicodeEncodeError is a ValueError.
                return text.encode().decode()
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
                return _signed(self._value(operand), negative=isinstance(sign, ast.USub))
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                kinds: dict[type[ast.expr], type] = {ast.List: list, ast.Tuple: tuple, ast.Set: set}
                return kinds[type(node)](self._items(elements))
            case ast.Dict(keys=keys, values=values):
                return _few({self._key(key): self._value(value) for key, value in zip(keys, values, strict=True)})
            case ast.Name(id=name) if name in self._names:
                return self._names[name]
            case ast.Name() | ast.Attribute() if self._path(node) in _CONSTANTS:
                return _CONSTANTS[self._path(node)]
            case ast.Call():
                return self._made(node)
        raise NotLiteral

    def _items(self, elements: list[ast.expr]) -> list[Any]:
        found: list[Any] = []
        for element in elements:
            if isinstance(element, ast.Starred):
                more = self._value(element.value)
                if not isinstance(more, list | tuple):
                    raise NotLiteral
                found.extend(more)
            else:
                found.append(self._value(element))
        _few(found)
        return found

    def _key(self, node: ast.expr | None) -> Any:
        if node is None:
            raise NotLiteral
        return self._value(node)

    def _path(self, node: ast.expr) -> str:
        """The dotted name of what was imported; empty for all else."""
        match node:
            case ast.Name(id=name) if name not in self._names:
                return self._imported.get(name, "")
            case ast.Attribute(value=inner, attr=attribute):
                above = self._path(inner)
                return f"{above}.{attribute}" if above else ""
        return ""

    def _made(self, call: ast.Call) -> Any:
        path = self._path(call.func)
        if not path and isinstance(call.func, ast.Name) and call.func.id not in self._names:
            path = f"builtins.{call.func.id}"
        constructor = _CONSTRUCTORS.get(path)
        if constructor is None or any(keyword.arg is None for keyword in call.keywords):
            raise NotLiteral
        args = self._items(call.args)
        # An argument of another name than the constructor's here is a TypeError, so it is denied, too.
        return constructor(*args, **{str(keyword.arg): self._given(keyword) for keyword in call.keywords})

    def _given(self, keyword: ast.keyword) -> Any:
        match keyword:
            case ast.keyword(arg="dtype", value=ast.Name(id=name)) if name in _TYPES and name not in self._names:
                return name
        return self._value(keyword.value)


def _signed(value: Any, *, negative: bool) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotLiteral
    return -value if negative else value


def _few(items: Any) -> Any:
    if len(items) > MAX_ITEMS:
        raise NotLiteral
    return items


def _series(data: Any, index: Any = None, dtype: Any = None, name: Any = None) -> Series:
    if isinstance(data, dict) and index is None:
        data, index = list(data.values()), list(data)
    items = _column(data)
    return Series(items, _index(index, len(items)), _text(dtype), _text(name))


def _frame(data: Any, index: Any = None, columns: Any = None) -> Frame:
    if isinstance(data, list) and columns is None and data and all(isinstance(row, dict) for row in data):
        if any(list(row) != list(data[0]) for row in data):
            raise NotLiteral
        data = {name: [row[name] for row in data] for name in data[0]}
    if not isinstance(data, dict) or columns is not None:
        raise NotLiteral
    found = [(name, _column(items)) for name, items in data.items()]
    lengths = {len(items) for _, items in found}
    if len(lengths) != 1 or not all(isinstance(name, str | int) for name, _ in found):
        raise NotLiteral
    return Frame(found, _index(index, lengths.pop()))


def _array(data: Any, dtype: Any = None) -> Array:
    rows = list(data) if isinstance(data, list | tuple) else None
    if rows is None:
        raise NotLiteral
    if all(isinstance(row, list | tuple) for row in rows) and rows:
        rows = [_column(row) for row in rows]
        if len({len(row) for row in rows}) != 1:
            raise NotLiteral
        return Array(rows, _text(dtype))
    return Array(_column(rows), _text(dtype))


def _column(data: Any) -> list[Any]:
    items = data.items if isinstance(data, Array) and data.dtype is None else data
    if not isinstance(items, list | tuple) or not all(isinstance(item, _SCALAR) for item in items):
        raise NotLiteral
    return list(items)


def _index(index: Any, rows: int) -> list[Any] | Dates | None:
    if index is None or (isinstance(index, Dates) and index.periods == rows):
        return index
    labels = _column(index)
    if len(labels) != rows:
        raise NotLiteral
    return labels


def _text(value: Any) -> str | None:
    if not isinstance(value, _TEXT):
        raise NotLiteral
    return value


def _dates(start: Any, *, periods: Any, freq: Any) -> Dates:
    if not isinstance(start, str) or not isinstance(freq, str) or type(periods) is not int:
        raise NotLiteral
    if not 0 < periods <= MAX_ITEMS:
        raise NotLiteral
    return Dates(start, periods, freq)


def _timestamp(text: Any) -> Timestamp:
    if not isinstance(text, str):
        raise NotLiteral
    return Timestamp(text)


def _float(text: Any) -> float:
    if not isinstance(text, str):
        raise NotLiteral
    return float(text)


def _no_set() -> set[Any]:
    return set()


def _dictionary(**items: Any) -> dict[str, Any]:
    return items


_CONSTRUCTORS: dict[str, Callable[..., Any]] = {
    "pandas.Series": _series,
    "pandas.DataFrame": _frame,
    "pandas.date_range": _dates,
    "pandas.Timestamp": _timestamp,
    "numpy.array": _array,
    "datetime.date": datetime.date,
    "datetime.datetime": datetime.datetime,
    "datetime.timedelta": datetime.timedelta,
    "builtins.float": _float,
    "builtins.set": _no_set,
    "builtins.dict": _dictionary,
}
