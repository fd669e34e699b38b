"""What one style review has of the one before. Pure functions."""

from collections import Counter
from typing import Final

from services.contracts.lint import LintFinding, LintReport

_GRAVITY: Final = ("advice", "warning", "error")


def fixed(before: LintReport | None, now: LintReport) -> tuple[LintFinding, ...]:
    """Findings of `before` that are certainly gone in `now`.

    Nothing is known of a tool that did not finish, nor of findings light enough to be among those that were not sent.
    A rule that now breaks at other code of the same cell has moved rather than gone.
    """
    if before is None:
        return ()
    looked = {tool.tool for tool in now.tools if tool.status == "ok"}
    present = {finding.id for finding in now.findings}
    known = {finding.id for finding in before.findings}
    moved = Counter(_rule_in_cell(finding) for finding in now.findings if finding.id not in known)
    gone = []
    for finding in before.findings:
        if finding.id in present or finding.tool not in looked or not _would_be_sent(finding, now):
            continue
        if moved[_rule_in_cell(finding)]:
            moved[_rule_in_cell(finding)] -= 1
        else:
            gone.append(finding)
    return tuple(gone)


def _rule_in_cell(finding: LintFinding) -> tuple[str, str, str]:
    return finding.tool, finding.rule, finding.place.cell


def _would_be_sent(finding: LintFinding, report: LintReport) -> bool:
    if not report.dropped or not report.findings:
        return not report.dropped
    return _GRAVITY.index(finding.severity) > _GRAVITY.index(report.findings[-1].severity)
