"""Whether the feedback says what follows from a mistake, and never what to do about it."""

from evaluation.runs.result import Answer, Score
from evaluation.runs.told import paragraphs
from evaluation.scorers.port import Ground
from evaluation.suites.sample import Sample
from feedback.prose.claims import contradicts
from feedback.prose.plain import prose_of, sentences
from feedback.words.telltale import REPAIR
from services.contracts.feedback import Feedback, Verdict

NAME = "consequence"


def score(sample: Sample, answer: Answer, ground: Ground) -> Score:  # noqa: ARG001 - every scorer is called alike
    """1: no sentence tells a repair or speaks against the verdict; by the rules that a model's words must pass, too.

    None: the work is approved, so there is no mistake to have consequences.
    """
    feedback = answer.feedback
    if feedback.verdict is not Verdict.NEEDS_WORK:
        return Score(name=NAME, kind="rate", value=None, why="no mistake is spoken of")
    wrong = [text for paragraph in paragraphs(feedback) for text in sentences(paragraph) if _wrong(text, feedback)]
    return Score(name=NAME, kind="rate", value=0 if wrong else 1, why=" | ".join(text[:200] for text in wrong[:3]))


def _wrong(sentence: str, feedback: Feedback) -> bool:
    return REPAIR.search(sentence) is not None or contradicts(prose_of(sentence), feedback)
