"""Whether the intervals of an evaluation hold the truth as often as they say, on suites whose truth is known.

Rates, shares with mass at 0 and 1, and paired differences, over suites of 3 to 40 cases and 20 to 400 samples whose
intra-cluster correlation is 0 to 0.3; the gate's false alarms and power; and rates corrected for a judge's errors.
"""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks.harness import Figure, Report, main
from benchmarks.simulated_suites import (
    CHANGED,
    LIKENESS,
    MEANS,
    SHAPES,
    Layout,
    changed,
    pick,
    rates,
    shares,
    uneven_shares,
)
from evaluation.statistics.corrected import labelled_share, transported_share
from evaluation.statistics.estimate import Difference, Estimate
from evaluation.statistics.intervals import interval
from evaluation.statistics.paired import compare

_SEED: Final = 20261125
_SIZES: Final = ((3, 20), (3, 60), (5, 50), (10, 100), (10, 300), (20, 200), (40, 400))
"""Cases and samples."""
_SUITES: Final = 2000
"""Of each size and kind; the bootstrap of shares takes longer, and has half as many."""
_SHARES: Final = 2
_QUICK: Final = 20
"""Suites are fewer by this under --quick."""
_OFF: Final = 2.0
"""93 to 97 per cent."""
_DROP: Final = 0.1
"""The effect whose power is printed: ten more of a hundred samples fail after the change."""
_SENSITIVITY, _SPECIFICITY = 0.8, 0.9
_LABELLED: Final = 200

Suite = Callable[[Layout, np.random.Generator], tuple[Estimate, float, float]]
"""Estimates a suite: what it found, the truth, and the likeness it was drawn with."""


@dataclass
class Tally:
    """Intervals against the truth."""

    held: list[bool]
    too_high: int
    widths: list[float]
    silent: int
    """Suites without an interval; they count as not holding the truth."""
    by_likeness: dict[float, list[bool]]

    @classmethod
    def empty(cls) -> "Tally":
        """Nothing counted."""
        return cls([], 0, [], 0, {})

    def count(self, found: Estimate, truth: float, likeness: float) -> None:
        """Add one suite."""
        held = found.low is not None and found.high is not None and found.low <= truth <= found.high
        self.held.append(held)
        self.by_likeness.setdefault(likeness, []).append(held)
        if found.low is None or found.high is None:
            self.silent += 1
            return
        self.too_high += truth < found.low
        self.widths.append(found.high - found.low)

    @property
    def covered(self) -> float:
        """Per cent."""
        return 100 * statistics.fmean(self.held)


