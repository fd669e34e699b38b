"""Rates in cases, by Bayes: each case has a rate of its own, and how far cases differ is unknown, too.

A case's successes are beta-binomial. The mean has Jeffreys' prior, the likeness within cases that of `likeness`. All is
summed over a grid, so that equal counts give equal intervals.
"""

from collections import Counter
from functools import lru_cache
from typing import Final

import numpy as np
from scipy import special

from evaluation.statistics.clustered import Floats, Grouped
from evaluation.statistics.likeness import LIKENESSES

_Counts = tuple[tuple[tuple[float, float], int], ...]
"""(successes, samples) of a case, and how many cases there are of the kind."""
_STEPS: Final = 200
"""Of the mean's arcsine, in which Jeffreys' prior is flat."""
_LOOKS: Final = 4
"""Times that the grid may be narrowed to where the mean can be."""
_NOTHING: Final = 1e-10
"""Of the largest weight."""


def rate_interval(grouped: Grouped, level: float) -> tuple[float, float]:
    """Equal-tailed interval of the mean over all cases there could be; `grouped` holds zeros and ones."""
    starts = np.concatenate(([0], np.cumsum(grouped.sizes)[:-1])).astype(np.intp)
    successes = np.add.reduceat(grouped.values, starts)
    counts = Counter(zip(successes.tolist(), grouped.sizes.tolist(), strict=True))
    return _interval(tuple(sorted(counts.items())), level)


# Most scores of a good run are whole in all samples, so that the same counts come again and again.
@lru_cache(maxsize=2048)
def _interval(counts: _Counts, level: float) -> tuple[float, float]:
    edges = np.linspace(0, np.pi / 2, _STEPS + 1)
    for _ in range(_LOOKS):
        weights = _weights((edges[:-1] + edges[1:]) / 2, counts)
        here = np.flatnonzero(weights > _NOTHING * weights.max())
        if len(here) > _STEPS // 4:
            break
        edges = np.linspace(edges[max(0, here[0] - 1)], edges[min(_STEPS, here[-1] + 2)], _STEPS + 1)
    mass = np.concatenate(([0.0], np.cumsum(weights)))
    ends = np.interp([0.5 - level / 2, 0.5 + level / 2], mass / mass[-1], edges)
    low, high = np.sin(ends) ** 2
    return float(low), float(high)


def _weights(angles: Floats, counts: _Counts) -> Floats:
    """How probable each mean is, over all likenesses."""
    strength = (1 - LIKENESSES) / LIKENESSES
    mean = np.sin(angles)[:, None] ** 2
    right, wrong = mean * strength, (1 - mean) * strength
    found = -sum(times for _, times in counts) * special.betaln(right, wrong)
    for (successes, size), times in counts:
        found += times * special.betaln(right + successes, wrong + size - successes)
    return np.asarray(np.exp(found - found.max()).sum(axis=1), dtype=np.float64)
