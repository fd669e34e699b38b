"""How alike samples of one case are: what is believed of it before and after a suite is looked at.

With a handful of cases an estimated intra-cluster correlation is mostly chance, and the estimate is often 0. So several
values are kept, each as far as the data speak for it. Before the data, cases' log odds differ by a standard deviation
that is half-Cauchy with scale 0.5: small differences are usual, large ones are not ruled out (Gelman 2006, for few
groups).
"""

from typing import Final

import numpy as np
from scipy import special

from evaluation.statistics.clustered import Floats, Grouped

_SCALE: Final = 0.5
_VALUES: Final = 24
_LOGISTIC: Final = np.pi**2 / 3
"""Variance of a single sample on the scale of log odds."""


def _usual() -> Floats:
    ranks = (np.arange(_VALUES) + 0.5) / _VALUES
    spreads = _SCALE * np.tan(ranks * np.pi / 2)
    return np.asarray(spreads**2 / (spreads**2 + _LOGISTIC), dtype=np.float64)


LIKENESSES: Final = _usual()
"""Intra-cluster correlations, each as probable as the next before anything is known."""


def plausible(grouped: Grouped) -> Floats:
    """Probability of each of `LIKENESSES` given the values' analysis of variance; needs two clusters or more."""
    sizes, total, count = grouped.sizes, float(grouped.sizes.sum()), len(grouped.sizes)
    even = np.full(len(LIKENESSES), 1 / len(LIKENESSES))
    if total <= count:
        return even
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1])).astype(np.intp)
    sums = np.add.reduceat(grouped.values, starts)
    outer = float((sums / sizes - grouped.values.mean()) ** 2 @ sizes) / (count - 1)
    inner = float(np.sum(grouped.values**2) - np.sum(sums**2 / sizes)) / (total - count)
    usual = (total - float(np.sum(sizes**2)) / total) / (count - 1)
    if inner <= 0 or outer <= 0:
        return even
    # The ratio of both, over what a likeness makes of it, has Snedecor's F distribution.
    expected = 1 + usual * LIKENESSES / (1 - LIKENESSES)
    found = _log_f(outer / inner / expected, count - 1, total - count) - np.log(expected)
    weights = np.exp(found - found.max())
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _log_f(ratio: Floats, first: float, second: float) -> Floats:
    """Logarithm of the F density, without what does not depend on `ratio`."""
    return np.asarray(
        special.xlogy(first / 2 - 1, ratio) - (first + second) / 2 * np.log1p(first * ratio / second), dtype=np.float64
    )
