"""Facts about a run of elements: numbers, missing values, statistics, quantiles, samples."""

import math
from typing import Any

from .hashes import Elements, Hashes, elements_of, hashes
from .libraries import library
from .plain import integer, number, plain

SHORT = 200
"""Up to this many elements all are given."""
SAMPLES = 16
QUANTILES = 17
_FAMILIES = {"b": "bool", "i": "int", "u": "int", "f": "float", "c": "complex", "M": "time", "m": "duration"}
_INFERRED = {
    "string": "text", "empty": "text", "boolean": "bool", "integer": "int", "floating": "float",
    "mixed-integer-float": "float", "decimal": "float", "complex": "complex", "datetime": "time",
    "datetime64": "time", "date": "time", "timedelta": "duration", "timedelta64": "duration",
}  # fmt: skip


def positions(seed: int, length: int) -> list[int]:
    """Up to SAMPLES positions that depend only on the seed and the length."""
    if length <= SAMPLES:
        return list(range(length))
    state = (seed * 2654435761 + length) & 0xFFFFFFFF
    chosen: set[int] = set()
    while len(chosen) < SAMPLES:
        state = (state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        chosen.add((state >> 24) % length)
    return sorted(chosen)


def family_of(array: Any) -> str:
    """The family of a one-dimensional numpy array; object arrays are looked into."""
    kind = array.dtype.kind
    if kind in "US":
        return "text"
    if kind in _FAMILIES:
        return _FAMILIES[kind]
    pandas = library("pandas")
    if pandas is None:
        return "text" if len(array) and all(type(v) is str for v in array.tolist()) else "object"
    if len(array) == 0:
        return "object"
    return _INFERRED.get(pandas.api.types.infer_dtype(array, skipna=True), "object")


def facts(
    array: Any,
    seed: int,
    *,
    dtype: str | None = None,
    family: str | None = None,
    elements: Elements | None = None,
    with_values: bool = True,
) -> dict[str, Any]:
    """Facts about a one-dimensional numpy array."""
    family = family or family_of(array)
    elements = elements if elements is not None else elements_of(array)
    length = len(array)
    found: dict[str, Any] = {
        "length": length,
        "dtype": dtype or str(array.dtype),
        "family": family,
        "nulls": _nulls(array),
        "hash": hashes(elements),
    }
    if array.dtype.kind in "biuf" and length:
        found.update(_statistics(array))
    if family in ("text", "category", "bool") and elements is not None:
        found["distinct"] = len(library("numpy").unique(elements.fine)) - (1 if found["nulls"] else 0)
    chosen = positions(seed, length)
    found["sample"] = [[i, value] for i, value in zip(chosen, plain_values(array[chosen]), strict=True)]
    if with_values and length <= SHORT:
        found["values"] = plain_values(array)
    return found


def _nulls(array: Any) -> int:
    numpy = library("numpy")
    if array.dtype.kind in "fc":
        return int(numpy.isnan(array).sum())
    if array.dtype.kind in "mM":
        return int(numpy.isnat(array).sum())
    if array.dtype.kind != "O":
        return 0
    pandas = library("pandas")
    return int(pandas.isna(array).sum()) if pandas is not None else sum(plain(v) is None for v in array.tolist())


def _statistics(array: Any) -> dict[str, Any]:
    numpy = library("numpy")
    values = array.astype("float64")
    values = numpy.sort(values[numpy.isfinite(values)])
    if not len(values):
        return {}
    with numpy.errstate(all="ignore"):
        found = {
            "mean": number(float(values.mean())),
            "std": number(float(values.std())),
            "min": number(float(values[0])),
            "max": number(float(values[-1])),
            "sum": number(float(values.sum())),
        }
    found["quantiles"] = quantiles_of(values)
    return found


def quantiles_of(ordered: Any) -> list[float]:
    """Order statistics of sorted finite numbers, evenly from the smallest to the largest."""
    last = len(ordered) - 1
    ranks = [math.floor(i * last / (QUANTILES - 1) + 0.5) for i in range(QUANTILES)]
    return [float(v) for v in ordered[ranks]]


def plain_values(array: Any) -> list[Any]:
    """All elements as Plain."""
    kind = array.dtype.kind
    numpy = library("numpy")
    if kind == "f":
        return [None if math.isnan(v) else number(v) for v in array.astype("float64").tolist()]
    if kind in "iu":
        return [integer(v) for v in array.tolist()]
    if kind == "b":
        return [bool(v) for v in array.tolist()]
    if kind == "c":
        return [{"t": [number(v.real), number(v.imag)]} for v in array.tolist()]
    if kind == "M":
        return [None if t == "NaT" else t for t in numpy.datetime_as_string(array).tolist()]
    if kind == "m":
        seconds = array.astype("timedelta64[us]").astype("int64") / 1e6
        return [None if bad else f"PT{s}S" for s, bad in zip(seconds.tolist(), numpy.isnat(array), strict=True)]
    return [plain(v) for v in array.tolist()]


def row_hashes(columns: list[tuple[int, Elements | None]]) -> tuple[Elements | None, Hashes]:
    """Hashes of the rows that these columns, given with a salt each, make together."""
    from .hashes import combine

    known = [(salt, column) for salt, column in columns if column is not None]
    if not known or len(known) < len(columns):
        return None, hashes(None)
    rows = combine(known)
    return rows, hashes(rows)
