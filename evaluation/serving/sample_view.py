"""A sample as QA looks at it: whole, within limits that a page can bear, with every letter visible."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from evaluation.judge.labels import Agreed
from evaluation.judge.opinion import Exchange, Opinion
from evaluation.judge.questions import questions
from evaluation.report import mentors
from evaluation.report.visible import visible
from evaluation.runs.result import SampleResult
from evaluation.suites.sample import Problem, Sample
from services.contracts.evaluated_sample import (
    CodeCell,
    CodeLine,
    EvaluatedSample,
    ExpectedProblem,
    GivenAnswer,
    JudgeExchange,
    JudgeMessage,
    JudgeOpinion,
    PlacedWords,
    SampleScore,
)
from services.contracts.evaluation import Effect
from services.contracts.feedback import Feedback
from services.contracts.finding import Finding
from services.contracts.notebook import Cell, Place

MOST_LINES: Final = 3_000
"""Of all cells together: beyond it nobody reads on, and a browser becomes slow."""
_LINE, _WORDS, _MESSAGE = 1_000, 4_000, 60_000
"""Characters of a line, of a text, and of a message to or from the judge."""
CUT: Final = " … [cut]"
_Marks = set[tuple[str, int]]


def evaluated(
    run: str,
    result: SampleResult,
    before: tuple[str, SampleResult] | None,
    effect: Effect | None,
    opinions: Sequence[Opinion],
    labels: Mapping[str, Agreed],
) -> EvaluatedSample:
    """One sample of `run`; `before` is another run's name and its result, `labels` go by item."""
    sample = result.sample
    both = [result, *([before[1]] if before else [])]
    return EvaluatedSample(
        run=run,
        id=sample.id,
        case=sample.case,
        subtask=sample.subtask,
        version=sample.version,
        source=sample.source,
        tags=sample.tags,
        expected=sample.expected.verdict,
        problems=tuple(map(_problem, sample.expected.problems)),
        must_not_say=tuple(map(shown, sample.expected.must_not_say)),
        contaminated=shown(result.contaminated),
        cells=shown_cells(sample.cells, _expected_marks(sample) | {mark for one in both for mark in said_marks(one)}),
        answer=given_answer(run, result),
        before=given_answer(*before) if before else None,
        effect=effect,
        scores=_scores(result, before[1] if before else None),
        opinions=tuple(_opinion(one, labels.get(one.item)) for one in opinions if one.sample == sample.id),
    )


def given_answer(run: str, result: SampleResult, *, facts: bool = True) -> GivenAnswer:
    """What the pipeline said; without `facts` it is what a learner may come to see."""
    answer = result.answer
    if answer is None:
        missing = shown(result.problem) or "The pipeline gave no answer."
        return GivenAnswer(
            run=run, verdict=None, headline="", words=(), words_by="", wall_ms=0, prompt_tokens=0, completion_tokens=0,
            missing=missing,
        )  # fmt: skip
    feedback = answer.feedback
    return GivenAnswer(
        run=run,
        verdict=feedback.verdict,
        headline=shown(feedback.headline),
        words=tuple(_words(feedback, facts)),
        words_by=feedback.words_by,
        wall_ms=answer.wall_ms,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens,
        missing="",
    )


def shown_cells(cells: Iterable[Cell], marks: _Marks) -> tuple[CodeCell, ...]:
    """All cells that hold something, as far as they fit."""
    return tuple(_fitting(cells, marks))


def said_marks(result: SampleResult) -> _Marks:
    """(cell, line) of everything that the feedback points at."""
    feedback = result.answer.feedback if result.answer else None
    if feedback is None:
        return set()
    places = [finding.place for finding in feedback.findings if finding.place]
    places += [warning.place for warning in feedback.warnings]
    return {(place.cell, line) for place in places for line in _lines(place.line, place.end_line)}


