"""Whether objects can be described where they are: no code runs for it but Python's and the libraries' own.

Anything else may be of a class of the learner's, or hold something that is, and is described in a copy of the process.
"""

import decimal
import fractions
import operator
import types
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any, Final

from .libraries import library
from .models import is_estimator
from .plain import is_numpy_scalar
from .tables import MAX_COLUMNS, is_index

MAX_ELEMENTS: Final = 1_000_000
"""What takes long may be stopped only in a copy."""
MAX_DEPTH: Final = 4
"""Of containers in each other, from the outermost or from the model that holds them."""
MAX_MODELS: Final = 4
"""Of models in each other."""
_PLAIN: Final = frozenset(
    {type(None), bool, int, float, complex, str, bytes, date, timedelta, decimal.Decimal, fractions.Fraction}
)
_NAMED: Final = frozenset({types.FunctionType, types.BuiltinFunctionType, types.ModuleType})
"""What is described by its name and signature."""
_NUMBERS_AND_TEXT: Final = frozenset("biufcmMSU")


class _Unknown(Exception):
    """There is no telling."""


def all_known(objects: Iterable[Any]) -> bool:
    """Whether all of these can be described where they are."""
    look = _Look(_PLAIN | _NAMED, MAX_ELEMENTS)
    try:
        for obj in objects:
            look.at(obj)
    except Exception:
        # Whatever went wrong, with a copy it will be told.
        return False
    return True


class Content:
    """What an object holds that is known, as it was when it was looked at."""

    def __init__(self, obj: Any, most: int) -> None:
        """Functions and modules are no content. Raises _Unknown, and whatever else may go wrong."""
        self._obj, self._found = obj, _Content(most)
        self._found.at(obj)

    def is_the_same(self) -> bool:
        """Whether the object holds the very same."""
        before, now = self._found, _Again()
        try:
            now.at(self._obj)
        except Exception:
            return False
        same = len(now.objects) == len(before.objects) and all(map(operator.is_, now.objects, before.objects))
        return same and now.facts == before.facts


def content_of(obj: Any, *, most: int = MAX_ELEMENTS) -> Content | None:
    """The content of an object; None where there is no telling, or for more elements than `most`."""
    try:
        return Content(obj, most)
    except Exception:
        return None


class _Look:
    """Goes by the identity of classes alone. Its methods raise _Unknown."""

    def __init__(self, simple: frozenset[type], most: int) -> None:
        self._simple, self._left, self._models = simple, most, 0

    def at(self, obj: Any, depth: int = 0) -> None:
        kind = type(obj)
        if kind in self._simple or is_numpy_scalar(obj):
            return
        if depth > MAX_DEPTH:
            raise _Unknown
        if kind in (list, tuple, set, frozenset):
            self._each(obj, depth)
        elif kind is dict:
            self._each(obj.keys(), depth)
            self._each(obj.values(), depth)
        elif not self._library(obj, kind):
            raise _Unknown

    def _note(self, obj: Any) -> None:
        """An object that is another one when something has changed."""

    def _say(self, *facts: Any) -> None:
        """What is otherwise when something has changed."""

    def _each(self, found: Collection[Any], depth: int) -> None:
        self._spend(len(found))
        for obj in found:
            self.at(obj, depth + 1)

    def _spend(self, elements: int) -> None:
        self._say(elements)
        self._left -= elements
        if self._left < 0:
            raise _Unknown

    def _library(self, obj: Any, kind: type) -> bool:
        """Whether it is one of the libraries' own, and then what is in it."""
        numpy, pandas = library("numpy"), library("pandas")
        if numpy is not None and kind is numpy.ndarray:
            self._array(obj)
        elif pandas is not None and kind in (pandas.DataFrame, pandas.Series):
            self._table(obj)
        elif pandas is not None and is_index(obj):
            self._index(obj)
        elif kind is slice:
            self._each((obj.start, obj.stop, obj.step), MAX_DEPTH)
        elif is_estimator(obj):
            self._model(obj)
        else:
            return numpy is not None and _is_of_numpy(numpy, obj, kind)
        return True

    def _own_methods(self, obj: Any) -> None:
        """An object may be given a function that is found before the one of its class."""
        if any(callable(getattr(type(obj), name, None)) for name in getattr(obj, "__dict__", ())):
            raise _Unknown

    def _model(self, model: Any) -> None:
        """By what it holds: to describe it, nothing of it is called."""
        if self._models == MAX_MODELS:
            raise _Unknown
        self._own_methods(model)
        self._models += 1
        for found in (vars(model).keys(), vars(model).values()):
            self._spend(len(found))
            for obj in found:
                self.at(obj)
        self._models -= 1

    def _table(self, table: Any) -> None:
        self._own_methods(table)
        if type(table.attrs) is not dict or table.attrs:
            # Copied along with whatever is made of the table.
            raise _Unknown
        if table.ndim == 1:
            self.at(table.name)
        elif len(table.columns) > MAX_COLUMNS:
            raise _Unknown
        # pandas' own blocks of columns: to take out each column would make five times as many objects.
        manager = table._mgr
        for axis in manager.axes:
            self._index(axis)
        for block in manager.blocks:
            self._say(block.mgr_locs.as_array.tobytes())
            self._array(block.values)

    def _index(self, index: Any) -> None:
        self._note(index)
        self._own_methods(index)
        for name in index.names:
            self.at(name)
        if index.nlevels > 1:
            self._spend(len(index))
            self._say(*(hash(codes.tobytes()) for codes in index.codes))
            for level in index.levels:
                self._index(level)
        elif type(index) is library("pandas").RangeIndex:
            self._say(index.start, index.stop, index.step)
        else:
            self._array(index._data)

    def _array(self, values: Any) -> None:
        numpy, pandas = library("numpy"), library("pandas")
        self._note(values)
        self._spend(values.size)
        if type(values) is not numpy.ndarray:
            self._own_methods(values)
        if pandas is not None and type(values) in _masked(pandas):
            self._numbers(values._mask)
            values = values._data
        elif pandas is not None and type(values) is pandas.Categorical:
            self._index(values.categories)
            values = values.codes
        elif type(values) is not numpy.ndarray:
            values = _in_numpy(numpy, pandas, values)
        if not isinstance(values.dtype, numpy.dtype):
            raise _Unknown
        if values.dtype.kind in _NUMBERS_AND_TEXT:
            self._numbers(values)
        elif values.dtype.kind == "O":
            self._references(values)
        else:
            raise _Unknown

    def _numbers(self, array: Any) -> None:
        """What is in an array that refers to nothing."""

    def _references(self, array: Any) -> None:
        """What an array refers to."""
        if not set(map(type, array.ravel().tolist())) <= _elements(library("pandas")):
            raise _Unknown


