"""How good forecasts are on rows whose answers only the case knows. The answers never enter the sandbox."""

import math
from collections.abc import Sequence
from typing import Any

from feedback.evidence.difference import Difference
from feedback.evidence.plain import as_number
from feedback.evidence.values import UNREADABLE
from services.contracts.case import Holdout
from services.contracts.observation import Value


def worse(holdout: Holdout, expected: Value, actual: Value) -> Difference | None:
    """How a learner's forecasts are worse than the reference's by more than the case allows, or None."""
    allowed, found = measured(holdout, expected), measured(holdout, actual)
    if allowed is None:
        return Difference("unreadable", "the reference's forecasts cannot be measured")
    if found is None:
        return Difference("metric", f"no {len(holdout.answers)} forecasts that can be measured")
    if found <= allowed * holdout.within + holdout.slack:
        return None
    return Difference("metric", f"{holdout.metric} {found:.6g} on the holdout where the reference has {allowed:.6g}")


def measured(holdout: Holdout, value: Value) -> float | None:
    """The metric of these forecasts, an error: 0 is best. None when they are not one for each answer."""
    try:
        forecasts = _elements(value)
        if forecasts is None or len(forecasts) != len(holdout.answers):
            return None
        if holdout.metric == "error_rate":
            wrong = sum(not _equal(one, two) for one, two in zip(forecasts, holdout.answers, strict=True))
            return wrong / len(forecasts)
        return _distance(holdout, forecasts)
    except UNREADABLE:
        # The learner's process wrote it: any shape is possible.
        return None


def _distance(holdout: Holdout, forecasts: Sequence[Any]) -> float | None:
    pairs = [(as_number(one), as_number(two)) for one, two in zip(forecasts, holdout.answers, strict=True)]
    apart = [abs(one - two) for one, two in pairs if one is not None and two is not None]
    if len(apart) != len(pairs) or not all(map(math.isfinite, apart)):
        return None
    if holdout.metric == "mean_absolute_error":
        return math.fsum(apart) / len(apart)
    return math.sqrt(math.fsum(distance**2 for distance in apart) / len(apart))


def _equal(one: Any, two: Any) -> bool:
    first, second = as_number(one), as_number(two)
    return first == second if first is not None and second is not None else one == two and type(one) is type(two)


def _elements(value: Value) -> Sequence[Any] | None:
    match value["kind"]:
        case "array" if len(value["shape"]) == 1 or value["shape"][1:] == [1]:
            return list(value["values"])
        case "series":
            return list(value["values"])
        case "list" | "tuple":
            return [item["value"] for item in value["items"]]
    return None
