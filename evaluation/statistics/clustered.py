"""The mean of values that come in clusters, its variance and that variance's degrees of freedom.

Samples of one case are alike, so a suite says as much as its cases are many. The variance is the cluster-robust one
with the small-sample correction CR2, its degrees of freedom are Satterthwaite's (Bell & McCaffrey 2002; Imbens &
Kolesár 2016; Pustejovsky & Tipton 2018), both for the model in which samples of a case share an effect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_ROUNDING: Final = 1e-20
"""Squares below it are rounding errors of scores from 0 to 1."""


@dataclass(frozen=True)
class Spread:
    """A clustered mean."""

    mean: float
    variance: float
    """Of the mean; 0 where all values are equal, or all clusters' means."""
    freedom: float
    """Degrees of freedom of `variance`; at least 1."""
    likeness: float
    """Intra-cluster correlation, 0 to 1."""


@dataclass(frozen=True)
class Grouped:
    """Values, sorted by cluster."""

    values: Floats
    sizes: Floats
    """Values of each cluster."""

    @classmethod
    def of(cls, values: Floats, clusters: Sequence[str]) -> "Grouped":
        """Group `values` by the names beside them."""
        _, index, sizes = np.unique(np.asarray(clusters, dtype=str), return_inverse=True, return_counts=True)
        return cls(values[np.argsort(index, kind="stable")], sizes.astype(np.float64))

    @property
    def apart(self) -> "Grouped":
        """The same values, each a cluster of its own."""
        return Grouped(self.values, np.ones(len(self.values)))

    @property
    def single(self) -> float:
        """Variance of a single value; exactly 0 where all are equal but for rounding."""
        variance = float(self.values.var())
        return variance if variance > _ROUNDING else 0.0

    @property
    def usual(self) -> float:
        """Size of the cluster that a value is in, on average over the values."""
        return float(np.sum(self.sizes**2) / self.sizes.sum())


def spread(grouped: Grouped) -> Spread:
    """Mean over all values, clustered; needs two clusters or more."""
    sizes = grouped.sizes
    means, variances, likeness = _moments(grouped.values[None, :], sizes)
    shaped = _quadratic_form(sizes / sizes.sum()) * _model(likeness, sizes)[0]
    freedom = float(np.trace(shaped)) ** 2 / float(np.sum(shaped * shaped.T))
    return Spread(float(means[0]), float(variances[0]), max(freedom, 1.0), float(likeness[0]))


def spreads(rows: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """Means and their variances, for many rows of values that are sorted by cluster."""
    means, variances, _ = _moments(rows, sizes)
    return means, variances


def _moments(rows: Floats, sizes: Floats) -> tuple[Floats, Floats, Floats]:
    total = sizes.sum()
    weights = sizes / total
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1])).astype(np.intp)
    sums = np.add.reduceat(rows, starts, axis=1)
    means = rows.mean(axis=1)
    gaps = (sums / sizes - means[:, None]) ** 2
    # The difference of two sums is a rounding error where all values of each cluster are equal.
    within = np.maximum(np.sum(rows**2, axis=1) - np.sum(sums**2 / sizes, axis=1), 0.0)
    within[within < 1e-12 * total] = 0.0
    gaps[gaps < _ROUNDING] = 0.0
    likeness = _likeness(within, gaps @ sizes, sizes)
    model = _model(likeness, sizes)
    robust = gaps @ (weights**2 / (1 - weights))
    # The robust variance is expected to be too small where clusters differ in size: by how much follows from the model.
    expected = model @ _diagonal(weights)
    return means, robust * (model @ weights**2) / expected, likeness


def _model(likeness: Floats, sizes: Floats) -> Floats:
    """Relative variance of each cluster's mean when its samples share an effect; a row for each likeness."""
    return likeness[:, None] + (1 - likeness[:, None]) / sizes


def _quadratic_form(weights: Floats) -> Floats:
    """B with robust variance = m'Bm for the clusters' means m: the squared gaps' weights, centred on both sides."""
    gap = weights**2 / (1 - weights)
    crossed = np.outer(gap, weights)
    return np.asarray(np.diag(gap) - crossed - crossed.T + gap.sum() * np.outer(weights, weights), dtype=np.float64)


def _diagonal(weights: Floats) -> Floats:
    """Of `_quadratic_form`."""
    gap = weights**2 / (1 - weights)
    return np.asarray(gap - 2 * gap * weights + gap.sum() * weights**2, dtype=np.float64)


def _likeness(within: Floats, between: Floats, sizes: Floats) -> Floats:
    """Intra-cluster correlation from the sums of squares (analysis of variance), cut to 0 … 1."""
    total, count = float(sizes.sum()), len(sizes)
    if total <= count:
        return np.zeros_like(within)
    inner, outer = within / (total - count), between / (count - 1)
    usual = (total - float(np.sum(sizes**2)) / total) / (count - 1)
    whole = outer + (usual - 1) * inner
    return np.clip(np.divide(outer - inner, whole, out=np.zeros_like(whole), where=whole > 0), 0.0, 1.0)
