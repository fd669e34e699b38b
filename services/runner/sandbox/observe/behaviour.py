"""How results come about: rows in two tables at once, and what a model does when it is trained anew."""

from collections.abc import Callable
from typing import Any

from .libraries import library
from .models import is_model
from .tables import row_elements

SHUFFLED = 20_259
"""Seed of the order in which answers are shuffled."""


class Unanswerable(Exception):
    """The objects are not of the kind that the question is about."""


def overlap(one: Any, other: Any) -> dict[str, Any]:
    """How many rows of `other` are in `one` too, by their content. Raises Unanswerable."""
    rows, theirs = row_elements(one), row_elements(other)
    if rows is None or theirs is None:
        raise Unanswerable
    numpy = library("numpy")
    shared = int(numpy.isin(theirs.fine, rows.fine).sum())
    return {"kind": "overlap", "rows": len(theirs.fine), "shared": shared}


def refit(model: Any, train: tuple[Any, Any], test: tuple[Any, Any], seed: Callable[[int], None]) -> dict[str, Any]:
    """What the model gives for the test rows, against copies of it that are trained anew. Raises Unanswerable.

    Each number but the scores is the largest distance between two forecasts, in standard deviations of the test's
    answers, or the share of forecasts that differ where they are no numbers.
    """
    if not is_model(model):
        raise Unanswerable
    clone = library("sklearn.base").clone

    def trained(rows: Any, answers: Any, number: int) -> Any:
        seed(number)
        return clone(model).fit(rows, answers)

    own = model.predict(test[0])
    again = trained(*train, 1)
    everything = trained(_joined(train[0], test[0]), _joined(train[1], test[1]), 1)
    shuffled = trained(train[0], _shuffled(train[1]), 1)
    distance = _Distance(test[1])
    first = again.predict(test[0])
    return {
        "kind": "refit",
        "from_train": distance(own, first),
        "from_all": distance(own, everything.predict(test[0])),
        "from_seed": distance(first, trained(*train, 2).predict(test[0])),
        "score": float(again.score(*test)),
        "shuffled_score": float(shuffled.score(*test)),
    }


def _joined(one: Any, other: Any) -> Any:
    pandas, numpy = library("pandas"), library("numpy")
    if pandas is not None and isinstance(one, (pandas.DataFrame, pandas.Series)):
        return pandas.concat([one, other])
    return numpy.concatenate([one, other])


def _shuffled(answers: Any) -> Any:
    order = library("numpy").random.default_rng(SHUFFLED).permutation(len(answers))
    if hasattr(answers, "iloc"):
        shuffled = answers.iloc[order].copy()
        shuffled.index = answers.index
        return shuffled
    return answers[order]


class _Distance:
    def __init__(self, answers: Any) -> None:
        numpy = library("numpy")
        values = numpy.asarray(answers)
        self._scale = (float(values.std()) or 1.0) if values.dtype.kind in "iuf" and len(values) else None

    def __call__(self, one: Any, other: Any) -> float:
        numpy = library("numpy")
        first, second = numpy.asarray(one), numpy.asarray(other)
        if first.shape != second.shape or not first.size:
            raise Unanswerable
        if self._scale is None or first.dtype.kind not in "iuf":
            return float((first != second).mean())
        return float(numpy.abs(first - second).max() / self._scale)
