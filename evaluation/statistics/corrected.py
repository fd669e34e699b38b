"""What share is really valid, where a judge has said something of all samples and people of some."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from evaluation.statistics.clustered import Floats, Grouped, spread
from evaluation.statistics.estimate import Estimate
from evaluation.statistics.hierarchical import rate_interval
from evaluation.statistics.intervals import FEW, ONE_CASE, interval, student
from evaluation.statistics.scarce import ASSUMED_LIKENESS, believed

_PRIOR: Final = 1.0
"""One sample's weight for a judge that knows nothing: keeps few refusals from deciding how far a judge is used."""
_LEAST_SKILL: Final = 0.05
"""Sensitivity + specificity - 1 below it: the judge's verdicts tell next to nothing of unlabelled samples."""


@dataclass(frozen=True)
class Corrected:
    """A share of yes, by three ways."""

    estimate: Estimate
    """Corrected for what the judge gets wrong. The one to report."""
    labels_only: Estimate
    """From people's labels alone."""
    judge_only: Estimate
    """As the judge says, uncorrected: biased, and surer of itself than it may be."""


@dataclass(frozen=True)
class Labelled:
    """A share of yes by labels of a part of the samples."""

    estimate: Estimate
    """Sharpened by the judge's verdicts of all samples."""
    labels_only: Estimate
    """By the labels alone."""


def corrected_share(
    verdicts: Sequence[bool | None],
    labels: Sequence[bool | None],
    clusters: Sequence[str],
    *,
    level: float = 0.95,
) -> Corrected:
    """`labelled_share` beside what the judge says uncorrected; the same arguments, the same errors."""
    found = labelled_share(verdicts, labels, clusters, level=level)
    return Corrected(found.estimate, found.labels_only, interval(_floats(verdicts), clusters, "rate", level=level))


def labelled_share(
    verdicts: Sequence[bool | None],
    labels: Sequence[bool | None],
    clusters: Sequence[str],
    *,
    level: float = 0.95,
) -> Labelled:
    """Share of samples that people would say yes to, with labels of a random part of the same samples.

    Prediction-powered inference (Angelopoulos et al. 2023) with power tuning: the labels' mean, moved by the judge's
    mean over all samples against its mean over the labelled ones, times what the verdicts are worth as the labels show
    (0 to 1, by ridge regression). A judge that tells nothing changes nothing.

    `verdicts`: what the judge says of each sample; `labels`: what people say, None where not labelled. Samples must be
    labelled by chance (single ones, or whole clusters), not for being hard. Raises ValueError where the lengths differ.
    """
    if not len(verdicts) == len(labels) == len(clusters):
        raise ValueError(f"{len(verdicts)} verdicts, {len(labels)} labels, {len(clusters)} clusters: give all of each")
    chosen = [place for place, label in enumerate(labels) if label is not None]
    people = np.array([float(bool(labels[place])) for place in chosen])
    groups = [clusters[place] for place in chosen]
    only = _share(people, groups, len(labels), level)
    said = _neutral(verdicts)
    if said is None:
        return Labelled(_noted(only, "the judge gave no verdict that could be read: labels alone"), only)
    if len(chosen) in (0, len(labels)) or only.mean in (0.0, 1.0):
        return Labelled(only, only)
    gaps = said[chosen] - said[chosen].mean()
    worth = min(1.0, max(0.0, float(gaps @ people) / (float(gaps @ gaps) + _PRIOR)))
    if worth == 0:
        return Labelled(_noted(only, "the judge's verdicts tell nothing here: labels alone"), only)
    adjusted = people - worth * (said[chosen] - said.mean())
    return Labelled(_sharpened(only, people, adjusted), only)


def transported_share(
    verdicts: Sequence[bool | None],
    clusters: Sequence[str],
    known: Sequence[tuple[bool | None, bool, str]],
    *,
    level: float = 0.95,
) -> Corrected:
    """Share of yes in samples without any label, by a judge whose errors were measured elsewhere.

    (p judged yes - 1 + specificity) / (sensitivity + specificity - 1) (Rogan & Gladen 1978), its interval by Fieller's
    theorem (1954): all shares that the verdicts do not contradict, given how surely the two are known.

    `known`: (the judge's verdict, a person's label, cluster) of other samples, which may hold more or fewer valid ones
    than these, but which the judge finds as hard. Raises ValueError where the lengths differ.
    """
    judge = interval(_floats(verdicts), clusters, "rate", level=level)
    nothing = Estimate(None, None, None, 0, 0, len(verdicts), "no labels of these samples")
    rates = [
        _Rate.of([(float(said), cluster) for said, cluster in rows if said is not None])
        for rows in (
            list(zip(verdicts, clusters, strict=True)),
            [(said, cluster) for said, true, cluster in known if true],
            [(said, cluster) for said, true, cluster in known if not true],
        )
    ]
    yes, right, wrong = rates
    unread = judge.missing
    if yes is None or right is None or wrong is None:
        missing = "verdicts" if yes is None else "valid samples" if right is None else "invalid samples"
        return Corrected(_unknown(judge, f"fewer than two {missing} are known: nothing to correct by"), nothing, judge)
    skill = right.mean - wrong.mean
    if skill < _LEAST_SKILL:
        return Corrected(_unknown(judge, "the judge says yes as often to what is not valid"), nothing, judge)
    mean = min(1.0, max(0.0, (yes.mean - wrong.mean) / skill))
    bounds = _fieller(yes, right, wrong, level)
    if bounds is None:
        note = "the judge's errors are known too little: label more"
        return Corrected(Estimate(mean, None, None, judge.count, judge.clusters, unread, note), nothing, judge)
    low, high = min(bounds[0], mean), max(bounds[1], mean)
    return Corrected(Estimate(mean, low, high, judge.count, judge.clusters, unread, judge.note), nothing, judge)


