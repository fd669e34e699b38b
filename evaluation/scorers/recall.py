"""How many of the problems that a mentor would point at the feedback points at."""

from evaluation.runs.result import Answer, Score
from evaluation.scorers.matching import matched
from evaluation.scorers.port import Ground
from evaluation.suites.sample import Sample

NAME = "problem-recall"


def score(sample: Sample, answer: Answer, ground: Ground) -> Score:  # noqa: ARG001 - every scorer is called alike
    """The share of them. None: none is expected, or none that has a cell or a signature to look for."""
    if not sample.expected.problems:
        return Score(name=NAME, kind="share", value=None, why="no problem is expected")
    matching = matched(sample.expected.problems, answer.feedback)
    if not matching.found:
        return Score(name=NAME, kind="share", value=None, why="no expected problem has a cell or a signature")
    missed = [problem.about for problem, findings in matching.found if not findings]
    value = 1 - len(missed) / len(matching.found)
    return Score(name=NAME, kind="share", value=value, why="; ".join(f"not said: {about[:200]}" for about in missed))
