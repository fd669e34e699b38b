"""What one style review has of the one before: never a remark that may still be there."""

from typing import Literal

from services.contracts.lint import LintFinding, LintReport, LintTool, ToolRun
from services.contracts.notebook import Place
from services.progress.style.changes import fixed

Severity = Literal["error", "warning", "advice"]
Status = Literal["ok", "failed", "timed_out"]


def finding(
    name: str, *, tool: LintTool = "ruff", rule: str = "F841", cell: str = "a", severity: Severity = "warning"
) -> LintFinding:
    return LintFinding(
        id=name,
        tool=tool,
        rule=rule,
        name=name,
        severity=severity,
        category="dead_code",
        place=Place(cell=cell, line=1),
        message=name,
        why="It misleads.",
    )


def report(*findings: LintFinding, dropped: int = 0, mypy: Status = "ok") -> LintReport:
    tools = (ToolRun(tool="ruff", status="ok", wall_ms=1), ToolRun(tool="mypy", status=mypy, wall_ms=1))
    return LintReport(findings=findings, tools=tools, dropped=dropped)


def names(before: LintReport | None, now: LintReport) -> list[str]:
    return [one.id for one in fixed(before, now)]


def test_what_is_gone_was_mended() -> None:
    assert names(report(finding("x"), finding("y", rule="E722")), report(finding("x"))) == ["y"]


def test_of_a_first_review_nothing_is_said() -> None:
    assert names(None, report()) == []


def test_nothing_is_known_of_a_tool_that_did_not_finish() -> None:
    before = report(finding("x", tool="mypy"), finding("y", rule="E722"))
    assert names(before, report(mypy="timed_out")) == ["y"]
    assert names(before, report(mypy="ok")) == ["x", "y"]


def test_a_rule_that_breaks_elsewhere_in_the_cell_has_moved() -> None:
    before = report(finding("x"), finding("y"))
    assert names(before, report(finding("z"))) == ["y"]
    assert names(before, report(finding("z", cell="b"))) == ["x", "y"]


def test_what_may_be_among_those_that_were_not_sent_is_not_called_mended() -> None:
    before = report(finding("grave", severity="error", rule="B"), finding("light", rule="C"))
    now = report(finding("last", rule="D"), dropped=2)
    assert names(before, now) == ["grave"]
    assert names(before, report(dropped=2)) == []
