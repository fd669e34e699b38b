"""Whether objects can be described where they are: no code runs for it but Python's and the libraries' own.

Anything else may be of a class of the learner's, or hold something that is, and is described in a copy of the process.
"""

import decimal
import fractions
import operator
import types
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from .libraries import library
from .models import is_estimator
from .plain import is_numpy_scalar
from .tables import MAX_COLUMNS, is_index

MAX_ELEMENTS: Final = 1_000_000
"""Of all objects together: what takes long may be stopped only in a copy."""
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


def all_known(objects: Iterable[Any], *, code: bool = True, most: int = MAX_ELEMENTS) -> bool:
    """Whether all of these can be described where they are.

    Not `code`: functions and modules cannot. `most`: elements of all together.
    """
    look = _Look(_PLAIN | _NAMED if code else _PLAIN, most)
    try:
        for obj in objects:
            look.at(obj)
    except Exception:
        # Whatever went wrong, with a copy it will be told.
        return False
    return True


class Content(NamedTuple):
    """What objects hold."""

    objects: list[Any]
    """They and what is in them. Held here, so that nothing else can come to lie where one of them was."""
    facts: list[Any]
    """Lengths, shapes, and hashes of numbers."""

    def is_that_of(self, other: "Content") -> bool:
        """Whether both hold the very same."""
        if len(self.objects) != len(other.objects) or self.facts != other.facts:
            return False
        return all(map(operator.is_, self.objects, other.objects))


def content_of(objects: Iterable[Any]) -> Content | None:
    """The content of objects that are known, functions and modules not among them; None where there is no telling."""
    look = _Content()
    try:
        for obj in objects:
            look.at(obj)
    except Exception:
        return None
    return look.found


class _Look:
    """Goes by the identity of classes alone. Its methods raise _Unknown."""

    def __init__(self, simple: frozenset[type] = _PLAIN, most: int = MAX_ELEMENTS) -> None:
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

    def _each(self, found: Collection[Any], depth: int) -> None:
        self._spend(len(found))
        for obj in found:
            self.at(obj, depth + 1)

    def _spend(self, elements: int) -> None:
        self._left -= elements
        if self._left < 0:
            raise _Unknown

    def _library(self, obj: Any, kind: type) -> bool:
        """Whether it is one of NumPy's or pandas' own, and then what is in it."""
        numpy, pandas = library("numpy"), library("pandas")
        if numpy is not None and kind is numpy.ndarray:
            self._array(obj)
        elif pandas is not None and kind in (pandas.DataFrame, pandas.Series):
            self._table(obj, kind is pandas.DataFrame)
        elif pandas is not None and is_index(obj):
            self._index(obj)
        elif kind is slice:
            self._each((obj.start, obj.stop, obj.step), MAX_DEPTH)
        elif is_estimator(obj):
            self._model(obj)
        else:
            return numpy is not None and _is_of_numpy(numpy, obj, kind)
        return True

    def _model(self, model: Any) -> None:
        """By what it holds: to describe it, nothing of it is called."""
        if self._models == MAX_MODELS:
            raise _Unknown
        self._own_methods(model)
        self._models += 1
        self._each(vars(model).keys(), 0)
        self._each(vars(model).values(), -1)
        self._models -= 1

    def _own_methods(self, obj: Any) -> None:
        """An object may be given a function that is found before the one of its class."""
        if any(callable(getattr(type(obj), name, None)) for name in getattr(obj, "__dict__", ())):
            raise _Unknown

    def _table(self, table: Any, is_frame: bool) -> None:
        self._own_methods(table)
        if type(table.attrs) is not dict or table.attrs:
            # Copied along with whatever is made of the table.
            raise _Unknown
        self._index(table.index)
        if not is_frame:
            self.at(table.name)
            self._array(table.array)
            return
        self._index(table.columns)
        if len(table.columns) > MAX_COLUMNS:
            raise _Unknown
        for position in range(len(table.columns)):
            self._array(table.iloc[:, position].array)

    def _index(self, index: Any) -> None:
        self._own_methods(index)
        for name in index.names:
            self.at(name)
        if index.nlevels == 1:
            self._array(index.array)
            return
        self._spend(len(index))
        for level in index.levels:
            self._index(level)

    def _array(self, values: Any) -> None:
        numpy, pandas = library("numpy"), library("pandas")
        self._spend(values.size)
        if type(values) is not numpy.ndarray:
            self._own_methods(values)
        if pandas is not None:
            if type(values) in _masked(pandas):
                return
            if type(values) is pandas.Categorical:
                self._index(values.categories)
                return
            if type(values) is pandas.arrays.NumpyExtensionArray or type(values.dtype) is pandas.StringDtype:
                values = numpy.asarray(values)
        if not isinstance(values.dtype, numpy.dtype):
            raise _Unknown
        if values.dtype.kind in _NUMBERS_AND_TEXT:
            return
        if values.dtype.kind != "O" or not set(map(type, values.ravel().tolist())) <= _elements(pandas):
            raise _Unknown


class _Content(_Look):
    """Notes what it looks at."""

    def __init__(self) -> None:
        super().__init__()
        self.found = Content([], [])

    def at(self, obj: Any, depth: int = 0) -> None:
        self.found.objects.append(obj)
        super().at(obj, depth)

    def _spend(self, elements: int) -> None:
        self.found.facts.append(elements)

    def _index(self, index: Any) -> None:
        self.found.objects.append(index)
        if index.nlevels > 1:
            self.found.facts.extend(hash(codes.tobytes()) for codes in index.codes)
        super()._index(index)

    def _array(self, values: Any) -> None:
        numpy, pandas = library("numpy"), library("pandas")
        if pandas is not None and type(values) is pandas.Categorical:
            self._index(values.categories)
            values = values.codes
        elif pandas is not None and type(values) in _masked(pandas):
            self.found.facts.append(hash(values.isna().tobytes()))
            values = values.to_numpy(values.dtype.numpy_dtype, na_value=0)
        array = numpy.asarray(values)
        self.found.facts.extend((array.shape, array.dtype.str))
        if array.dtype.kind == "O":
            self.found.objects.extend(array.ravel().tolist())
        else:
            self.found.facts.append(hash(array.tobytes()))


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
