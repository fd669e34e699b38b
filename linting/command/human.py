"""Reports for a person at a terminal."""

from collections.abc import Iterator, Sequence

from linting.command.outcome import Outcome
from services.contracts.lint import FIRST_FINDINGS, LintFinding


def human(outcomes: Sequence[Outcome], every: bool) -> Iterator[str]:
    """Lines of text; of each file the first findings only, unless `every` is wanted."""
    for outcome in outcomes:
        yield from map(_harmless, _about(outcome, every))
    yield _total(outcomes)


def _harmless(line: str) -> str:
    """A notebook's words may hold what a terminal takes for commands."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line)


def _about(outcome: Outcome, every: bool) -> Iterator[str]:
    if outcome.report is None:
        yield f"{outcome.path}: not reviewed. {outcome.reason}"
        return
    findings = outcome.findings if every else outcome.findings[:FIRST_FINDINGS]
    yield f"{outcome.path}: {_count(len(outcome.findings) + outcome.report.dropped)}"
    for finding in findings:
        yield from _finding(finding)
    more = len(outcome.findings) - len(findings)
    if more:
        yield f"  … and {more} more of less weight; --all shows them."
    if every and outcome.report.dropped:
        yield f"  … and {outcome.report.dropped} more that a review does not list."
    for missing in outcome.missing:
        yield f"  missing  {missing}. Without this tool nobody knows whether the rest is clean."


def _finding(finding: LintFinding) -> Iterator[str]:
    column = "" if finding.column is None else f":{finding.column}"
    yield f"  {finding.severity:8} {finding.place.cell}:{finding.place.line}{column}  {finding.message}"
    yield f"           {finding.rule} {finding.name}: {finding.why}"
    if finding.fix is not None:
        yield f"           safe fix: {finding.fix.title}"


def _count(findings: int) -> str:
    return "nothing to remark" if not findings else f"{findings} finding{'s' if findings > 1 else ''}"


def _total(outcomes: Sequence[Outcome]) -> str:
    weights = [finding.severity for outcome in outcomes for finding in outcome.findings]
    unread = sum(outcome.report is None for outcome in outcomes)
    told = ", ".join(f"{weights.count(name)} {name}" for name in ("error", "warning", "advice"))
    return f"{len(outcomes)} notebook{'s' if len(outcomes) != 1 else ''}: {told}; {unread} not reviewed."
