"""Arrays, series, frames and indexes as Values."""

from functools import cached_property
from typing import Any

from .facts import SHORT, facts, quantiles_of, row_hashes
from .hashes import Elements, elements_of, name_salt
from .libraries import library
from .plain import plain

MAX_COLUMNS = 200
MAX_FRAME_ELEMENTS = 5_000
_INDEX_SALT, _ELEMENT_SALT = 0x1D, 0xE1


_INDEX_TYPES = (
    "Index", "RangeIndex", "MultiIndex", "DatetimeIndex", "TimedeltaIndex", "PeriodIndex", "CategoricalIndex",
    "IntervalIndex",
)  # fmt: skip


def is_index(value: Any) -> bool:
    """One of pandas' own index classes, by identity."""
    pandas = library("pandas")
    return any(type(value) is getattr(pandas, name) for name in _INDEX_TYPES)


class Column:
    """A pandas array in plain numpy form: what to compute with, and what to call it."""

    def __init__(self, values: Any) -> None:
        self.dtype = str(values.dtype)
        self.family: str | None = None
        self.array = self._numpy(values)

    @cached_property
    def elements(self) -> Elements | None:
        """For hashes."""
        return elements_of(self.array)

    def _numpy(self, values: Any) -> Any:
        numpy, pandas = library("numpy"), library("pandas")
        if isinstance(values.dtype, numpy.dtype):
            return numpy.asarray(values)
        if isinstance(values.dtype, pandas.CategoricalDtype):
            self.family = "category"
            return numpy.asarray(values, dtype=object)
        if isinstance(values.dtype, pandas.DatetimeTZDtype):
            return values.tz_convert("UTC").tz_localize(None).to_numpy()
        if values.dtype.kind in "iuf":
            self.family = "float" if values.dtype.kind == "f" else "int"
            return values.to_numpy(dtype="float64", na_value=numpy.nan)
        if values.dtype.kind == "b":
            self.family = "bool"
            return values.to_numpy(dtype=object) if values.isna().any() else values.to_numpy(dtype=bool)
        if isinstance(values.dtype, pandas.StringDtype):
            self.family = "text"
        return numpy.asarray(values, dtype=object)

    def facts(self, seed: int, *, with_values: bool = True) -> dict[str, Any]:
        """Facts about its elements."""
        return facts(
            self.array, seed, dtype=self.dtype, family=self.family, elements=self.elements, with_values=with_values
        )


def array_value(array: Any, seed: int) -> dict[str, Any]:
    """A numpy.ndarray."""
    flat = array.reshape(-1)
    found = {"kind": "array", "shape": list(array.shape), **facts(flat, seed)}
    if array.ndim == 2 and array.size:
        columns = [(salt, elements_of(array[:, salt - 1])) for salt in range(1, array.shape[1] + 1)]
        found["rows"] = row_hashes(columns)[1]
    return found


def _multi_elements(index: Any) -> Elements | None:
    levels = [(salt, Column(index.get_level_values(salt - 1).array).elements) for salt in range(1, index.nlevels + 1)]
    return row_hashes(levels)[0]


def index_facts(index: Any, seed: int) -> tuple[dict[str, Any], Elements | None]:
    """Index facts, and the elements for pairing them with values."""
    pandas = library("pandas")
    if isinstance(index, pandas.MultiIndex):
        elements = _multi_elements(index)
        body = facts(label_tuples(index), seed, dtype="multi", family="object", elements=elements)
    else:
        column = Column(index.array)
        elements, body = column.elements, column.facts(seed)
    default = type(index) is pandas.RangeIndex and index.start == 0 and index.step == 1
    direction = (
        "increasing" if index.is_monotonic_increasing else "decreasing" if index.is_monotonic_decreasing else None
    )
    return {
        "type": type(index).__name__,
        "names": [plain(name) for name in index.names],
        "default": default or _counts_from_zero(index),
        "unique": bool(index.is_unique),
        "sorted": direction,
        "levels": int(index.nlevels),
        **body,
    }, elements


def _counts_from_zero(index: Any) -> bool:
    numpy, pandas = library("numpy"), library("pandas")
    if isinstance(index, pandas.MultiIndex) or index.dtype.kind not in "iu":
        return False
    return bool((numpy.asarray(index) == numpy.arange(len(index))).all())


