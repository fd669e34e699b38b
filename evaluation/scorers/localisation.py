"""Whether the feedback points at the very lines."""

from evaluation.runs.result import Answer, Score
from evaluation.scorers.matching import lines_touch, matched, place_of
from evaluation.scorers.port import Ground
from evaluation.suites.sample import Sample

NAME = "localisation"


def score(sample: Sample, answer: Answer, ground: Ground) -> Score:  # noqa: ARG001 - every scorer is called alike
    """Of the found problems whose lines are known, the share of which a finding marks one of those lines.

    None: no problem with a line was found; that is for the recall to say.
    """
    found = matched(sample.expected.problems, answer.feedback).found
    sought = [(problem, findings) for problem, findings in found if findings and problem.line is not None]
    if not sought:
        return Score(name=NAME, kind="share", value=None, why="no problem whose line is known was found")
    off = [(p, findings) for p, findings in sought if not any(lines_touch(p, finding, 0) for finding in findings)]
    why = "; ".join(f"line {p.line} of {p.cell}, but marked: {', '.join(map(place_of, some))}" for p, some in off)
    return Score(name=NAME, kind="share", value=1 - len(off) / len(sought), why=why)