def run(report: Report) -> None:
    """Simulate suites whose truth is known, and count how often the intervals hold it."""
    began = time.perf_counter()
    suites = _SUITES // (_QUICK if report.quick else 1)
    _covered(report, "rate", _rate, suites)
    _covered(report, "share", _share, suites // _SHARES)
    _covered(report, "difference", _rate_change, suites)
    _covered(report, "share_difference", _share_change, suites)
    _gate(report, suites)
    _judge(report, suites)
    report.add("seconds", Figure(time.perf_counter() - began, "s"))


def _covered(report: Report, kind: str, suite: Suite, times: int) -> None:
    every = Tally.empty()
    for cases, samples in _SIZES:
        chance = np.random.default_rng([_SEED, cases, samples])
        tally = Tally.empty()
        for _ in range(times):
            found, truth, likeness = suite(Layout.drawn(cases, samples, chance), chance)
            for one in (tally, every):
                one.count(found, truth, likeness)
        _add(report, f"{kind}_{cases}x{samples}", tally)
    _add(report, f"{kind}_all", every)


def _add(report: Report, key: str, tally: Tally) -> None:
    count = len(tally.held)
    parts = ", ".join(
        f"{likeness:g}: {100 * statistics.fmean(held):.1f}" for likeness, held in sorted(tally.by_likeness.items())
    )
    note = (
        f"covers {tally.covered:.1f}% of {count} ({100 * tally.too_high / count:.1f}% too high), "
        f"{statistics.fmean(tally.widths):.3f} wide; by likeness {parts}"
    )
    if tally.silent:
        note += f"; {tally.silent} without an interval"
    report.add(f"{key}_off_95", Figure(abs(tally.covered - 95), "%", target=_allowed(report, count), note=note))


def _allowed(report: Report, count: int) -> float:
    """Few suites may miss by chance: 2.6 standard errors more under --quick."""
    return round(_OFF + (260 * (0.95 * 0.05 / count) ** 0.5 if report.quick else 0.0), 2)


def _rate(layout: Layout, chance: np.random.Generator) -> tuple[Estimate, float, float]:
    mean, likeness = pick(MEANS, chance), pick(LIKENESS, chance)
    return interval(_list(rates(layout, mean, likeness, chance)), layout.names, "rate"), mean, likeness


def _share(layout: Layout, chance: np.random.Generator) -> tuple[Estimate, float, float]:
    shape, likeness = SHAPES[int(chance.integers(len(SHAPES)))], pick(LIKENESS, chance)
    make = shares if chance.random() < 0.5 else uneven_shares
    return interval(_list(make(layout, shape, likeness, chance)), layout.names, "share"), shape.mean, likeness


def _rate_change(layout: Layout, chance: np.random.Generator) -> tuple[Estimate, float, float]:
    mean, likeness, share = pick(MEANS, chance), pick(LIKENESS, chance), pick(CHANGED, chance)
    fresh = mean if chance.random() < 0.5 else pick(MEANS, chance)
    found = _changed_rates(layout, mean, fresh, share, likeness, chance)
    return found.estimate, share * (fresh - mean), likeness


def _changed_rates(
    layout: Layout, mean: float, fresh: float, share: float, likeness: float, chance: np.random.Generator
) -> Difference:
    before = rates(layout, mean, likeness, chance)
    after = changed(before, rates(layout, fresh, likeness, chance), share, chance)
    return compare(_list(before), _list(after), layout.names, "rate")


def _share_change(layout: Layout, chance: np.random.Generator) -> tuple[Estimate, float, float]:
    first, second = (SHAPES[int(number)] for number in chance.integers(len(SHAPES), size=2))
    likeness, part = pick(LIKENESS, chance), pick(CHANGED, chance)
    before = shares(layout, first, likeness, chance)
    after = changed(before, shares(layout, second, likeness, chance), part, chance)
    found = compare(_list(before), _list(after), layout.names, "share")
    return found.estimate, part * (second.mean - first.mean), likeness


def _gate(report: Report, times: int) -> None:
    alarms, worse, count = 0, 0, 0
    for cases, samples in _SIZES:
        chance = np.random.default_rng([_SEED + 1, cases, samples])
        found = 0
        for _ in range(times):
            layout = Layout.drawn(cases, samples, chance)
            mean, likeness, share = pick(MEANS, chance), pick(LIKENESS, chance), pick(CHANGED, chance)
            same = _changed_rates(layout, mean, mean, share, likeness, chance)
            alarms += same.decision in ("better", "worse")
            worse += same.decision == "worse"
            # Of the samples that are drawn again, fewer succeed: a drop by 0.1 over all.
            drop = _changed_rates(layout, 0.85, 0.85 - _DROP / 0.3, 0.3, 0.1, chance)
            found += drop.decision == "worse"
        count += times
        note = "0.85 to 0.75, three of ten samples answered anew, likeness 0.1"
        report.add(f"power_{cases}x{samples}", Figure(100 * found / times, "%", better="higher", note=note))
    note = f"{100 * worse / count:.2f}% «worse», the rest «better», of {count} suites without a true difference"
    report.add("false_alarms", Figure(100 * alarms / count, "%", target=5, note=note))


def _judge(report: Report, times: int) -> None:
    chance = np.random.default_rng(_SEED + 2)
    elsewhere, sharpened = Tally.empty(), Tally.empty()
    gaps: dict[str, list[float]] = {"transported": [], "labelled": [], "uncorrected": []}
    for _ in range(times):
        truth, likeness = pick((0.6, 0.75, 0.9), chance), pick(LIKENESS[:2], chance)
        layout = Layout.drawn(20, 400, chance)
        people = rates(layout, truth, likeness, chance)
        verdicts = _judged(people, chance)
        known_layout = Layout.drawn(20, _LABELLED, chance)
        known_people = rates(known_layout, 0.5, 0.1, chance)
        known = list(zip(_judged(known_people, chance), _bools(known_people), known_layout.names, strict=True))
        moved = transported_share(verdicts, layout.names, known)
        elsewhere.count(moved.estimate, truth, likeness)
        labels = [bool(one) if chance.random() < 0.5 else None for one in people]
        here = labelled_share(verdicts, labels, layout.names)
        # This one's truth is the share over these very samples.
        sharpened.count(here.estimate, float(people.mean()), likeness)
        gaps["transported"].append((moved.estimate.mean or 0.0) - truth)
        gaps["labelled"].append((here.estimate.mean or 0.0) - float(people.mean()))
        gaps["uncorrected"].append((moved.judge_only.mean or 0.0) - truth)
    _add(report, "judge_errors_known_elsewhere", elsewhere)
    _add(report, "judge_with_half_labelled", sharpened)
    for name, found in gaps.items():
        _bias(report, f"judge_{name}_bias", found, target=name != "uncorrected")


def _bias(report: Report, key: str, gaps: Sequence[float], *, target: bool) -> None:
    error = 100 * statistics.stdev(gaps) / len(gaps) ** 0.5
    bias = 100 * statistics.fmean(gaps)
    allowed = round(0.5 + 2.6 * error, 2) if target else None
    note = f"{bias:+.2f} points, standard error {error:.2f}, of {len(gaps)}"
    report.add(key, Figure(abs(bias), "points", target=allowed, note=note))


def _judged(people: np.ndarray, chance: np.random.Generator) -> list[bool]:
    draw = chance.random(len(people))
    return [bool(one) for one in np.where(people == 1, draw < _SENSITIVITY, draw >= _SPECIFICITY)]


def _bools(values: np.ndarray) -> list[bool]:
    return [bool(value) for value in values]


def _list(values: np.ndarray) -> list[float]:
    return [float(value) for value in values]


if __name__ == "__main__":
    sys.exit(main("intervals", run))
