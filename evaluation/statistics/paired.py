"""Two versions on the same samples: did it get better?

The differences' mean with a cluster-robust t interval. Where few samples changed, their variance is believed less
(`scarce`), and as much of one imagined sample that rose or fell, who knows, is added as it is believed less: in the
manner of Bonett & Price (2012) for paired proportions.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from evaluation.runs.result import ScoreKind
from evaluation.statistics.clustered import Grouped, spread
from evaluation.statistics.estimate import Decision, Difference, Estimate
from evaluation.statistics.intervals import DIGITS, FEW, ONE_CASE, student
from evaluation.statistics.scarce import believed


@dataclass(frozen=True)
class _Measured:
    mean: float
    error: float
    freedom: float


def compare(
    before: Sequence[float | None],
    after: Sequence[float | None],
    clusters: Sequence[str],
    kind: ScoreKind,  # noqa: ARG001 -- a reader sees what is compared; both kinds need the same
    *,
    level: float = 0.95,
) -> Difference:
    """After minus before, sample by sample in the same order, with a `level` interval and a decision.

    A sample that is None on either side is left out and counted. Raises ValueError where the lengths differ or a value
    is no number from 0 to 1.
    """
    if not len(before) == len(after) == len(clusters):
        raise ValueError(f"{len(before)} scores before, {len(after)} after, {len(clusters)} clusters: give all of each")
    if not all(0 <= value <= 1 for value in (*before, *after) if value is not None):
        raise ValueError("a score is outside 0 to 1")
    pairs = [
        (round(float(new) - float(old), DIGITS), cluster)
        for old, new, cluster in zip(before, after, clusters, strict=True)
        if old is not None and new is not None
    ]
    missing = len(before) - len(pairs)
    if not pairs:
        none = Estimate(None, None, None, 0, 0, missing, "no sample has a score in both runs")
        return Difference(none, "cannot_tell", None, 0, 0)
    grouped = Grouped.of(np.array([value for value, _ in pairs]), [cluster for _, cluster in pairs])
    rose, fell = int((grouped.values > 0).sum()), int((grouped.values < 0).sum())
    mean, cases = float(grouped.values.mean()), len(grouped.sizes)
    if len(pairs) == 1:
        note = "a single sample: whether others changed cannot be told"
        return Difference(Estimate(mean, None, None, 1, 1, missing, note), "cannot_tell", None, rose, fell)
    measured = _measure(grouped if cases > 1 else grouped.apart)
    half = student(measured.freedom, level) * measured.error
    low, high = max(-1.0, min(mean, measured.mean - half)), min(1.0, max(mean, measured.mean + half))
    decision: Decision = "better" if low > 0 else "worse" if high < 0 else "no_evidence"
    estimate = Estimate(mean, low, high, len(pairs), cases, missing, _note(cases, rose + fell))
    return Difference(estimate, decision, _p_value(measured), rose, fell)


def _measure(grouped: Grouped) -> _Measured:
    found, count = spread(grouped), len(grouped.values)
    squares, largest = float(np.sum(grouped.values**2)), float(np.abs(grouped.values).max())
    # In units of the largest change; where nothing changed, an imagined change is as large as can be.
    unit = largest**2 if largest > 0 else 1.0
    changed = (squares / unit + 1) / (count + 1)
    trusted = believed(grouped, found, 1 / changed - 3, likeness=0.0)
    doubt = 1.0 if math.isinf(trusted.freedom) else 1 - found.freedom / trusted.freedom
    size = count + doubt
    mean = found.mean * count / size
    single = max(0.0, (squares + doubt * unit) / size - mean**2)
    return _Measured(mean, math.sqrt(single * trusted.effect / size), trusted.freedom)


def _p_value(measured: _Measured) -> float:
    if measured.error == 0:
        return 1.0 if measured.mean == 0 else 0.0
    score = -abs(measured.mean) / measured.error
    one_sided = special.ndtr(score) if math.isinf(measured.freedom) else special.stdtr(measured.freedom, score)
    return min(1.0, 2 * float(one_sided))


def _note(cases: int, changed: int) -> str:
    notes = []
    if cases == 1:
        notes.append(ONE_CASE)
    elif cases < FEW:
        notes.append(f"only {cases} cases: other cases may differ more than these show")
    if not changed:
        notes.append("no sample changed")
    return "; ".join(notes)
