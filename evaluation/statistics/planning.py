"""How many samples it takes, before anybody answers them."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from evaluation.statistics.clustered import Grouped
from evaluation.statistics.hierarchical import rate_interval
from evaluation.statistics.intervals import FEW, student

_SIZES: Final = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 300, 500)
"""Samples of a case. With more of them hardly anything is told that was not known before."""
_MOST_CASES: Final = 400
_SMALLEST: Final = 1e-4


@dataclass(frozen=True)
class Plan:
    """What to collect."""

    samples: int | None
    """None: no number of samples is enough, more cases are needed."""
    cases: int
    """That the samples are spread over evenly."""
    least_cases: int
    """Fewer are not enough, with however many samples."""
    note: str = ""


def samples_for_rate(rate: float, half_width: float, cases: int, *, likeness: float = 0.1, level: float = 0.95) -> Plan:
    """Samples for an interval of `rate` that is at most `half_width` to either side.

    `likeness`: intra-cluster correlation, how alike samples of one case are. Raises ValueError where an argument is out
    of its range.
    """
    _check(rate, half_width, cases, likeness)
    variance = max(rate * (1 - rate), half_width * (1 - half_width))
    return _plan(variance, half_width, cases, likeness, lambda freedom: student(freedom, level))


def samples_by_cases(rate: float, half_width: float, cases: int, *, likeness: float = 0.1, level: float = 0.95) -> Plan:
    """The same for scores of 0 and 1, by the interval that such a suite would get: `hierarchical.rate_interval`.

    Its cases differ as far as `likeness` says, its samples are spread evenly.
    """
    _check(rate, half_width, cases, likeness)

    def enough(size: int, over: int) -> bool:
        low, high = rate_interval(_typical(rate, likeness, over, size), level)
        return high - low <= 2 * half_width

    size = next((size for size in _SIZES if enough(size, cases)), None)
    least = cases
    if size is None:
        while least < _MOST_CASES and not enough(_SIZES[-1], least):
            least += 1 + least // 8
        note = f"{cases} cases are too few, with however many samples; {least} or more are needed"
        return Plan(None, cases, least, note)
    return Plan(size * cases, cases, least, "" if cases >= FEW else f"only {cases} cases: other cases may differ more")


def _typical(rate: float, likeness: float, cases: int, size: int) -> Grouped:
    """Zeros and ones of cases whose rates are the beta distribution's quantiles."""
    ranks = (np.arange(cases) + 0.5) / cases
    strength = (1 - likeness) / max(likeness, 1e-6)
    # A rate of 1 leaves no room for cases to differ, and is seldom the whole truth.
    mean = min(max(rate, _SMALLEST), 1 - _SMALLEST)
    own = special.betaincinv(mean * strength, (1 - mean) * strength, ranks)
    # Rounded so that their sum stays what it is.
    right = np.diff(np.round(np.cumsum(size * own)), prepend=0.0)
    values = (np.arange(size) < right[:, None]).astype(np.float64)
    return Grouped(values.reshape(-1), np.full(cases, float(size)))


def samples_for_difference(
    changed: float,
    effect: float,
    cases: int,
    *,
    power: float = 0.8,
    likeness: float = 0.1,
    level: float = 0.95,
) -> Plan:
    """Samples answered by both versions, so that a difference of `effect` is found with probability `power`.

    `changed`: the share of samples whose score differs between the versions at all (Connor 1987 for paired rates);
    at least `effect`. Raises ValueError where an argument is out of its range.
    """
    _check(changed, effect, cases, likeness)
    if effect > changed:
        raise ValueError(f"a difference of {effect:g} needs at least as large a share of changed samples")
    if not 0.5 <= power < 1:
        raise ValueError("power lies from 0.5 to below 1")
    variance = max(changed - effect**2, effect * (1 - effect))
    wanted = 2 * power - 1
    return _plan(variance, effect, cases, likeness, lambda freedom: student(freedom, level) + student(freedom, wanted))


def _plan(variance: float, gap: float, cases: int, likeness: float, quantile: Callable[[float], float]) -> Plan:
    """Samples n with quantile * sqrt(variance * (1 + (n / cases - 1) * likeness) / n) = gap."""
    least = _least_cases(variance * likeness, gap, quantile)
    needed = variance * (quantile(cases - 1) / gap) ** 2
    spare = 1 - needed * likeness / cases
    if spare <= 0:
        note = f"{cases} cases are too few, with however many samples; {least} or more are needed"
        return Plan(None, cases, least, note)
    samples = max(cases, math.ceil(needed * (1 - likeness) / spare))
    return Plan(samples, cases, least, "" if cases >= FEW else f"only {cases} cases: other cases may differ more")


def _least_cases(between: float, gap: float, quantile: Callable[[float], float]) -> int:
    """Fewest cases whose own differences leave room for any number of samples."""
    cases = 2
    while between * (quantile(cases - 1) / gap) ** 2 >= cases:
        cases += 1 + cases // 20
    return cases


def _check(share: float, gap: float, cases: int, likeness: float) -> None:
    if not 0 <= share <= 1:
        raise ValueError("a share lies from 0 to 1")
    if not 0 < gap <= 1:
        raise ValueError("what is to be found lies above 0, and is at most 1")
    if cases < 2:
        raise ValueError("two cases are the fewest that show how cases differ")
    if not 0 <= likeness < 1:
        raise ValueError("likeness lies from 0 to below 1")
