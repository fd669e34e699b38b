"""Samples as a report shows them: cut to what fits a page, with every letter visible."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from evaluation.report.comparison import Effect, Pair
from evaluation.report.summary import metric_kinds, unanswered, value_of
from evaluation.runs.result import SampleResult
from evaluation.scorers.readability import NAME as READABILITY
from services.contracts.notebook import Cell, Place

MOST_SAMPLES: Final = 150
"""A page with more of them is read by nobody, and slow to open."""
_MOST_LINES, _MOST_LETTERS, _MOST_WORDS = 60, 200, 1_200
_AROUND: Final = 8
"""Lines shown before the first one that is pointed at."""


@dataclass(frozen=True)
class Line:
    """One line of code; `marked` where feedback or an expected problem points at it."""

    number: int
    text: str
    marked: bool


@dataclass(frozen=True)
class ShownCell:
    """A part of a cell."""

    id: str
    lines: tuple[Line, ...]
    left_out: int


@dataclass(frozen=True)
class Said:
    """What a learner reads; `missing` says why there is nothing."""

    verdict: str
    headline: str
    points: tuple[tuple[str, str], ...]
    """(place, words) of each finding."""
    mentor: tuple[str, ...]
    missing: str


@dataclass(frozen=True)
class ScoreLine:
    """One metric of one sample; `why` is of the run that is shown last."""

    name: str
    before: float | None
    after: float | None
    why: str


@dataclass(frozen=True)
class ShownSample:
    """One sample with its answers, side by side where there are two."""

    id: str
    case: str
    subtask: str
    source: str
    effect: Effect | None
    expected: str
    problems: tuple[str, ...]
    cells: tuple[ShownCell, ...]
    before: Said | None
    after: Said
    scores: tuple[ScoreLine, ...]
    contaminated: str


def changed_samples(pairs: Sequence[Pair]) -> tuple[ShownSample, ...]:
    """What changed, the gravest first, at most MOST_SAMPLES."""
    order: list[Effect] = ["broken", "lost", "moved", "fixed", "scores", "words"]
    changed = sorted((pair for pair in pairs if pair.effect in order), key=lambda pair: order.index(pair.effect))
    return tuple(_shown(pair.after, pair) for pair in changed[:MOST_SAMPLES])


def weak(results: Sequence[SampleResult]) -> list[SampleResult]:
    """Samples that have no answer, prove nothing, or missed a whole score; those with most to say come first."""
    found = [result for result in results if unanswered(result) or result.contaminated or _lacks(result) > 0]
    return sorted(found, key=lambda result: (-unanswered(result), -_lacks(result)))


def weak_samples(results: Sequence[SampleResult]) -> tuple[ShownSample, ...]:
    """At most MOST_SAMPLES of `weak`."""
    return tuple(_shown(result, None) for result in weak(results)[:MOST_SAMPLES])


def _lacks(result: SampleResult) -> float:
    """How much of its scores a sample misses; what has no value misses nothing."""
    # Nobody writes so that reading ease is whole: with it, every sample would be one to look at.
    values = [score.value for score in result.scores if score.value is not None and score.name != READABILITY]
    return sum(1 - value for value in values)


def _shown(result: SampleResult, pair: Pair | None) -> ShownSample:
    sample, before = result.sample, pair.before if pair else None
    return ShownSample(
        id=sample.id,
        case=sample.case,
        subtask=sample.subtask,
        source=sample.source,
        effect=pair.effect if pair else None,
        expected=sample.expected.verdict.value if sample.expected.verdict else "",
        problems=tuple(_cut(problem.about) for problem in sample.expected.problems),
        cells=_cells(sample.cells, _places(result, before)),
        before=_said(before) if before else None,
        after=_said(result),
        scores=_scores(before, result),
        contaminated=result.contaminated,
    )


def _said(result: SampleResult) -> Said:
    if result.answer is None:
        return Said("", "", (), (), _cut(result.problem) or "the pipeline gave no answer")
    feedback = result.answer.feedback
    return Said(
        verdict=feedback.verdict.value,
        headline=_cut(feedback.headline),
        points=tuple((_place(finding.place), _cut(finding.message)) for finding in feedback.findings),
        mentor=tuple(dict.fromkeys(_cut(finding.mentor) for finding in feedback.findings if finding.mentor)),
        missing="",
    )


def _place(place: Place | None) -> str:
    if place is None:
        return ""
    return f"{place.cell}, line {place.line}" if place.line else place.cell


def _scores(before: SampleResult | None, after: SampleResult) -> tuple[ScoreLine, ...]:
    whys = {score.name: _cut(score.why) for score in after.scores}
    both = [result for result in (before, after) if result is not None]
    lines = []
    for name in metric_kinds(both):
        value = value_of(name)
        line = ScoreLine(name, value(before) if before else None, value(after), whys.get(name, ""))
        if line.before is not None or line.after is not None:
            lines.append(line)
    return tuple(lines)


def _places(after: SampleResult, before: SampleResult | None) -> set[tuple[str, int]]:
    """(cell, line) of everything that is pointed at; line 0 for a cell as a whole."""
    places = [Place(cell=p.cell, line=p.line, end_line=p.end_line) for p in after.sample.expected.problems if p.cell]
    for result in (before, after):
        if result is not None and result.answer is not None:
            places += [finding.place for finding in result.answer.feedback.findings if finding.place]
    return {(place.cell, line) for place in places for line in _lines(place)}


def _lines(place: Place) -> range:
    first = place.line or 0
    return range(first, min(place.end_line or first, first + _MOST_LINES) + 1)


def _cells(cells: Sequence[Cell], places: set[tuple[str, int]]) -> tuple[ShownCell, ...]:
    """Cells that something points at; where nothing does, all that hold code, as far as they fit."""
    named = {cell for cell, _ in places}
    code = [cell for cell in cells if cell.id in named] or [cell for cell in cells if cell.kind == "code"]
    return tuple(_fitting(code, places))


def _fitting(cells: Sequence[Cell], places: set[tuple[str, int]]) -> Iterator[ShownCell]:
    room = _MOST_LINES
    for cell in cells:
        if room <= 0 or not cell.source.strip():
            continue
        lines = cell.source.splitlines()
        marked = sorted(line for id_, line in places if id_ == cell.id and 0 < line <= len(lines))
        start = max(0, marked[0] - 1 - _AROUND) if marked and len(lines) > room else 0
        shown = lines[start : start + room]
        room -= len(shown)
        yield ShownCell(
            id=cell.id,
            lines=tuple(
                Line(number, _cut(text, _MOST_LETTERS), number in marked)
                for number, text in enumerate(shown, start + 1)
            ),
            left_out=len(lines) - len(shown),
        )


def _cut(text: str, most: int = _MOST_WORDS) -> str:
    return text if len(text) <= most else f"{text[:most]} …"
