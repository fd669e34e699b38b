"""May this change go out? One answer, with its reasons, for people and for a pipeline of a code host."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from evaluation.report.comparison import Comparison, MetricChange

CERTAIN: Final = frozenset(("no-leak", "must-not-say"))
"""Scores that are facts and no samples of a rate: one learner who is shown the solution is one too many."""
MOST_LOST: Final = 0.05
"""Share of samples that may have no answer in one of the runs; with more, what is left says too little."""


class Outcome(IntEnum):
    """The exit status of `caseloop eval gate`."""

    FINE = 0
    WORSE = 1
    CANNOT_TELL = 2


@dataclass(frozen=True)
class GateResult:
    """The gate's answer."""

    outcome: Outcome
    reasons: tuple[str, ...]
    """In plain words; what weighs most comes first."""


def decide(comparison: Comparison, allowed: int = 0) -> GateResult:
    """Decide on a change.

    A verdict rests on evidence alone and no model has a say in it, so a verdict that was right and is wrong now is a
    fact, unless the time was up: that depends on how busy the machine is. Statistics decide about what scatters.

    Args:
        comparison: the accepted run against the one with the change.
        allowed: so many verdicts may break, because somebody has looked at them.
    """
    worse = tuple(_worse(comparison, allowed))
    if worse:
        return GateResult(Outcome.WORSE, worse)
    unknown = _cannot_tell(comparison)
    if unknown:
        return GateResult(Outcome.CANNOT_TELL, (unknown,))
    return GateResult(Outcome.FINE, tuple(_fine(comparison)))


def _worse(comparison: Comparison, allowed: int) -> Iterator[str]:
    broken = comparison.having("broken")
    if len(broken) > allowed:
        yield (
            f"the expected verdict is lost in {_samples(len(broken))}: "
            f"{_named([pair.after.sample.id for pair in broken])}"
        )
    for name in sorted(CERTAIN):
        fell = [
            pair.after.sample.id
            for pair in comparison.pairs
            if not pair.lost and _fell(pair.before.score(name), pair.after.score(name))
        ]
        if fell:
            yield f"{name} became worse in {_samples(len(fell))}, and one is too many: {_named(fell)}"
    for metric in comparison.metrics:
        if metric.decision == "worse":
            yield f"{metric.name} became worse: {_difference(metric)}"


def _fell(before: float | None, after: float | None) -> bool:
    return before is not None and after is not None and after < before


def _cannot_tell(comparison: Comparison) -> str:
    if not comparison.pairs:
        return "cannot tell: the two runs have no sound sample in common"
    newly = [pair.after.sample.id for pair in comparison.pairs if pair.newly_lost]
    if newly:
        have = "has" if len(newly) == 1 else "have"
        return f"cannot tell: {_samples(len(newly))} {have} no answer any more: {_named(newly)}"
    late = [pair.after.sample.id for pair in comparison.pairs if pair.newly_late]
    if late:
        return (
            f"cannot tell: the time was up in {_samples(len(late))} that had enough of it before ({_named(late)}); "
            "replay with --jobs 1 on a machine that has nothing else to do"
        )
    lost = len(comparison.having("lost"))
    if lost > MOST_LOST * len(comparison.pairs):
        return f"cannot tell: {lost} of {_samples(len(comparison.pairs))} had no answer in one of the runs"
    if len(comparison.having("same", "lost")) == len(comparison.pairs):
        return ""
    if comparison.metrics and all(metric.decision == "cannot_tell" for metric in comparison.metrics):
        notes = dict.fromkeys(m.difference.estimate.note for m in comparison.metrics if m.difference.estimate.note)
        return f"cannot tell: answers changed, and no metric can say what that means ({'; '.join(notes)})"
    if not comparison.metrics:
        return "cannot tell: answers changed, and no sample has a score"
    return ""


def _fine(comparison: Comparison) -> Iterator[str]:
    gone = comparison.only_before + comparison.altered
    if gone:
        yield f"the suite has changed: {_samples(len(gone))} of the accepted run cannot be compared: {_named([*gone])}"
    changed = len(comparison.pairs) - len(comparison.having("same", "lost"))
    if not changed:
        yield f"nothing changed in {_samples(len(comparison.having('same')))}"
        return
    better = [metric for metric in comparison.metrics if metric.decision == "better"]
    for metric in better:
        yield f"{metric.name} became better: {_difference(metric)}"
    if not better:
        yield f"no evidence of a difference: the answers to {_samples(changed)} changed, and no metric became worse"
    scored = [metric for metric in comparison.metrics if metric.difference.estimate.count]
    unknown = [metric.name for metric in scored if metric.decision == "cannot_tell"]
    if unknown:
        yield f"cannot tell about {', '.join(unknown)}: too few cases or scores"


def _difference(metric: MetricChange) -> str:
    estimate = metric.difference.estimate
    if estimate.mean is None or estimate.low is None or estimate.high is None:
        return "by how much cannot be told"
    return f"{points(estimate.mean)} points ({points(estimate.low)} to {points(estimate.high)})"


def points(share: float) -> str:
    """Percentage points with their sign."""
    shown = f"{100 * share:+.1f}".replace("-", "−")
    return "0.0" if shown[1:] == "0.0" else shown


def _samples(count: int) -> str:
    return f"{count} sample{'' if count == 1 else 's'}"


def _named(ids: list[str], most: int = 5) -> str:
    return ", ".join(ids[:most]) + (f" and {len(ids) - most} more" if len(ids) > most else "")
