"""How results come about: rows in two tables or folds at once, and what a model does when it is trained anew."""

from collections.abc import Callable
from typing import Any

from .libraries import library
from .models import is_model
from .rows import beside

SHUFFLED = 20_259
"""Seed of the order in which answers are shuffled."""


MAX_FOLDS, MAX_POSITIONS = 1_000, 1_000_000
"""More of them would take the time of all questions."""


class Unanswerable(Exception):
    """The objects are not of the kind that the question is about."""


def overlap(one: Any, other: Any) -> dict[str, Any]:
    """How many rows of `other` are in `one` too, and of `one` after the first of `other`. Raises Unanswerable."""
    found = beside(one, other)
    if found is None:
        raise Unanswerable
    return {"kind": "overlap", "rows": found.rows, "shared": found.shared, "later": found.later}


def folds(plan: Any) -> dict[str, Any]:
    """Of a list of (known, to forecast) positions, how often one is on both sides, or known and later.

    Raises Unanswerable: it is no such list.
    """
    if type(plan) not in (list, tuple) or not plan or len(plan) > MAX_FOLDS:
        raise Unanswerable
    shared = later = rows = 0
    for fold in plan:
        if type(fold) not in (list, tuple) or len(fold) != 2:
            raise Unanswerable
        known, asked = map(_positions, fold)
        rows += len(asked)
        shared += len(known & asked)
        later += sum(position > min(asked) for position in known) if asked else 0
    return {"kind": "folds", "folds": len(plan), "rows": rows, "shared": shared, "later": later}


def _positions(part: Any) -> frozenset[int]:
    numpy = library("numpy")
    if numpy is not None and type(part) is numpy.ndarray and part.ndim == 1:
        part = part.tolist()
    if type(part) not in (list, tuple, range) or len(part) > MAX_POSITIONS:
        raise Unanswerable
    if not all(isinstance(at, int) or type(at).__name__.startswith("int") for at in part):
        raise Unanswerable
    return frozenset(map(int, part))


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
