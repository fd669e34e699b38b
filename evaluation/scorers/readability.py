"""How easily the feedback reads: Flesch's reading ease (Flesch 1948), as a share."""

import re
from typing import Final

from evaluation.runs.result import Answer, Score
from evaluation.runs.told import told
from evaluation.scorers.port import Ground
from evaluation.suites.sample import Sample
from feedback.prose.language import language_of
from feedback.prose.plain import prose_of

NAME = "readability"
LEAST_WORDS: Final = 20
"""Of fewer words the measure says nothing: one long word turns it."""
_WORD = re.compile(r"[A-Za-z]+(?:['’][a-z]+)?")
_SENTENCE = re.compile(r"[.!?]+(?:\s|$)|\n")
_VOWELS = re.compile(r"[aeiouy]+")


def score(sample: Sample, answer: Answer, ground: Ground) -> Score:  # noqa: ARG001 - every scorer is called alike
    """Reading ease / 100, from 0 (hardly) to 1 (by a child), without code. None: too short, or not English."""
    text = prose_of(told(answer.feedback))
    words = _WORD.findall(text)
    if len(words) < LEAST_WORDS:
        return Score(name=NAME, kind="share", value=None, why=f"{len(words)} words are too few to tell")
    if language_of(text) not in (None, "en"):
        return Score(name=NAME, kind="share", value=None, why="the measure is made for English")
    ease = reading_ease(text, words)
    return Score(
        name=NAME, kind="share", value=round(min(max(ease / 100, 0.0), 1.0), 4), why=f"reading ease {ease:.0f}"
    )


def reading_ease(text: str, words: list[str]) -> float:
    """206.835 - 1.015 words per sentence - 84.6 syllables per word."""
    count = max(sum(bool(_WORD.search(part)) for part in _SENTENCE.split(text)), 1)
    return 206.835 - 1.015 * len(words) / count - 84.6 * sum(map(_syllables, words)) / len(words)


def _syllables(word: str) -> int:
    lower = word.lower()
    groups = len(_VOWELS.findall(lower))
    silent = lower.endswith("e") and not lower.endswith("le") and groups > 1
    return max(groups - silent, 1)
