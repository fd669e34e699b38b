"""Which findings are about which expected problems; a judge's opinion may be plugged in beside what is worked out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from evaluation.suites.sample import Problem
from services.contracts.feedback import Feedback
from services.contracts.finding import Finding

NEAR: Final = 1
"""Lines between a finding and a problem that may still be the same: a statement above or below."""

Matches = Callable[[Problem, Finding], bool]


@dataclass(frozen=True)
class Matching:
    """What was found of what should have been."""

    found: tuple[tuple[Problem, tuple[Finding, ...]], ...]
    """Each problem that can be looked for, with the findings that are about it."""
    beside: tuple[Finding, ...]
    """Findings that are about none of them."""
    blurred: tuple[Problem, ...]
    """Problems that only a person or a judge could recognise: they have neither a cell nor a signature."""


def by_place_or_signature(problem: Problem, finding: Finding) -> bool:
    """The same signature, or the same cell and lines that touch; where one of them has no line, the cell is enough."""
    if problem.signature is not None and problem.signature == finding.signature:
        return True
    place = finding.place
    if place is None or problem.cell is None or place.cell != problem.cell:
        return False
    if place.line is None or problem.line is None:
        return True
    return lines_touch(problem, finding, NEAR)


def lines_touch(problem: Problem, finding: Finding, apart: int) -> bool:
    """Whether both are in one cell and at most `apart` lines from each other; False where a line is not known."""
    place = finding.place
    if place is None or place.line is None or problem.line is None or place.cell != problem.cell:
        return False
    first, last = problem.line, problem.end_line or problem.line
    return place.line <= last + apart and (place.end_line or place.line) >= first - apart


def matched(problems: Sequence[Problem], feedback: Feedback, matches: Matches = by_place_or_signature) -> Matching:
    """Compare every problem with every finding; notes (`info`) claim nothing and count for nothing."""
    findings = [finding for finding in feedback.findings if finding.severity != "info"]
    sought = [p for p in problems if p.cell is not None or p.signature is not None]
    found = tuple((p, tuple(f for f in findings if matches(p, f))) for p in sought)
    about = {finding.id for _, some in found for finding in some}
    return Matching(
        found=found,
        beside=tuple(finding for finding in findings if finding.id not in about),
        blurred=tuple(p for p in problems if p not in sought),
    )


def place_of(finding: Finding) -> str:
    """For people: `cell split, line 3`."""
    if finding.place is None:
        return "no place"
    return f"cell {finding.place.cell}" + (f", line {finding.place.line}" if finding.place.line else "")
