"""Whether what learners are told today is still as good as what was accepted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from evaluation.report.summary import estimate_of, metric_kinds, value_of
from evaluation.runs.result import EvalRun, SampleResult, ScoreKind
from evaluation.statistics.estimate import Estimate
from evaluation.statistics.intervals import interval
from services.contracts.feedback import Verdict

JUDGED: Final = "judged"
"""Metric of this page alone: the share of checks that came to a verdict."""
_RISK: Final = 0.05
_FEWEST: Final = 5
"""Learners. A morning on which two of them checked says nothing about the pipeline."""


@dataclass(frozen=True)
class Today:
    """One check of a learner, scored as it was answered then."""

    learner: str
    """Several checks of one learner are no independent witnesses."""
    result: SampleResult


@dataclass(frozen=True)
class Drift:
    """One metric today and in the accepted run."""

    metric: str
    accepted: float
    today: Estimate

    @property
    def alarm(self) -> bool:
        """Today is worse than what was accepted, by more than chance explains."""
        return self.known and self.today.high is not None and self.today.high < self.accepted

    @property
    def known(self) -> bool:
        """Whether enough learners have checked."""
        return self.today.known and self.today.clusters >= _FEWEST

    @property
    def word(self) -> str:
        """In plain words."""
        if not self.known:
            return "cannot tell"
        return "alarm" if self.alarm else "as accepted"


def drifts(accepted: EvalRun, today: Sequence[Today]) -> tuple[Drift, ...]:
    """Every metric that both have.

    All intervals together hold with 95%: each is made wider for the number of metrics (Bonferroni), so that a dozen
    gauges do not cry wolf every other day.
    """
    before = [result for result in accepted.results if not result.contaminated]
    now = [one.result for one in today]
    kinds: dict[str, ScoreKind] = {JUDGED: "rate"}
    kinds |= {name: kind for name, kind in metric_kinds(now).items() if name in metric_kinds(before)}
    learners, found = [one.learner for one in today], []
    for name, kind in kinds.items():
        value: Callable[[SampleResult], float | None] = _judged if name == JUDGED else value_of(name)
        mean = estimate_of(before, value, kind).mean
        values = [value(result) for result in now]
        if mean is not None and any(one is not None for one in values):
            estimate = interval(values, learners, kind, level=1 - _RISK / len(kinds))
            found.append(Drift(name, mean, estimate))
    return tuple(found)


def _judged(result: SampleResult) -> float:
    return float(result.answer is not None and result.answer.feedback.verdict is not Verdict.COULD_NOT_JUDGE)


def write_gauges(path: Path, suite: str, found: Sequence[Drift], checks: int) -> None:
    """Write the gauges for Prometheus's textfile collector, whole or not at all. They name no learner."""
    registry = CollectorRegistry()

    def gauge(name: str, text: str) -> Gauge:
        return Gauge(f"caseloop_eval_{name}", text, ("suite", "metric"), registry=registry)

    accepted = gauge("accepted_rate", "Mean in the accepted run of the suite.")
    rate = gauge("rate", "Mean over the checks of the time looked at.")
    low = gauge("rate_low", "Lower end of its interval.")
    high = gauge("rate_high", "Upper end of its interval.")
    alarm = gauge("drift_alarm", "1 where the rate is worse than accepted by more than chance explains.")
    Gauge("caseloop_eval_checks", "Checks looked at.", ("suite",), registry=registry).labels(suite).set(checks)
    for drift in found:
        labels = (suite, drift.metric)
        accepted.labels(*labels).set(drift.accepted)
        alarm.labels(*labels).set(drift.alarm)
        for one, value in ((rate, drift.today.mean), (low, drift.today.low), (high, drift.today.high)):
            if value is not None:
                one.labels(*labels).set(value)
    write_to_textfile(str(path), registry)
    # The collector runs as a user of its own.
    path.chmod(0o644)
