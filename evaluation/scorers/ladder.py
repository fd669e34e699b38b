"""Whether hints lead step by step: plan, consequence, location, example; and never to the reference itself."""

from collections.abc import Iterator
from typing import Final, get_args

from evaluation.runs.result import Answer, Score
from evaluation.scorers.matching import place_of
from evaluation.scorers.port import Ground
from evaluation.suites.sample import Sample
from feedback.firewall.own import Own
from services.contracts.feedback import Verdict
from services.contracts.finding import Finding, HintStep

NAME = "hint-ladder"
ORDER: Final[tuple[HintStep, ...]] = get_args(HintStep)


def score(sample: Sample, answer: Answer, ground: Ground) -> Score:
    """1: each finding of work that needs more has a ladder in order, of which no step gives the reference away.

    None: there is no such finding.
    """
    findings = answer.feedback.findings if answer.feedback.verdict is Verdict.NEEDS_WORK else ()
    sought = [finding for finding in findings if finding.severity != "info"]
    if not sought:
        return Score(name=NAME, kind="rate", value=None, why="there is nothing to give hints to")
    own = Own.of(sample.cells, [finding.message for finding in sought])
    broken = tuple(text for finding in sought for text in _broken(finding, ground, own))
    return Score(name=NAME, kind="rate", value=0 if broken else 1, why="; ".join(broken[:3]))


def _broken(finding: Finding, ground: Ground, own: Own) -> Iterator[str]:
    steps = [hint.step for hint in finding.ladder]
    where = f"{finding.kind} ({place_of(finding)})"
    if "consequence" not in steps:
        yield f"{where}: no consequence among its hints"
    if steps != sorted(set(steps), key=ORDER.index):
        yield f"{where}: hints come as {', '.join(steps)}"
    said: list[str] = []
    for hint in finding.ladder:
        leak = ground.firewall.examine(hint.text, own, said)
        if leak is not None:
            yield f"{where}: the {hint.step} gives away a {leak.kind}"
        said.append(hint.text)
