"""How much of what the feedback finds fault with is a problem that a mentor would point at."""

from evaluation.runs.result import Answer, Score
from evaluation.scorers.matching import matched, place_of
from evaluation.scorers.port import Ground
from evaluation.suites.sample import Sample
from services.contracts.feedback import Verdict
from services.contracts.finding import Finding

NAME = "problem-precision"


def score(sample: Sample, answer: Answer, ground: Ground) -> Score:  # noqa: ARG001 - every scorer is called alike
    """The share of findings that are about an expected problem; where the work is right, 1 if there is no finding.

    None: it is not known what should be found, or nothing was found where something should have been.
    """
    expected = sample.expected
    matching = matched(expected.problems, answer.feedback)
    if expected.verdict is Verdict.APPROVED and not expected.problems:
        return Score(name=NAME, kind="share", value=0 if matching.beside else 1, why=_beside(matching.beside))
    if not matching.found or matching.blurred:
        return Score(name=NAME, kind="share", value=None, why="it is not known of every problem where it is")
    about = {finding.id for _, findings in matching.found for finding in findings}
    total = len(about) + len(matching.beside)
    if not total:
        return Score(name=NAME, kind="share", value=None, why="nothing was found")
    return Score(name=NAME, kind="share", value=len(about) / total, why=_beside(matching.beside))


def _beside(findings: tuple[Finding, ...]) -> str:
    return "; ".join(f"beside the point ({place_of(f)}): {f.message[:160]}" for f in findings)