def label_tuples(index: Any) -> Any:
    """The labels of an index of several levels, as a NumPy array of tuples."""
    numpy = library("numpy")
    tuples = numpy.empty(len(index), dtype=object)
    tuples[:] = list(index)
    return tuples


def index_value(index: Any, seed: int) -> dict[str, Any]:
    """A pandas.Index observed by itself."""
    return {"kind": "index", **index_facts(index, seed)[0]}


def series_value(series: Any, seed: int) -> dict[str, Any]:
    """A pandas.Series."""
    column = Column(series.array)
    index, labels = index_facts(series.index, seed)
    pairs = row_hashes([(_INDEX_SALT, labels), (_ELEMENT_SALT, column.elements)])[1]
    return {"kind": "series", "name": plain(series.name), "index": index, **column.facts(seed), "pairs": pairs}


def frame_value(frame: Any, seed: int) -> dict[str, Any]:
    """A pandas.DataFrame."""
    names = list(frame.columns)
    columns = [Column(frame.iloc[:, i].array) for i in range(len(names))]
    shown = columns[:MAX_COLUMNS]
    small = len(frame) <= SHORT and len(frame) * len(names) <= MAX_FRAME_ELEMENTS
    salts = [name_salt(name) for name in names]
    found = {
        "kind": "frame",
        "shape": [int(n) for n in frame.shape],
        "columns": [plain(name) for name in names[:MAX_COLUMNS]],
        "levels": int(frame.columns.nlevels),
        "index": index_facts(frame.index, seed)[0],
        "data": [
            {"name": plain(name), **column.facts(seed, with_values=small)}
            for name, column in zip(names, shown, strict=False)
        ],
        "hash": row_hashes([(salt, column.elements) for salt, column in zip(salts, columns, strict=True)])[1],
        "complete": len(names) <= MAX_COLUMNS,
    }
    mixed = _mix(columns, salts)
    if mixed is not None:
        found["mix"] = mixed
    return found


def row_elements(table: Any) -> Elements | None:
    """One number for each row of a frame, series or two-dimensional array; None for anything else."""
    numpy, pandas = library("numpy"), library("pandas")
    if numpy is not None and type(table) is numpy.ndarray and table.ndim == 2:
        return row_hashes([(salt, elements_of(table[:, salt - 1])) for salt in range(1, table.shape[1] + 1)])[0]
    if pandas is not None and type(table) is pandas.DataFrame:
        columns = [Column(table.iloc[:, at].array).elements for at in range(table.shape[1])]
        return row_hashes([(name_salt(name), column) for name, column in zip(table.columns, columns, strict=True)])[0]
    return None


def _mix(columns: list[Column], salts: list[int]) -> list[float] | None:
    """Quantiles of one number a row that mixes all columns: tells frames with re-paired columns apart."""
    numpy = library("numpy")
    if not columns or not len(columns[0].array) or any(c.elements is None for c in columns):
        return None
    total = numpy.zeros(len(columns[0].array))
    for column, salt in zip(columns, salts, strict=True):
        total += (0.5 + salt / 2**65) * _unit(column)
    return quantiles_of(numpy.sort(total))


def _unit(column: Column) -> Any:
    numpy = library("numpy")
    if column.array.dtype.kind not in "iuf" or column.elements is None:
        return column.elements.fine / 2**64 if column.elements is not None else 0.0
    values = column.array.astype("float64")
    finite = numpy.isfinite(values)
    if not finite.any():
        return numpy.zeros(len(values))
    with numpy.errstate(all="ignore"):
        centre, spread = values[finite].mean(), values[finite].std()
        scaled = (values - centre) / spread if spread > 1e-12 * (1 + abs(centre)) else values * 0.0
    return numpy.where(finite, scaled, 7.5)


def sequence_facts(items: list[Any], seed: int) -> dict[str, Any] | None:
    """Facts of a list of only plain numbers, when numpy is loaded."""
    numpy = library("numpy")
    if numpy is None or not items or not all(type(v) in (int, float, bool) for v in items):
        return None
    try:
        array = numpy.array(items)
    except (OverflowError, ValueError):
        return None
    return None if array.dtype.kind not in "biuf" else facts(array, seed, dtype="list", with_values=False)
