"""How far a variance can be believed that rests on few events.

Nineteen of twenty right: the one failure decides what the cases' variance is, and no failure at all makes it 0. The
variance of a variance grows with the kurtosis of what it is made of (Satterthwaite 1946; O'Neill 2014), so the fewer
events, the less the estimated variance counts beside the one that independent samples with a slight likeness would
have. With many events nothing is assumed.
"""

from dataclasses import dataclass
from typing import Final

from evaluation.statistics.clustered import Grouped, Spread

ASSUMED_LIKENESS: Final = 0.05
"""Intra-cluster correlation that is assumed as far as the data cannot tell; chosen on simulated suites of 3 to 40 cases
with correlations of 0 to 0.3, whose intervals it keeps near their level."""


@dataclass(frozen=True)
class Believed:
    """A design effect with its degrees of freedom."""

    effect: float
    """Variance of the mean over what it would be for independent samples."""
    freedom: float


def believed(grouped: Grouped, found: Spread, kurtosis: float, *, likeness: float) -> Believed:
    """Weigh the measured design effect with the one of `likeness`, by the excess `kurtosis` of a single value.

    The assumption always has the weight of one sample, so that no variance is 0 because the cases' means are equal.
    """
    count, single = len(grouped.values), grouped.single
    assumed = 1 + (grouped.usual - 1) * likeness
    if single == 0:
        return Believed(assumed, float("inf"))
    measured = found.variance * count / single
    higher = max(measured, assumed)
    excess = max(0.0, kurtosis) * (higher if likeness else 1.0) / grouped.usual
    weight = 2 / (2 / found.freedom + excess / len(grouped.sizes)) / found.freedom * count / (count + 1)
    return Believed(weight * measured + (1 - weight) * higher, found.freedom / weight)
