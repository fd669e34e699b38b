"""Whether the machine says what a person has said about the same code."""

from typing import Final

from evaluation.runs.result import SampleResult
from evaluation.suites.sample import Source

NAME: Final = "mentor-agreement"
_BY_PEOPLE: Final[frozenset[Source]] = frozenset(("memory", "dispute"))
MARK: Final = "mentor"
"""Key of a sample's metadata: a mentor has spoken about this stored submission."""


def agreement(result: SampleResult) -> float | None:
    """1 where verdict and problems are those that a person named, 0 where one is not; None where no person has spoken.

    A problem without a signature is words alone: whether they are said is a question for a judge, not for this figure.
    """
    sample, answer = result.sample, result.answer
    if answer is None or not (sample.source in _BY_PEOPLE or sample.metadata.get(MARK) is True):
        return None
    named = {problem.signature for problem in sample.expected.problems if problem.signature}
    verdict = sample.expected.verdict
    if verdict is None and not named:
        return None
    found = {finding.signature for finding in answer.feedback.findings}
    return float((verdict is None or answer.feedback.verdict is verdict) and named <= found)
