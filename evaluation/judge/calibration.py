"""How far the judge agrees with people, and what its scores are worth once its errors are taken out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Final

from evaluation.judge.flips import flips
from evaluation.judge.labels import Agreed
from evaluation.judge.opinion import Opinion
from evaluation.judge.questions import Question, Said, questions
from evaluation.judge.scores import good
from evaluation.runs.result import EvalRun
from evaluation.statistics.agreement import Agreement, agreement, krippendorff
from evaluation.statistics.corrected import Corrected, corrected_share
from evaluation.statistics.estimate import Difference, Estimate
from evaluation.statistics.paired import compare

_CODES: Final[dict[Said, float]] = {"yes": 1.0, "no": 0.0, "cannot_tell": 0.5}


@dataclass(frozen=True)
class LengthBias:
    """How much kinder than people the judge is, from -1 to 1, to short and to long feedback."""

    characters: int
    """Longer feedback than this counts as long: the median of the labelled ones."""
    short: float
    long: float


@dataclass(frozen=True)
class QuestionCalibration:
    """One question. «Good» is the answer that speaks for the feedback."""

    question: Question
    items: int
    """In the run."""
    at_random: int
    """Labelled items that chance had drawn; everything here rests on them but `kappa_all`."""
    picked: int
    """Other labelled items."""
    agreement: Agreement
    """Over the items drawn at random. Sensitivity: of the good ones; specificity: of the bad ones."""
    kappa_all: float | None
    """With the picked ones, which are the hard ones: lower, as a rule."""
    people_alpha: float | None
    """Krippendorff's alpha of the people among each other; None where nobody labelled what another had labelled."""
    share: Corrected
    """Share of good feedback in the run."""
    length: LengthBias | None
    order: Difference
    """Share of «yes» where «no» stands first, against where «yes» stands first: negative where the judge takes what
    stands first."""
    flips: Estimate
    """Share of items that got different answers to the same request; what was asked once is missing."""
    mistakes: tuple[Opinion, ...]
    """Where judge and people differ."""


def calibrate(
    run: EvalRun, opinions: Sequence[Opinion], labels: Mapping[str, Agreed], level: float = 0.95
) -> tuple[QuestionCalibration, ...]:
    """Compare, question by question; `labels` by item. Questions that the run has no item for are left out."""
    cases = {result.sample.id: result.sample.case for result in run.results}
    steadiness = {one.question.id: one.rate for one in flips(run, opinions, level).by_question}
    made = []
    for question in questions():
        mine = [one for one in opinions if one.question == question.id and one.sample in cases]
        if mine:
            clusters = [cases[one.sample] for one in mine]
            made.append(_question(question, mine, clusters, labels, level, steadiness[question.id]))
    return tuple(made)


def _question(
    question: Question,
    opinions: Sequence[Opinion],
    clusters: Sequence[str],
    labels: Mapping[str, Agreed],
    level: float,
    steadiness: Estimate,
) -> QuestionCalibration:
    found = [labels.get(one.item) for one in opinions]
    judge = [good(question, one) for one in opinions]
    people = [_good(question, label.answer if label else None) for label in found]
    drawn = [_good(question, label.at_random if label else None) for label in found]
    return QuestionCalibration(
        question=question,
        items=len(opinions),
        at_random=sum(one is not None for one in drawn),
        picked=sum(label is not None and label.at_random is None for label in found),
        agreement=agreement(judge, drawn, clusters, level=level),
        kappa_all=agreement(judge, people, clusters, level=level).kappa,
        people_alpha=krippendorff([[_CODES[said] for said in label.answers.values()] for label in found if label]),
        share=corrected_share(judge, drawn, clusters, level=level),
        length=_length(opinions, judge, drawn),
        order=_order(opinions, clusters, level),
        flips=steadiness,
        mistakes=tuple(
            one
            for one, said, true in zip(opinions, judge, people, strict=True)
            if said is not None and true is not None and said != true
        ),
    )


def _good(question: Question, said: Said | None) -> bool | None:
    return None if said in (None, "cannot_tell") else said == question.good


def _length(
    opinions: Sequence[Opinion], judge: Sequence[bool | None], people: Sequence[bool | None]
) -> LengthBias | None:
    """None where all labelled feedback is of one length, or nothing is labelled."""
    rows = [
        (one.characters, float(said) - float(true))
        for one, said, true in zip(opinions, judge, people, strict=True)
        if said is not None and true is not None
    ]
    if not rows:
        return None
    middle = median(characters for characters, _ in rows)
    short = [kinder for characters, kinder in rows if characters <= middle]
    long = [kinder for characters, kinder in rows if characters > middle]
    return LengthBias(round(middle), fmean(short), fmean(long)) if long else None


def _order(opinions: Sequence[Opinion], clusters: Sequence[str], level: float) -> Difference:
    first = [_yes(one.by_order.get("yes_first")) for one in opinions]
    second = [_yes(one.by_order.get("no_first")) for one in opinions]
    return compare(first, second, clusters, "rate", level=level)


def _yes(said: Said | None) -> float | None:
    return None if said in (None, "cannot_tell") else float(said == "yes")
