"""Two runs compared, as the pages show it."""

from collections import Counter
from pathlib import Path

from evaluation.gate import Outcome, decide
from evaluation.report.comparison import Comparison, MetricChange, compare_runs
from evaluation.runs.store import RUNS, RunStore
from evaluation.serving.figures import heading_of, interval_of
from evaluation.serving.indexing import CannotKeep
from evaluation.serving.kept import compared_stamp
from evaluation.serving.kept_comparisons import keep_comparison
from evaluation.serving.readings import ReadComparison
from services.contracts.evaluation import RunComparison, ScoreChange


def compare_kept(home: Path, before: str, after: str) -> ReadComparison:
    """Compare two runs, and keep that beside the later one. NoSuchRun, RunUnreadable, CannotKeep."""
    store = RunStore(home / RUNS)
    folders = store.folder(before), store.folder(after)
    # Before they are read: what changes meanwhile makes the comparison stale, and not wrong for good.
    stamps = compared_stamp(folders[0]), compared_stamp(folders[1])
    found = told(compare_runs(store.open(before), store.open(after)))
    try:
        keep_comparison(*folders, stamps, found)
    except OSError as error:
        raise CannotKeep(f"The comparison cannot be kept in {folders[1]}: {error}") from error
    return found


def told(comparison: Comparison) -> ReadComparison:
    """A comparison as it is told; `accepted` and `judged` of both runs are for others to fill in."""
    answer = decide(comparison)
    effects = {pair.after.sample.id: pair.effect for pair in comparison.pairs}
    outcomes = {Outcome.FINE: "fine", Outcome.WORSE: "worse", Outcome.CANNOT_TELL: "cannot_tell"}
    return ReadComparison(
        comparison=RunComparison.model_validate(
            {
                "before": heading_of(comparison.before),
                "after": heading_of(comparison.after),
                "outcome": outcomes[answer.outcome],
                "reasons": answer.reasons,
                "scores": tuple(map(_change, comparison.metrics)),
                "flips": interval_of(comparison.flips),
                "effects": dict(Counter(effects.values())),
                "compared": len(comparison.pairs) - len(comparison.having("lost")),
                "contaminated": comparison.contaminated,
                "only_before": len(comparison.only_before),
                "only_after": len(comparison.only_after),
                "altered": len(comparison.altered),
            }
        ),
        effects=effects,
    )


def _change(metric: MetricChange) -> ScoreChange:
    return ScoreChange(
        name=metric.name,
        kind=metric.kind,
        before=interval_of(metric.before),
        after=interval_of(metric.after),
        difference=interval_of(metric.difference.estimate),
        rose=metric.difference.rose,
        fell=metric.difference.fell,
        adjusted_p=metric.adjusted_p,
        decision=metric.decision,
    )
