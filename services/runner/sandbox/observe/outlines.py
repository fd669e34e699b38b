"""What kind of thing an object is, and whether anything in it is foreign: all that a check's operands are judged by.

Whatever a Value would show of the object is looked at for that, and nothing else: hashes, statistics and quantiles of a
table cost more than most checks do themselves.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from .facts import SHORT, plain_values, positions
from .libraries import library
from .models import model_value
from .plain import plain
from .tables import MAX_COLUMNS, MAX_FRAME_ELEMENTS, Column, is_index, label_tuples
from .values import MAX_MODELS, MAX_NODES, Observer, described

_PLAIN = frozenset({float, bool, str, type(None)})
_PLAIN_KINDS = "biufcmMU"
"""Of NumPy's kinds, those whose elements are always plain."""
_SMALL_BITS = 64
"""An absurdly long integer is not said at all, and so is foreign."""


def outlined(obj: Any, seed: int) -> dict[str, Any]:
    """The outline of `obj`: its `kind`, the fields that are cheap, and `foreign` where something in it is `other`."""
    return described(_Outliner(seed), obj)


class _Outliner(Observer):
    """Looks at what an Observer of the same seed would describe."""

    def value(self, obj: Any, depth: int = 0, models: int = 0) -> dict[str, Any]:
        if type(obj) is str:
            return {"kind": "text", "type": "str", "length": len(obj)}
        return super().value(obj, depth, models)

    def _sequence(self, obj: Any, kind: type, depth: int, models: int) -> dict[str, Any]:
        outline = {"kind": kind.__name__, "length": len(obj)}
        return _marked(outline, foreign=self._odd(obj[:SHORT], depth, models))

    def _set(self, obj: Any, kind: type, depth: int, models: int) -> dict[str, Any]:
        outline = {"kind": kind.__name__, "length": len(obj)}
        return _marked(outline, foreign=self._odd(islice(obj, SHORT), depth, models))

    def _dict(self, obj: Any, kind: type, depth: int, models: int) -> dict[str, Any]:
        outline: dict[str, Any] = {"kind": "dict", "length": len(obj)}
        if kind is not dict:
            outline["type"] = kind.__name__
        pairs = list(islice(dict.items(obj), SHORT))
        odd = any(_foreign(plain(key)) for key, _ in pairs) or self._odd((v for _, v in pairs), depth, models)
        return _marked(outline, foreign=odd)

    def _odd(self, items: Iterable[Any], depth: int, models: int) -> bool:
        if not self._deeper(depth):
            return False
        for item in items:
            if type(item) in _PLAIN or (type(item) is int and item.bit_length() <= _SMALL_BITS):
                continue
            if _foreign(self.value(item, depth + 1, models)):
                return True
        return False

    def _model(self, obj: Any, depth: int, models: int) -> dict[str, Any]:
        if models >= MAX_MODELS or self._nodes > MAX_NODES:
            return super()._model(obj, depth, models)
        model = model_value(obj, lambda field: self.value(field, max(depth, 1), models + 1))
        odd = any(map(_foreign, (*model["params"].values(), *model["fitted"].values())))
        return _marked({"kind": "model", "class": model["class"]}, foreign=odd)

    def _library(self, obj: Any, kind: type) -> dict[str, Any] | None:
        numpy, pandas = library("numpy"), library("pandas")
        if numpy is not None and kind is numpy.ndarray:
            shape = list(obj.shape)
            return _marked({"kind": "array", "shape": shape}, foreign=_odd_elements(obj.reshape(-1), self._seed))
        if pandas is None:
            return None
        if kind is pandas.DataFrame:
            return self._frame(obj)
        if kind is pandas.Series:
            odd = _foreign(plain(obj.name)) or _odd_column(obj.array, self._seed) or _odd_index(obj.index, self._seed)
            return _marked({"kind": "series", "length": len(obj)}, foreign=odd)
        if is_index(obj):
            return _marked({"kind": "index", "length": len(obj)}, foreign=_odd_index(obj, self._seed))
        return None

    def _frame(self, frame: Any) -> dict[str, Any]:
        rows, columns = frame.shape
        small = rows <= SHORT and rows * columns <= MAX_FRAME_ELEMENTS
        odd = (
            any(_foreign(plain(name)) for name in list(frame.columns)[:MAX_COLUMNS])
            or _odd_index(frame.index, self._seed)
            or any(
                _odd_column(frame.iloc[:, at].array, self._seed, with_values=small)
                for at in range(min(columns, MAX_COLUMNS))
            )
        )
        return _marked({"kind": "frame", "shape": [int(rows), int(columns)]}, foreign=odd)


def _marked(outline: dict[str, Any], *, foreign: bool) -> dict[str, Any]:
    return {**outline, "foreign": True} if foreign else outline


def _foreign(said: Any) -> bool:
    """Whether this outline, or this element, is or holds what the runner does not look into."""
    if isinstance(said, dict):
        return said.get("kind") == "other" or "foreign" in said or "o" in said or any(map(_foreign, said.values()))
    return isinstance(said, list) and any(map(_foreign, said))


def _odd_index(index: Any, seed: int) -> bool:
    if any(_foreign(plain(name)) for name in index.names):
        return True
    if isinstance(index, library("pandas").MultiIndex):
        return _odd_elements(label_tuples(index), seed)
    return _odd_column(index.array, seed)


def _odd_column(values: Any, seed: int, *, with_values: bool = True) -> bool:
    """Whether an element of a pandas array that would be shown is foreign."""
    numpy, pandas = library("numpy"), library("pandas")
    if isinstance(values.dtype, pandas.StringDtype):
        return False
    if isinstance(values.dtype, numpy.dtype) and values.dtype.kind in _PLAIN_KINDS:
        return False
    return _odd_elements(Column(values).array, seed, with_values=with_values)


def _odd_elements(array: Any, seed: int, *, with_values: bool = True) -> bool:
    """The same of a one-dimensional NumPy array."""
    if array.dtype.kind in _PLAIN_KINDS:
        return False
    shown = array if with_values and len(array) <= SHORT else array[positions(seed, len(array))]
    return any(map(_foreign, plain_values(shown)))