@dataclass(frozen=True)
class _Rate:
    """How often the judge says yes, with the variance of it."""

    mean: float
    variance: float
    freedom: float

    @classmethod
    def of(cls, rows: Sequence[tuple[float, str]]) -> "_Rate | None":
        """None for fewer than two."""
        if len(rows) < 2:
            return None
        grouped = Grouped.of(np.array([value for value, _ in rows]), [cluster for _, cluster in rows])
        grouped = grouped if len(grouped.sizes) > 1 else grouped.apart
        found, count = spread(grouped), len(rows)
        # Agresti & Coull (1998): two imagined samples keep the variance of few from being 0.
        smoothed = (found.mean * count + 1) / (count + 2)
        kurtosis = 1 / (smoothed * (1 - smoothed)) - 6
        trusted = believed(grouped, found, kurtosis, likeness=ASSUMED_LIKENESS)
        variance = smoothed * (1 - smoothed) * trusted.effect / (count + 2)
        return cls(found.mean, variance, min(trusted.freedom, 1e6))


def _fieller(yes: _Rate, right: _Rate, wrong: _Rate, level: float) -> tuple[float, float] | None:
    """All shares p with |yes - p right - (1 - p) wrong| within its error; None where they are no interval."""
    guess = min(1.0, max(0.0, (yes.mean - wrong.mean) / (right.mean - wrong.mean)))
    parts = (
        (yes.variance, yes.freedom),
        (guess**2 * right.variance, right.freedom),
        ((1 - guess) ** 2 * wrong.variance, wrong.freedom),
    )
    # Welch & Satterthwaite: degrees of freedom of a sum.
    freedom = sum(part for part, _ in parts) ** 2 / sum(part**2 / free for part, free in parts)
    square = student(freedom, level) ** 2
    skill, above = right.mean - wrong.mean, yes.mean - wrong.mean
    second = skill**2 - square * (right.variance + wrong.variance)
    first = skill * above - square * wrong.variance
    last = above**2 - square * (yes.variance + wrong.variance)
    inside = first**2 - second * last
    if second <= 0 or inside < 0:
        return None
    root = math.sqrt(inside)
    return tuple(min(1.0, max(0.0, (first + side * root) / second)) for side in (-1, 1))  # type: ignore[return-value]


def _share(people: Floats, groups: Sequence[str], every: int, level: float) -> Estimate:
    """By the labels `people` of a part of `every` sample."""
    count, cases = len(people), len(set(groups))
    if count == 0:
        return Estimate(None, None, None, 0, 0, every, "no labels")
    mean = float(people.mean())
    if count == every:
        return Estimate(mean, mean, mean, count, cases, 0, "all are labelled")
    if count == 1:
        return Estimate(mean, None, None, 1, 1, every - 1, "a single label: nothing to go by")
    grouped = Grouped.of(people, groups)
    bounds = rate_interval(grouped if cases > 1 else grouped.apart, level)
    # The finite population correction: of what is labelled nothing is left to guess.
    left = math.sqrt(1 - count / every)
    low, high = mean - left * max(0.0, mean - bounds[0]), mean + left * max(0.0, bounds[1] - mean)
    notes = [f"people said {'yes' if people[0] else 'no'} to everything labelled"] if mean in (0.0, 1.0) else []
    if cases < FEW:
        notes.append(ONE_CASE if cases == 1 else f"only {cases} cases are labelled")
    return Estimate(mean, low, high, count, cases, every - count, "; ".join(notes))


def _sharpened(only: Estimate, people: Floats, adjusted: Floats) -> Estimate:
    """The labels' interval, moved to the adjusted mean and narrowed as the adjusted labels scatter less."""
    if only.mean is None or only.low is None or only.high is None:
        return only
    # A correction that leads outside 0 to 1 is moved back, the interval with it.
    mean = min(1.0, max(0.0, float(adjusted.mean())))
    narrower = min(1.0, math.sqrt(float(adjusted.var()) / float(people.var())))
    low = max(0.0, mean - narrower * (only.mean - only.low))
    high = min(1.0, mean + narrower * (only.high - only.mean))
    return replace(only, mean=mean, low=low, high=high)


def _neutral(verdicts: Sequence[bool | None]) -> Floats | None:
    """Verdicts as numbers; one that could not be read is the others' mean, and so moves nothing."""
    said = np.array(verdicts, dtype=np.float64)
    unread = np.isnan(said)
    if unread.all():
        return None
    said[unread] = said[~unread].mean()
    return said


def _floats(verdicts: Sequence[bool | None]) -> list[float | None]:
    return [None if said is None else float(said) for said in verdicts]


def _unknown(judge: Estimate, note: str) -> Estimate:
    return Estimate(None, None, None, judge.count, judge.clusters, judge.missing, note)


def _noted(estimate: Estimate, note: str) -> Estimate:
    return replace(estimate, note=f"{estimate.note}; {note}" if estimate.note else note)
