"""Whether the verdict is the one that a mentor would give."""

from evaluation.runs.result import Answer, Score
from evaluation.scorers.port import Ground
from evaluation.suites.sample import Sample

NAME = "verdict"


def score(sample: Sample, answer: Answer, ground: Ground) -> Score:  # noqa: ARG001 - every scorer is called alike
    """1: the expected verdict; 0: another one. None: no verdict is expected."""
    wanted, given = sample.expected.verdict, answer.feedback.verdict
    if wanted is None:
        return Score(name=NAME, kind="rate", value=None, why="no verdict is expected")
    if wanted is given:
        return Score(name=NAME, kind="rate", value=1)
    return Score(name=NAME, kind="rate", value=0, why=f"{given.value} instead of {wanted.value}")