def exchange(one: Exchange) -> JudgeExchange:
    """One request to the judge, whole."""
    return JudgeExchange(
        question=one.question,
        look=one.look,
        order=one.order,
        repetition=one.repetition,
        model=one.model,
        outcome=one.outcome,
        answer=one.answer,
        problem=shown(one.problem),
        messages=tuple(JudgeMessage(role=line.role, content=shown(line.content, _MESSAGE)) for line in one.messages),
        said=shown(one.said, _MESSAGE),
    )


def shown(text: str, most: int = _WORDS) -> str:
    """The text as a page shows it."""
    return visible(text if len(text) <= most else f"{text[:most]}{CUT}")


def _words(feedback: Feedback, facts: bool) -> Iterator[PlacedWords]:
    for warning in feedback.warnings:
        yield _placed("warning", warning.message, warning.place)
    for remark in feedback.remarks:
        yield PlacedWords(kind="remark", text=shown(remark))
    for finding in feedback.findings:
        yield _placed(
            "mentor" if finding.mentor else "finding",
            finding.mentor or finding.message,
            finding.place,
            _fact(finding) if facts else "",
        )
    for text in dict.fromkeys(hint.text for finding in feedback.findings for hint in finding.ladder):
        yield PlacedWords(kind="hint", text=shown(text))


def _placed(kind: str, text: str, place: Place | None, fact: str = "") -> PlacedWords:
    return PlacedWords.model_validate(
        {
            "kind": kind,
            "text": shown(text),
            "cell": place.cell if place else None,
            "line": place.line if place else None,
            "end_line": place.end_line if place else None,
            "fact": fact,
        }
    )


def _fact(finding: Finding) -> str:
    return shown("; ".join(dict.fromkeys(one.fact for one in finding.evidence if one.fact)))


def _problem(problem: Problem) -> ExpectedProblem:
    return ExpectedProblem(about=shown(problem.about), cell=problem.cell, line=problem.line, end_line=problem.end_line)


def _expected_marks(sample: Sample) -> _Marks:
    return {
        (problem.cell, line)
        for problem in sample.expected.problems
        if problem.cell
        for line in _lines(problem.line, problem.end_line)
    }


def _lines(line: int | None, end_line: int | None) -> range:
    if line is None:
        return range(0)
    return range(line, min(end_line or line, line + MOST_LINES) + 1)


def _fitting(cells: Iterable[Cell], marks: _Marks) -> Iterator[CodeCell]:
    room = MOST_LINES
    for cell in cells:
        if not cell.source.strip():
            continue
        lines = cell.source.removesuffix("\n").split("\n")
        kept = lines[:room]
        room -= len(kept)
        yield CodeCell(
            id=shown(cell.id),
            kind=cell.kind,
            lines=tuple(
                CodeLine(number=number, text=shown(text, _LINE), marked=(cell.id, number) in marks)
                for number, text in enumerate(kept, 1)
            ),
            left_out=len(lines) - len(kept),
        )


def _scores(result: SampleResult, before: SampleResult | None) -> tuple[SampleScore, ...]:
    made = [
        SampleScore(
            name=score.name,
            kind=score.kind,
            value=score.value,
            before=before.score(score.name) if before else None,
            why=shown(score.why),
        )
        for score in result.scores
    ]
    agreement = mentors.agreement(result)
    if agreement is not None:
        earlier = mentors.agreement(before) if before else None
        made.append(SampleScore(name=mentors.NAME, kind="rate", value=agreement, before=earlier, why=""))
    return tuple(made)


def _opinion(opinion: Opinion, label: Agreed | None) -> JudgeOpinion:
    asked = {question.id: question for question in questions()}.get(opinion.question)
    return JudgeOpinion(
        item=opinion.item,
        question=opinion.question,
        title=asked.title if asked else opinion.question,
        asks=asked.asks if asked else "",
        subject=shown(opinion.subject),
        good=asked.good if asked else "yes",
        answer=opinion.answer,
        informed=opinion.informed,
        turned=opinion.flipped,
        wavered=opinion.wavered,
        reasons=shown(opinion.reasons),
        people=label.answers if label else {},
    )
