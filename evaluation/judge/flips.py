"""How steady the judge is: the share of items whose very same request it answers differently when it is asked again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from evaluation.judge.opinion import Opinion
from evaluation.judge.questions import Question, questions
from evaluation.runs.result import EvalRun
from evaluation.statistics.estimate import Estimate
from evaluation.statistics.intervals import interval


@dataclass(frozen=True)
class QuestionFlips:
    """One question."""

    question: Question
    rate: Estimate


@dataclass(frozen=True)
class Flips:
    """The flip rate of a judging."""

    fewest: int
    """How often each request was put, at least; 0 where none was put twice. More repetitions find more flips."""
    most: int
    rate: Estimate
    """Over all items that were answered readably more than once in one order; the others are missing, and no 0."""
    by_question: tuple[QuestionFlips, ...]


def flips(run: EvalRun, opinions: Iterable[Opinion], level: float = 0.95) -> Flips:
    """Of a run's opinions. Samples that are the same item count once; cases are the independent witnesses."""
    cases = {result.sample.id: result.sample.case for result in run.results}
    known = {one.item: one for one in opinions if one.sample in cases}
    times = [one.repeats for one in known.values() if one.repeated]
    asked = [(question, [one for one in known.values() if one.question == question.id]) for question in questions()]
    return Flips(
        fewest=min(times, default=0),
        most=max(times, default=0),
        rate=_rate(known.values(), cases, level),
        by_question=tuple(QuestionFlips(question, _rate(mine, cases, level)) for question, mine in asked if mine),
    )


def _rate(opinions: Iterable[Opinion], cases: Mapping[str, str], level: float) -> Estimate:
    found = list(opinions)
    values = [float(one.wavered) if one.repeated else None for one in found]
    return interval(values, [cases[one.sample] for one in found], "rate", level=level)
