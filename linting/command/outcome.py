from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from services.contracts.lint import LintFinding, LintReport


class Status(IntEnum):
    """The exit status of the command: the worst that was found, or that something could not be looked at."""

    CLEAN = 0
    """Nothing above advice."""
    WARNING = 1
    ERROR = 2
    NOT_REVIEWED = 3
    """A file could not be read, or a tool is missing: what is clean is not known."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file."""

    path: str
    report: LintReport | None
    """None: it could not be reviewed."""
    reason: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """The tools that failed, each with what it said."""
        runs = () if self.report is None else self.report.tools
        return tuple(f"{run.tool}: {run.detail or run.status}" for run in runs if run.status != "ok")

    @property
    def findings(self) -> Sequence[LintFinding]:
        """What was found, most important first."""
        return () if self.report is None else self.report.findings


def status_of(outcomes: Sequence[Outcome]) -> Status:
    """Of all files together."""
    if any(outcome.report is None or outcome.missing for outcome in outcomes):
        return Status.NOT_REVIEWED
    weights = {finding.severity for outcome in outcomes for finding in outcome.findings}
    return Status.ERROR if "error" in weights else Status.WARNING if "warning" in weights else Status.CLEAN
