"""Suites whose truth is known: scores with mass at 0 and 1, alike within a case."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
MEANS: Final = (0.5, 0.7, 0.8, 0.9, 0.95)
LIKENESS: Final = (0.0, 0.1, 0.2, 0.3)
CHANGED: Final = (0.1, 0.2, 0.5)


@dataclass(frozen=True)
class Shape:
    """A distribution of shares."""

    zeros: float
    ones: float
    first: float
    second: float
    """`first` and `second` are the beta's between 0 and 1."""

    @property
    def mean(self) -> float:
        """Of the whole distribution."""
        return self.ones + (1 - self.zeros - self.ones) * self.first / (self.first + self.second)


SHAPES: Final = (Shape(0.1, 0.3, 2, 2), Shape(0.02, 0.6, 6, 2), Shape(0.3, 0.05, 1, 3), Shape(0.05, 0.15, 4, 1.5))


@dataclass(frozen=True)
class Layout:
    """Which case each sample is of."""

    index: NDArray[np.intp]
    cases: int

    @classmethod
    def drawn(cls, cases: int, samples: int, chance: np.random.Generator) -> "Layout":
        """Cases of unequal size: the largest has about three times the samples of the smallest."""
        weights = chance.uniform(0.5, 1.5, cases)
        sizes = 1 + chance.multinomial(samples - cases, weights / weights.sum())
        return cls(np.repeat(np.arange(cases), sizes), cases)

    @property
    def names(self) -> list[str]:
        """For the statistics."""
        return [f"case-{number}" for number in self.index]


def rates(layout: Layout, mean: float, likeness: float, chance: np.random.Generator) -> Floats:
    """0 or 1 each; every case has its own rate, drawn from a beta distribution with this mean."""
    return (chance.random(len(layout.index)) < _case_rates(layout, mean, likeness, chance)).astype(np.float64)


def shares(layout: Layout, shape: Shape, likeness: float, chance: np.random.Generator) -> Floats:
    """A case's effect is on the rank: a normal one, shared."""
    shared = chance.standard_normal(layout.cases)[layout.index]
    own = chance.standard_normal(len(layout.index))
    ranks = special.ndtr(np.sqrt(likeness) * shared + np.sqrt(1 - likeness) * own)
    between = np.clip((ranks - shape.zeros) / (1 - shape.zeros - shape.ones), 0, 1)
    inner = special.betaincinv(shape.first, shape.second, between)
    return np.where(ranks < shape.zeros, 0.0, np.where(ranks > 1 - shape.ones, 1.0, inner))


def uneven_shares(layout: Layout, shape: Shape, likeness: float, chance: np.random.Generator) -> Floats:
    """A case's effect is on how many are exactly 1, and nothing else: not the model that the bootstrap fits."""
    ones = _case_rates(layout, shape.ones, likeness, chance)
    draw = chance.random(len(layout.index))
    rest = shape.zeros / (1 - shape.ones)
    zero = chance.random(len(layout.index)) < rest
    inner = chance.beta(shape.first, shape.second, len(layout.index))
    return np.where(draw < ones, 1.0, np.where(zero, 0.0, inner))


def changed(before: Floats, fresh: Floats, share: float, chance: np.random.Generator) -> Floats:
    """`before` with a share of its values taken from `fresh`."""
    return np.where(chance.random(len(before)) < share, fresh, before)


def pick(values: Sequence[float], chance: np.random.Generator) -> float:
    """One of them."""
    return values[int(chance.integers(len(values)))]


def _case_rates(layout: Layout, mean: float, likeness: float, chance: np.random.Generator) -> Floats:
    if likeness == 0:
        return np.full(len(layout.index), mean)
    strength = (1 - likeness) / likeness
    return chance.beta(mean * strength, (1 - mean) * strength, layout.cases)[layout.index]
