from collections.abc import Iterable, Mapping
from typing import Final

from services.contracts.lint import LintFinding

CATEGORIES: Final = ("correctness", "security", "types", "data_science", "dead_code", "readability")
"""What breaks comes first, what reads badly last."""
SEVERITIES: Final = ("error", "warning", "advice")
CAP: Final = 40
"""Findings a learner is shown at once; nobody reads more."""


def rank(findings: Iterable[LintFinding], positions: Mapping[str, int]) -> list[LintFinding]:
    """Most important first: by category, severity, place. `positions` has each cell's place in the notebook."""
    return sorted(
        findings,
        key=lambda f: (
            CATEGORIES.index(f.category),
            SEVERITIES.index(f.severity),
            positions[f.place.cell],
            f.place.line or 0,
            f.column or 0,
            f.rule,
        ),
    )
