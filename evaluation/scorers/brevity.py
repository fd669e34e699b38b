"""Whether the feedback can be read in a minute: the limits that the design sets."""

from collections.abc import Iterator
from typing import Final

from evaluation.runs.result import Answer, Score
from evaluation.runs.told import told
from evaluation.scorers.port import Ground
from evaluation.suites.sample import Sample
from services.contracts.feedback import Feedback, Verdict

NAME = "brevity"
LENGTH = "length"
MAX_LINES: Final = 5
MAX_CHARS: Final = 120
MIN_WORDS: Final = 80
MAX_WORDS: Final = 160


def score(sample: Sample, answer: Answer, ground: Ground) -> Score:  # noqa: ARG001 - every scorer is called alike
    """1: no warning marks more than 5 lines or has more than 120 characters, and all of it is at most 160 words."""
    broken = tuple(_broken(answer.feedback))
    return Score(name=NAME, kind="rate", value=0 if broken else 1, why="; ".join(broken))


def length(sample: Sample, answer: Answer, ground: Ground) -> Score:  # noqa: ARG001 - every scorer is called alike
    """1: the remarks have 80 to 160 words in all, as `feedback/prompts/words.md` asks of a model.

    None: the work is not said to need more, and a word is enough; or the rules worded it. They say in one sentence a
    finding what follows from it, and explain nothing before a hint is opened. The range is where educators rate a
    text that explains a problem best (Brown et al. 2024, arXiv 2411.18151): a headline and marks beside the code are
    none.
    """
    feedback = answer.feedback
    if feedback.verdict is not Verdict.NEEDS_WORK:
        return Score(name=LENGTH, kind="rate", value=None, why="nothing has to be explained")
    if feedback.words_by == "rules":
        return Score(name=LENGTH, kind="rate", value=None, why="the rules leave explaining to the hints")
    words = sum(len(remark.split()) for remark in feedback.remarks)
    fits = MIN_WORDS <= words <= MAX_WORDS
    return Score(name=LENGTH, kind="rate", value=int(fits), why="" if fits else f"{words} words of remarks")


def _broken(feedback: Feedback) -> Iterator[str]:
    for warning in feedback.warnings:
        place = warning.place
        lines = (place.end_line or place.line or 1) - (place.line or 1) + 1
        if lines > MAX_LINES:
            yield f"a warning marks {lines} lines"
        if len(warning.message) > MAX_CHARS:
            yield f"a warning has {len(warning.message)} characters"
    words = _words(feedback)
    if words > MAX_WORDS:
        yield f"{words} words"


def _words(feedback: Feedback) -> int:
    return len(told(feedback).split())
