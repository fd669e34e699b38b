"""A run's summary as the pages show it."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from evaluation.judge.opinion import Opinion
from evaluation.judge.spoken import Spoken
from evaluation.report.summary import Summary, metric_kinds, summarise, value_of
from evaluation.runs.result import EvalRun, SampleResult
from evaluation.statistics.estimate import Estimate
from services.contracts.evaluated_sample import SampleLine
from services.contracts.evaluation import (
    HeatRow,
    HeatTile,
    Interval,
    JudgeState,
    RunFigures,
    RunHeading,
    ScoreFigures,
    VerdictCount,
)


def run_figures(run: EvalRun, folder: Path, opinions: Mapping[str, Opinion]) -> RunFigures:
    """A run in figures; `opinions` by item. `accepted…`, `cost` and `labelled` are for others to fill in."""
    return _figures(summarise(run), _judge(folder, opinions))


def _judge(folder: Path, opinions: Mapping[str, Opinion]) -> JudgeState | None:
    if not opinions:
        return None
    spoken = Spoken.of(folder)
    return JudgeState(model=spoken.model, opinions=len(opinions), labelled=0, notes=spoken.notes)


def _figures(summary: Summary, judge: JudgeState | None) -> RunFigures:
    run, counts, cost = summary.run, summary.counts, summary.cost
    return RunFigures(
        **heading_of(run).model_dump() | {"judged": judge is not None, "samples": counts.samples},
        pipeline=run.pipeline,
        answered=counts.answered,
        not_answered=counts.not_answered,
        contaminated=counts.contaminated,
        cases=counts.cases,
        scores=tuple(
            ScoreFigures(name=metric.name, kind=metric.kind, value=interval_of(metric.estimate))
            for metric in summary.metrics
        ),
        heat=tuple(
            HeatRow(
                case=row.case,
                subtask=row.subtask,
                samples=row.samples,
                tiles=tuple(HeatTile(mean=tile.mean, count=tile.count) for tile in row.tiles),
            )
            for row in summary.heat
        ),
        verdicts=tuple(
            VerdictCount(expected=expected, given=given, count=count)
            for (expected, given), count in sorted(summary.confusion.items())
        ),
        median_ms=cost.median_ms,
        p95_ms=cost.p95_ms,
        prompt_tokens=cost.prompt_tokens,
        completion_tokens=cost.completion_tokens,
        cost=0,
        judge=judge,
    )


def heading_of(run: EvalRun) -> RunHeading:
    """A run without what it found."""
    return RunHeading(
        id=run.id,
        suite=run.suite,
        started=run.started,
        ended=run.ended,
        samples=len(run.results),
        accepted=False,
        judged=False,
    )


def line_of(result: SampleResult) -> SampleLine:
    """One sample in a list."""
    sample, answer = result.sample, result.answer
    return SampleLine(
        id=sample.id,
        case=sample.case,
        subtask=sample.subtask,
        source=sample.source,
        expected=sample.expected.verdict,
        verdict=answer.feedback.verdict if answer else None,
        contaminated=bool(result.contaminated),
        scores=_values(result, metric_kinds((result,))),
    )


def _values(result: SampleResult, names: Iterable[str]) -> dict[str, float | None]:
    return {name: value_of(name)(result) for name in names}


def interval_of(estimate: Estimate) -> Interval:
    """A mean with its interval, as it is told."""
    return Interval(
        mean=estimate.mean,
        low=estimate.low,
        high=estimate.high,
        count=estimate.count,
        clusters=estimate.clusters,
        missing=estimate.missing,
        note=estimate.note,
    )
