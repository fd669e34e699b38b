from collections.abc import Iterable, Mapping
from typing import Final

from services.contracts.lint import LintFinding

CATEGORIES: Final = ("correctness", "data_science", "security", "types", "dead_code", "readability")
"""What breaks or gives a wrong result comes first, what reads badly last."""
SEVERITIES: Final = ("error", "warning", "advice")
CAP: Final = 40
"""Findings that are sent at all; how many of them are shown first is `FIRST_FINDINGS`."""


def rank(findings: Iterable[LintFinding], positions: Mapping[str, int]) -> list[LintFinding]:
    """By consequence, most important first: severity, category, place. `positions`: each cell's place."""
    return sorted(
        findings,
        key=lambda f: (
            SEVERITIES.index(f.severity),
            CATEGORIES.index(f.category),
            positions[f.place.cell],
            f.place.line or 0,
            f.column or 0,
            f.rule,
        ),
    )
