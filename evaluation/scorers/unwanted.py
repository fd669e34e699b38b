"""Whether the feedback says what it must not."""

from evaluation.runs.result import Answer, Score
from evaluation.runs.told import paragraphs
from evaluation.scorers.port import Ground
from evaluation.suites.sample import Sample

NAME = "must-not-say"


def score(sample: Sample, answer: Answer, ground: Ground) -> Score:  # noqa: ARG001 - every scorer is called alike
    """1: none of the pieces is in what is shown or in a hint, whatever its case and spacing. None: none is named."""
    pieces = sample.expected.must_not_say
    if not pieces:
        return Score(name=NAME, kind="rate", value=None, why="nothing is named that must not be said")
    hints = [hint.text for finding in answer.feedback.findings for hint in finding.ladder]
    text = _squeezed("\n".join([*paragraphs(answer.feedback), *hints]))
    said = [piece for piece in pieces if _squeezed(piece) and _squeezed(piece) in text]
    return Score(
        name=NAME, kind="rate", value=0 if said else 1, why="; ".join(f"said: {piece[:120]}" for piece in said)
    )


def _squeezed(text: str) -> str:
    return "".join(text.casefold().split())
