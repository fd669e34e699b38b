"""One run in figures. Samples that prove nothing are counted, and counted out."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from evaluation.report import mentors
from evaluation.runs.result import EvalRun, SampleResult, ScoreKind
from evaluation.statistics.estimate import Estimate
from evaluation.statistics.intervals import interval
from services.contracts.feedback import Verdict

Value = Callable[[SampleResult], float | None]


@dataclass(frozen=True)
class Counts:
    """What a run is made of."""

    samples: int
    answered: int
    not_answered: int
    """The pipeline broke off, or the platform could not judge."""
    contaminated: int
    """Their expected answer was found in what the pipeline was given: they are in no figure."""
    cases: int


@dataclass(frozen=True)
class Metric:
    """What one scorer said over all samples."""

    name: str
    kind: ScoreKind
    estimate: Estimate


@dataclass(frozen=True)
class Tile:
    """One metric in one subtask of one case."""

    mean: float | None
    count: int


@dataclass(frozen=True)
class HeatRow:
    """One subtask of one case; the tiles are in the order of the metrics."""

    case: str
    subtask: str
    samples: int
    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Cost:
    """What the answers took: milliseconds and tokens."""

    median_ms: float | None
    p95_ms: float | None
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True)
class Summary:
    """One run in figures."""

    run: EvalRun
    counts: Counts
    metrics: tuple[Metric, ...]
    heat: tuple[HeatRow, ...]
    confusion: dict[tuple[str, str], int]
    """(expected verdict, given verdict or "no answer") -> samples."""
    cost: Cost


def summarise(run: EvalRun) -> Summary:
    """All figures of a run."""
    sound = [result for result in run.results if not result.contaminated]
    metrics = tuple(
        Metric(name, kind, estimate_of(sound, value_of(name), kind)) for name, kind in metric_kinds(sound).items()
    )
    return Summary(
        run=run,
        counts=_counts(run),
        metrics=metrics,
        heat=_heat(sound, [metric.name for metric in metrics]),
        confusion=_confusion(sound),
        cost=cost_of(run.results),
    )


def metric_kinds(results: Iterable[SampleResult]) -> dict[str, ScoreKind]:
    """Every scorer's name and the kind of its values, in the order in which they first spoke."""
    kinds: dict[str, ScoreKind] = {}
    persons = False
    for result in results:
        persons = persons or mentors.agreement(result) is not None
        for score in result.scores:
            kinds.setdefault(score.name, score.kind)
    return kinds | ({mentors.NAME: "rate"} if persons else {})


def value_of(name: str) -> Value:
    """How to read this metric off a result."""
    return mentors.agreement if name == mentors.NAME else lambda result: result.score(name)


def estimate_of(results: Sequence[SampleResult], value: Value, kind: ScoreKind) -> Estimate:
    """The mean of a metric with its interval, clustered by case."""
    return interval([value(result) for result in results], [result.sample.case for result in results], kind)


def unanswered(result: SampleResult) -> bool:
    """Whether there is no feedback to look at: the pipeline broke off, or the platform could not judge."""
    answer = result.answer
    if answer is None:
        return True
    return answer.feedback.verdict is Verdict.COULD_NOT_JUDGE and answer.feedback.fault == "platform"


def cost_of(results: Sequence[SampleResult]) -> Cost:
    """Over all answers there are."""
    answers = [result.answer for result in results if result.answer is not None]
    times = sorted(answer.wall_ms for answer in answers)
    return Cost(
        median_ms=_quantile(times, 0.5),
        p95_ms=_quantile(times, 0.95),
        prompt_tokens=sum(answer.prompt_tokens for answer in answers),
        completion_tokens=sum(answer.completion_tokens for answer in answers),
    )


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    """Between two values it is interpolated."""
    if not ordered:
        return None
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def _counts(run: EvalRun) -> Counts:
    missing = sum(unanswered(result) for result in run.results)
    return Counts(
        samples=len(run.results),
        answered=len(run.results) - missing,
        not_answered=missing,
        contaminated=sum(bool(result.contaminated) for result in run.results),
        cases=len({result.sample.case for result in run.results}),
    )


def _heat(results: Sequence[SampleResult], names: Sequence[str]) -> tuple[HeatRow, ...]:
    groups: dict[tuple[str, str], list[SampleResult]] = {}
    for result in results:
        groups.setdefault((result.sample.case, result.sample.subtask), []).append(result)
    return tuple(
        HeatRow(case, subtask, len(group), tuple(_tile(group, value_of(name)) for name in names))
        for (case, subtask), group in groups.items()
    )


def _tile(group: Sequence[SampleResult], value: Value) -> Tile:
    values = [found for found in map(value, group) if found is not None]
    return Tile(sum(values) / len(values) if values else None, len(values))


def _confusion(results: Sequence[SampleResult]) -> dict[tuple[str, str], int]:
    counts: Counter[tuple[str, str]] = Counter()
    for result in results:
        if result.sample.expected.verdict is not None:
            given = result.answer.feedback.verdict.value if result.answer else NO_ANSWER
            counts[result.sample.expected.verdict.value, given] += 1
    return dict(counts)


NO_ANSWER = "no answer"
