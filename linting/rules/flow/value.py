import ast
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

FRAME = "pandas.DataFrame"
SERIES = "pandas.Series"
ARRAY = "numpy.ndarray"
INDEXER = "pandas.loc"
"""`table.loc` and `table.iloc`."""
TABLES = frozenset({FRAME, SERIES, ARRAY, ""})
"""What may hold rows of data; an unknown value may."""
FitKind = Literal["transformer", "model", "resampler", "statistic"]
How = Literal["predict", "predict_proba", "decision_function"]


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Something was learned from data: by an estimator, or as a mean, a median, a maximum."""

    call: ast.expr
    what: str
    """Name of the class or of the statistic."""
    kind: FitKind
    data: "Value"
    target: "Value"


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """One call that divided rows at random or at a point."""

    call: ast.Call
    data: tuple["Value", ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One side of a split."""

    split: Split
    side: Literal["train", "test"]


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a table there are: `only` these, or all that the source has but those it `lacks`."""

    source: object
    only: frozenset[str] | None = None
    lacks: frozenset[str] = frozenset()

    def holds(self, column: str) -> bool:
        """Whether the column is certainly there, given that the source has it."""
        return column in self.only if self.only is not None else column not in self.lacks


@dataclass(frozen=True, slots=True)
class Prediction:
    """What an estimator said about data."""

    estimator: "Value"
    how: How
    data: "Value"
    fit: Fit | None
    """What the estimator had learned by then, where that is known."""


@dataclass(frozen=True, slots=True)
class Value:
    """What is certain about the value of one expression."""

    type: str = ""
    """Full name of its class; empty when unknown."""
    made: ast.Call | None = None
    """The call that made it; for an estimator this is its identity."""
    rows: frozenset[object] = frozenset()
    """Which sources its rows come from."""
    part: Part | None = None
    """The side of a split that all its rows are on."""
    seen: frozenset[Fit] = frozenset()
    """What was learned elsewhere and went into these numbers."""
    columns: Columns | None = None
    column: tuple[str, object] | None = None
    """For a column taken out of a table unchanged: its name and the table's source."""
    statistic: Fit | None = None
    """Set for a number, or one per column, that sums up rows."""
    prediction: Prediction | None = None
    traits: frozenset[str] = frozenset()
    """Facts about the rows: `lagged` (columns made of earlier rows), `resampled` (one row per period), `some_rows`."""
    elements: tuple["Value", ...] | None = None
    """Of a tuple or list written out."""
    text: str | None = None
    texts: tuple[str, ...] | None = field(default=None)
    """Of a list of texts written out."""

    @property
    def package(self) -> str:
        """The top of the class's name."""
        return self.type.partition(".")[0]

    @property
    def class_name(self) -> str:
        """The end of the class's name."""
        return self.type.rpartition(".")[2]


UNKNOWN = Value()


def rows_of(*values: Value, kind: str = "", made: ast.Call | None = None) -> Value:
    """New data made of the rows of others: what went into them goes with them."""
    data = [v for v in _flat(values) if v.rows or v.seen or v.part]
    parts = {v.part for v in data}
    return Value(
        type=kind,
        made=made,
        rows=frozenset().union(*(v.rows for v in data)),
        part=parts.pop() if len(parts) == 1 else None,
        seen=frozenset[Fit]().union(*(v.seen for v in data)),
        traits=frozenset[str]().union(*(v.traits for v in data)),
    )


def is_whole(value: Value) -> bool:
    """Whether the value has every row of its sources, as far as can be seen."""
    return "some_rows" not in value.traits


def learned(value: Value, *fits: Fit) -> Value:
    """The value after these fits went into it."""
    return replace(value, seen=value.seen | frozenset(fits))


def _flat(values: Iterable[Value]) -> Iterable[Value]:
    for value in values:
        if value.elements is None:
            yield value
        else:
            yield from _flat(value.elements)
