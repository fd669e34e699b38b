"""Two runs over the same samples: what changed, and whether that can be told from chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from evaluation.report.summary import Cost, cost_of, estimate_of, metric_kinds, unanswered, value_of
from evaluation.runs.result import EvalRun, SampleResult, ScoreKind
from evaluation.statistics.estimate import Decision, Difference, Estimate
from evaluation.statistics.intervals import interval
from evaluation.statistics.multiple import holm
from evaluation.statistics.paired import compare
from services.contracts.feedback import Verdict

LEVEL: Final = 0.95
Effect = Literal[
    "broken",  # the verdict was what the sample expects, and is not any more
    "fixed",  # the other way round
    "moved",  # the verdict changed, and nobody has said which one is right
    "scores",  # the same verdict, and another score
    "words",  # the same verdict and scores, other words or findings
    "same",
    "lost",  # an answer is missing, or the time was up on one side alone: nothing can be compared
]


@dataclass(frozen=True)
class Pair:
    """One sample, answered twice."""

    before: SampleResult
    after: SampleResult

    @property
    def lost(self) -> bool:
        """One of the two answers is missing, or says less about the code than about how busy the machine was."""
        return unanswered(self.before) or unanswered(self.after) or self.late

    @property
    def late(self) -> bool:
        """The learner's code ran out of time in one of the two runs alone."""
        return _out_of_time(self.before) is not _out_of_time(self.after)

    @property
    def newly_late(self) -> bool:
        """The expected verdict is gone because the time was up."""
        right = _verdict(self.before) is self.after.sample.expected.verdict is not _verdict(self.after)
        return right and _out_of_time(self.after) and not _out_of_time(self.before)

    @property
    def newly_lost(self) -> bool:
        """There was an answer before, and there is none now."""
        return unanswered(self.after) and not unanswered(self.before)

    @cached_property
    def effect(self) -> Effect:
        """What the change did to this sample. It is asked for many times, and looks at every word of both answers."""
        before, after = _verdict(self.before), _verdict(self.after)
        if self.lost or before is None or after is None:
            return "lost"
        if before is not after:
            expected = self.after.sample.expected.verdict
            return "broken" if before is expected else "fixed" if after is expected else "moved"
        if any(self.before.score(name) != self.after.score(name) for name in metric_kinds((self.before, self.after))):
            return "scores"
        return "same" if _said(self.before) == _said(self.after) else "words"


@dataclass(frozen=True)
class MetricChange:
    """One metric in both runs."""

    name: str
    kind: ScoreKind
    before: Estimate
    after: Estimate
    difference: Difference
    adjusted_p: float | None
    """After Holm's correction for all metrics of the comparison."""
    decision: Decision
    """After the correction: what `difference` alone calls better or worse may be chance among many metrics."""


@dataclass(frozen=True)
class Comparison:
    """What became of a run's samples."""

    before: EvalRun
    after: EvalRun
    pairs: tuple[Pair, ...]
    """Samples that both runs have, asked and expected alike, and that are sound: what all figures are about."""
    contaminated: int
    """Left out: their expected answer was found in what the pipeline was given."""
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    altered: tuple[str, ...]
    """Ids that both runs have for different samples."""
    metrics: tuple[MetricChange, ...]
    flips: Estimate
    """Share of samples whose verdict changed."""
    cost_before: Cost
    cost_after: Cost

    def having(self, *effects: Effect) -> tuple[Pair, ...]:
        """The pairs to which this happened."""
        return tuple(pair for pair in self.pairs if pair.effect in effects)


def compare_runs(before: EvalRun, after: EvalRun, level: float = LEVEL) -> Comparison:
    """Pair the runs' samples and decide on every metric. Never raises for what the runs hold."""
    earlier = {result.sample.id: result for result in before.results}
    later = {result.sample.id: result for result in after.results}
    both = [Pair(earlier[id_], result) for id_, result in later.items() if id_ in earlier]
    alike = [pair for pair in both if _asked(pair.before) == _asked(pair.after)]
    sound = tuple(pair for pair in alike if not (pair.before.contaminated or pair.after.contaminated))
    compared = [pair for pair in sound if not pair.lost]
    cases = [pair.after.sample.case for pair in compared]
    return Comparison(
        before=before,
        after=after,
        pairs=sound,
        contaminated=len(alike) - len(sound),
        only_before=tuple(id_ for id_ in earlier if id_ not in later),
        only_after=tuple(id_ for id_ in later if id_ not in earlier),
        altered=tuple(pair.after.sample.id for pair in both if _asked(pair.before) != _asked(pair.after)),
        metrics=_changes(compared, level),
        flips=interval([float(_verdict(p.before) is not _verdict(p.after)) for p in compared], cases, "rate"),
        cost_before=cost_of([pair.before for pair in compared]),
        cost_after=cost_of([pair.after for pair in compared]),
    )


def _changes(pairs: Sequence[Pair], level: float) -> tuple[MetricChange, ...]:
    before, after = [pair.before for pair in pairs], [pair.after for pair in pairs]
    cases = [pair.after.sample.case for pair in pairs]
    kinds = metric_kinds(before) | metric_kinds(after)
    found = {}
    for name, kind in kinds.items():
        value = value_of(name)
        found[name] = compare([value(r) for r in before], [value(r) for r in after], cases, kind, level=level)
    adjusted = dict(zip(found, holm([difference.p_value for difference in found.values()]), strict=True))
    return tuple(
        MetricChange(
            name=name,
            kind=kind,
            before=estimate_of(before, value_of(name), kind),
            after=estimate_of(after, value_of(name), kind),
            difference=found[name],
            adjusted_p=adjusted[name],
            decision=_decision(found[name], adjusted[name], level),
        )
        for name, kind in kinds.items()
    )


def _decision(difference: Difference, adjusted_p: float | None, level: float) -> Decision:
    by_itself = difference.decision
    if by_itself in ("better", "worse") and (adjusted_p is None or adjusted_p > 1 - level):
        return "no_evidence"
    return by_itself


def _verdict(result: SampleResult) -> Verdict | None:
    return result.answer.feedback.verdict if result.answer else None


def _out_of_time(result: SampleResult) -> bool:
    findings = result.answer.feedback.findings if result.answer else ()
    evidence = [one for finding in findings for one in finding.evidence]
    return any(one.aspect == "time" or (one.kind == "incomplete" and one.subject == "time") for one in evidence)


def _said(result: SampleResult) -> str:
    """The feedback without what differs from run to run of the same pipeline."""
    return result.answer.feedback.model_copy(update={"wall_ms": 0}).model_dump_json() if result.answer else ""


def _asked(result: SampleResult) -> str:
    """Identity of what was asked and expected. The case may have a new version: that is what a replay is for."""
    return result.sample.model_copy(update={"version": None}).digest
