"""How many samples of how many cases would tell more, by what a run shows of its cases."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.report.summary import metric_kinds, value_of
from evaluation.runs.result import EvalRun, SampleResult
from evaluation.statistics.clustered import Grouped, spread
from evaluation.statistics.planning import Plan, samples_by_cases, samples_for_difference, samples_for_rate
from evaluation.statistics.scarce import ASSUMED_LIKENESS


@dataclass(frozen=True)
class Aim:
    """What a later run shall be able to tell."""

    within: float
    """The interval of a mean goes at most so far to either side."""
    fall: float
    """A fall of a mean by so much is found …"""
    power: float
    """… with this probability."""
    changed: float
    """Of all samples, so many have another score after a change; at least `fall`."""


@dataclass(frozen=True)
class Advice:
    """What it takes for one score."""

    name: str
    mean: float
    likeness: float
    """How alike samples of one case are: as measured, and never below what is assumed of any suite."""
    for_mean: Plan
    for_fall: Plan


def advice(run: EvalRun, aim: Aim) -> tuple[Advice, ...]:
    """For every score that samples of two cases or more have. A score of some shares needs at most as many samples.

    Raises ValueError where the aim is out of its range.
    """
    sound = [result for result in run.results if not result.contaminated]
    found = (_advice(name, sound, aim) for name in metric_kinds(sound))
    return tuple(one for one in found if one is not None)


def _advice(name: str, results: Sequence[SampleResult], aim: Aim) -> Advice | None:
    value = value_of(name)
    pairs = [(found, result.sample.case) for result in results if (found := value(result)) is not None]
    cases = len({case for _, case in pairs})
    if cases < 2:
        return None
    grouped = Grouped.of(np.array([score for score, _ in pairs]), [case for _, case in pairs])
    likeness = min(0.99, max(spread(grouped).likeness, ASSUMED_LIKENESS))
    mean = float(grouped.values.mean())
    for_mean = samples_by_cases if bool(np.isin(grouped.values, (0.0, 1.0)).all()) else samples_for_rate
    return Advice(
        name=name,
        mean=mean,
        likeness=likeness,
        for_mean=for_mean(mean, aim.within, cases, likeness=likeness),
        for_fall=samples_for_difference(aim.changed, aim.fall, cases, power=aim.power, likeness=likeness),
    )
