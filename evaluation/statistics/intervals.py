"""A mean of scores with its interval, clustered by case."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy import special

from evaluation.runs.result import ScoreKind
from evaluation.statistics.clustered import Grouped, Spread, spread
from evaluation.statistics.estimate import Estimate
from evaluation.statistics.hierarchical import rate_interval
from evaluation.statistics.scarce import ASSUMED_LIKENESS, believed
from evaluation.statistics.zoib import studentised

DIGITS: Final = 9
"""Scores and their differences are taken to so many decimals: what is smaller is rounding."""
FEW: Final = 5
"""Fewer cases than this say little about other cases, and the estimate says so."""
ONE_CASE: Final = "a single case: the interval is about its samples and says nothing of other cases"
# Redrawn suites without any variation have no quantile; nothing like it is plausible beyond this many of Student's.
_WIDEST: Final = 2.0


def interval(
    values: Sequence[float | None],
    clusters: Sequence[str],
    kind: ScoreKind,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """Mean of `values` (0 to 1) with a `level` interval; `clusters` names the case of each value.

    None values are left out and counted. `seed` is of the bootstrap that `share` needs: equal arguments give equal
    intervals. Raises ValueError where `values` and `clusters` differ in length or a value is no number from 0 to 1.
    """
    if len(values) != len(clusters):
        raise ValueError(f"{len(values)} values, but {len(clusters)} clusters: give the case of each value")
    if not all(0 <= value <= 1 for value in values if value is not None):
        raise ValueError("a score is outside 0 to 1")
    pairs = [
        (round(float(value), DIGITS), cluster)
        for value, cluster in zip(values, clusters, strict=True)
        if value is not None
    ]
    missing = len(values) - len(pairs)
    if not pairs:
        return Estimate(None, None, None, 0, 0, missing, "no values")
    grouped = Grouped.of(np.array([value for value, _ in pairs]), [cluster for _, cluster in pairs])
    count, cases, mean = len(pairs), len(grouped.sizes), float(grouped.values.mean())
    if count == 1:
        return Estimate(mean, None, None, 1, 1, missing, "a single sample: how others would score cannot be told")
    bounds = _bounds(grouped if cases > 1 else grouped.apart, kind, level, seed)
    if bounds is None:
        note = f"every sample scored {mean:.3g}: how far others would differ cannot be told"
        return Estimate(mean, None, None, count, cases, missing, note)
    return Estimate(mean, *bounds, count, cases, missing, _note(grouped))


def wilson(mean: float, size: float, low: float, high: float | None = None) -> tuple[float, float]:
    """Wilson's interval (1927) of a share `mean` of `size` samples, for the quantile `low` (`high` above the mean)."""
    ends = _wilson_end(mean, size, low, -1), _wilson_end(mean, size, low if high is None else high, 1)
    # At 0 and 1 rounding may put an end on the other side of the mean.
    return min(ends[0], mean), max(ends[1], mean)


def student(freedom: float, level: float) -> float:
    """Two-sided quantile of Student's t; infinite `freedom` is the normal distribution's."""
    if math.isinf(freedom):
        return float(special.ndtri(0.5 + level / 2))
    return float(special.stdtrit(freedom, 0.5 + level / 2))


def _bounds(grouped: Grouped, kind: ScoreKind, level: float, seed: int) -> tuple[float, float] | None:
    """None where all values are equal and neither 0 nor 1."""
    found = spread(grouped)
    if bool(((grouped.values == 0) | (grouped.values == 1)).all()):
        low, high = rate_interval(grouped, level)
        return min(low, found.mean), max(high, found.mean)
    if grouped.single == 0:
        return None
    if kind == "rate" or found.variance == 0:
        return _effective(grouped, found, level)
    widest = _WIDEST * student(found.freedom, level)
    low, high = (min(max(end, 0.0), widest) for end in _redrawn(grouped, level, seed))
    return wilson(found.mean, found.mean * (1 - found.mean) / found.variance, low, high)


def _effective(grouped: Grouped, found: Spread, level: float) -> tuple[float, float]:
    """Wilson's interval with the number of independent samples that would have the clustered variance."""
    count = len(grouped.values)
    smoothed = (found.mean * count + 1) / (count + 2)
    kurtosis = 1 / (smoothed * (1 - smoothed)) - 6
    trusted = believed(grouped, found, kurtosis, likeness=ASSUMED_LIKENESS)
    size = count * found.mean * (1 - found.mean) / (grouped.single * trusted.effect)
    return wilson(found.mean, size, student(trusted.freedom, level))


def _redrawn(grouped: Grouped, level: float, seed: int) -> tuple[float, float]:
    low, high = studentised(grouped, level, seed)
    # A mean that tends to come out too high (the upper quantile is large) has its truth further below.
    return high, -low


def _wilson_end(mean: float, size: float, quantile: float, side: int) -> float:
    weight = quantile**2 / size
    half = quantile * math.sqrt(mean * (1 - mean) / size + weight / (4 * size))
    return min(1.0, max(0.0, (mean + weight / 2 + side * half) / (1 + weight)))


def _note(grouped: Grouped) -> str:
    cases, first = len(grouped.sizes), float(grouped.values[0])
    notes = []
    if cases == 1:
        notes.append(ONE_CASE)
    elif cases < FEW:
        notes.append(f"only {cases} cases: other cases may differ more than these show")
    if bool((grouped.values == first).all()):
        notes.append(f"every sample scored {first:g}: the interval follows from their number alone")
    return "; ".join(notes)