class _Content(_Look):
    """Notes what it looks at."""

    def __init__(self, most: int = MAX_ELEMENTS) -> None:
        super().__init__(_PLAIN, most)
        self.objects: list[Any] = []
        self.facts: list[Any] = []
        self.elements: list[Any] = []
        """What arrays refer to. Held here, so that nothing else can come to lie where one of them was."""

    def at(self, obj: Any, depth: int = 0) -> None:
        self._note(obj)
        super().at(obj, depth)

    def _note(self, obj: Any) -> None:
        self.objects.append(obj)

    def _say(self, *facts: Any) -> None:
        self.facts += facts

    def _numbers(self, array: Any) -> None:
        self.facts += (array.shape, array.dtype.str, hash(array.tobytes()))

    def _references(self, array: Any) -> None:
        super()._references(array)
        self.elements += array.ravel().tolist()
        self._numbers(array)


class _Again(_Content):
    """Looks at the same once more."""

    def _references(self, array: Any) -> None:
        """By the addresses alone: no element is touched, so no page of them is copied."""
        self._numbers(array)


def _in_numpy(numpy: Any, pandas: Any, values: Any) -> Any:
    """The array in which pandas keeps these; the values themselves where there is more to them."""
    array = getattr(values, "_ndarray", None)
    if type(array) is numpy.ndarray and isinstance(values.dtype, (numpy.dtype, pandas.StringDtype)):
        return array
    return numpy.asarray(values) if type(values.dtype) is pandas.StringDtype else values


def _is_of_numpy(numpy: Any, obj: Any, kind: type) -> bool:
    """Whether it is a kind of element, or a function for them, that NumPy itself has under that name."""
    if kind is numpy.ufunc or (kind is type and issubclass(obj, numpy.generic)):
        return vars(numpy).get(obj.__name__) is obj
    return type(kind) is type(numpy.dtype) and obj.kind in _NUMBERS_AND_TEXT | {"O"} and obj.metadata is None


def _masked(pandas: Any) -> tuple[type, ...]:
    return pandas.arrays.IntegerArray, pandas.arrays.FloatingArray, pandas.arrays.BooleanArray


def _elements(pandas: Any) -> frozenset[type]:
    """Classes of single elements."""
    return _PLAIN if pandas is None else _PLAIN | {type(pandas.NA), type(pandas.NaT)}
