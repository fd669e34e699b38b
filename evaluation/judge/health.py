"""Whether a judge is one: how often it could be read, and what its answers look like as a whole, in plain words."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from pydantic import Field

from evaluation.judge.opinion import Opinion, Outcome
from evaluation.judge.questions import Question, questions
from services.contracts.case import Slug
from services.contracts.model import WireModel

_FEW: Final = 8
"""Below so many opinions nothing is said about what they have in common."""
_MANY: Final = 0.2
_ONE_SIDED: Final = 0.98
_TURNS: Final = 0.3
_SAME_REASONS: Final = 0.1


class QuestionHealth(WireModel):
    """How one question went."""

    question: Slug
    items: int = Field(ge=0)
    yes: int = Field(ge=0)
    no: int = Field(ge=0)
    cannot_tell: int = Field(ge=0)
    unread: int = Field(ge=0)
    """Items without an opinion, because too few answers could be read."""
    flipped: int = Field(ge=0)
    wavered: int = Field(ge=0)
    changed: int = Field(ge=0)
    """The second opinion, with the reference, was another one."""


class JudgeReport(WireModel):
    """What a judging of a run came to."""

    model: str
    repeats: int
    requests: int = Field(ge=0)
    outcomes: dict[Outcome, int]
    """Of single requests. Those that are not `answered` count nowhere as a 0."""
    questions: tuple[QuestionHealth, ...]
    notes: tuple[str, ...]
    """What whoever reads the scores has to know first."""
    prompt_tokens: int = Field(default=0, ge=0)
    completion_tokens: int = Field(default=0, ge=0)


def report(model: str, repeats: int, opinions: Sequence[Opinion], tokens: tuple[int, int] = (0, 0)) -> JudgeReport:
    """Sum a judging up. `tokens`: of prompts, of answers."""
    outcomes: Counter[Outcome] = Counter()
    for opinion in opinions:
        outcomes.update(opinion.outcomes)
    return JudgeReport(
        model=model,
        repeats=repeats,
        requests=outcomes.total(),
        outcomes=dict(outcomes),
        questions=tuple(_question(question, opinions) for question in questions()),
        notes=tuple(_notes(opinions, outcomes)),
        prompt_tokens=tokens[0],
        completion_tokens=tokens[1],
    )


def _question(question: Question, opinions: Sequence[Opinion]) -> QuestionHealth:
    mine = [one for one in opinions if one.question == question.id]
    said = Counter(one.answer for one in mine)
    return QuestionHealth(
        question=question.id,
        items=len(mine),
        yes=said["yes"],
        no=said["no"],
        cannot_tell=said["cannot_tell"],
        unread=said[None],
        flipped=sum(one.flipped for one in mine),
        wavered=sum(one.wavered for one in mine),
        changed=sum(one.informed is not None and one.informed != one.answer for one in mine),
    )


def _notes(opinions: Sequence[Opinion], outcomes: Counter[Outcome]) -> list[str]:
    if not opinions:
        return ["The judge was asked nothing: there is no answer to judge."]
    notes = _unread(outcomes)
    decided = [one for one in opinions if one.answer in ("yes", "no")]
    if not decided:
        notes.append("The judge has decided nothing at all: there are no scores of a judge in this run.")
    return notes + (_shape(opinions, decided) if len(opinions) >= _FEW else [])


def _unread(outcomes: Counter[Outcome]) -> list[str]:
    """What went wrong with so many requests that the rest need not speak for all."""
    told: dict[Outcome, str] = {
        "refused": "The judge refused to judge in {n} of {all} requests. They are counted apart and are no 0.",
        "unreadable": "{n} of {all} answers of the judge could not be read: they are not of the shape that was asked "
        "for. They are counted apart and are no 0.",
        "timed_out": "The judge did not answer in time in {n} of {all} requests; `caseloop eval judge run` asks again.",
        "failed": "The judge could not be asked in {n} of {all} requests: its server was away, full, or did not take "
        "them; `caseloop eval judge run` asks again.",
    }
    notes = []
    for outcome, text in told.items():
        count, total = outcomes[outcome], outcomes.total()
        if count >= _MANY * total:
            notes.append(text.format(n="all" if count == total else count, all=total).replace("all of ", "all "))
    return notes


def _shape(opinions: Sequence[Opinion], decided: Sequence[Opinion]) -> list[str]:
    notes = []
    most, count = max(Counter(one.answer for one in decided).items(), key=lambda said: said[1], default=("", 0))
    # The questions are of both kinds: for some «yes» speaks for the feedback, for some «no».
    if len(decided) >= _FEW and len({one.question for one in decided}) > 1 and count >= _ONE_SIDED * len(decided):
        notes.append(
            f"The judge answered «{most}» to {count} of {len(decided)} questions, whatever was asked: it does not tell "
            "good feedback from bad, and its scores mean nothing."
        )
    read = [one for one in opinions if one.answer is not None]
    turned = sum(one.flipped for one in read)
    if read and turned >= _TURNS * len(read):
        notes.append(
            f"In {turned} of {len(read)} items the judge's answer turned with the order of the choices and texts: it "
            "follows the order, not the feedback. Such items count as «cannot tell»."
        )
    wavered = sum(one.wavered for one in read)
    if read and wavered >= _TURNS * len(read):
        notes.append(f"In {wavered} of {len(read)} items the judge answered the same request in different ways.")
    reasons = {one.reasons for one in read if one.reasons}
    if len(read) >= _FEW and len(reasons) <= max(1, _SAME_REASONS * len(read)):
        notes.append(
            f"The judge gave {len(reasons) or 'no'} different {'reason' if len(reasons) == 1 else 'reasons'} for "
            f"{len(read)} items: it writes the same whatever it reads."
        )
    undecided = sum(one.answer == "cannot_tell" for one in read)
    if decided and undecided >= 0.5 * len(read):
        notes.append(
            f"The judge could not tell in {undecided} of {len(read)} items: the scores speak for the others only."
        )
    return notes
