from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from services.contracts.feedback import CheckResult, Fault, LocalizedWarning, Verdict
from services.contracts.finding import Finding


@dataclass(frozen=True)
class Draft:
    """All that wording may know. No reference, no hidden check, no expected value is among it."""

    verdict: Verdict
    fault: Fault
    findings: Sequence[Finding]
    checks: Sequence[CheckResult]


@dataclass(frozen=True)
class Worded:
    """The sentences of one feedback."""

    headline: str
    warnings: tuple[LocalizedWarning, ...]
    remarks: tuple[str, ...]
    words_by: Literal["rules", "model", "mentor"]


class Words(Protocol):
    """Who writes what a learner reads. Never changes a verdict, a point or a place."""

    async def write(self, draft: Draft) -> Worded:
        """Word the draft: localized warnings and conceptual remarks, no duplicate between the two."""
        ...
