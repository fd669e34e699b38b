"""Rows of two tables beside each other: which are in both, and which come after the first of the other."""

from typing import Any, NamedTuple

from .libraries import library
from .tables import row_elements


class Beside(NamedTuple):
    """What the rows of two tables have to do with each other."""

    rows: int
    """Of the second."""
    shared: int
    """Of these, those that are in the first, too."""
    later: int
    """Rows of the first that come after the first row of the second, by labels that have an order; else none."""
    same: bool
    """Whether the second is the first."""


def beside(one: Any, other: Any) -> Beside | None:
    """Two tables' rows; None where there is no telling.

    By their labels where those are moments, or counted anew in neither of them; else by their content.
    """
    mine, theirs = _labels(one), _labels(other)
    if mine is not None and theirs is not None and _telling(mine, theirs):
        shared = int(theirs.isin(mine).sum())
        return Beside(len(theirs), shared, _later(mine, theirs), shared == len(theirs) == len(mine))
    rows, others = row_elements(one), row_elements(other)
    if rows is None or others is None:
        return None
    shared = int(library("numpy").isin(others.fine, rows.fine).sum())
    return Beside(len(others.fine), shared, 0, shared == len(others.fine) == len(rows.fine))


def _labels(table: Any) -> Any:
    pandas = library("pandas")
    return table.index if pandas is not None and isinstance(table, (pandas.DataFrame, pandas.Series)) else None


def _telling(one: Any, other: Any) -> bool:
    pandas = library("pandas")
    moments = isinstance(one, (pandas.DatetimeIndex, pandas.PeriodIndex)) and type(one) is type(other)
    return moments or not (_counted(one) or _counted(other))


def _counted(labels: Any) -> bool:
    """0, 1, 2, …: as they are when nobody gave any, or after they were put aside."""
    pandas = library("pandas")
    return bool(labels.equals(pandas.RangeIndex(len(labels))))


def _later(one: Any, other: Any) -> int:
    if not len(other):
        return 0
    try:
        return int((one > other.min()).sum())
    except (TypeError, ValueError):
        return 0
