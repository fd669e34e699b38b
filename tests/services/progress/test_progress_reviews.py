from typing import Any, Literal

import pytest

from services.contracts.errors import ServiceError
from services.contracts.feedback import Verdict
from services.contracts.lint import LintFinding, LintReport, ToolRun
from services.contracts.notebook import Place
from services.contracts.progress import Conclude, Reviewed, SubtaskState

Fixture = Any


def report_of(
    *severities: Literal["error", "warning", "advice"], status: Literal["ok", "failed", "timed_out"] = "ok"
) -> LintReport:
    findings = tuple(
        LintFinding(
            id=f"finding-{number}",
            tool="ruff",
            rule="F841",
            name="unused-variable",
            severity=severity,
            category="dead_code",
            place=Place(cell="answer", line=1),
            message="x is never used",
            why="It misleads readers.",
        )
        for number, severity in enumerate(severities)
    )
    return LintReport(findings=findings, tools=(ToolRun(tool="ruff", status=status, wall_ms=3),))


@pytest.fixture
async def approved(desk: Fixture, submit_of: Fixture, feedback_of: Fixture) -> None:
    recorded = await desk.client.submit(submit_of("x = 1"), desk.scope())
    feedback = feedback_of(Verdict.APPROVED, points=4)
    await desk.client.conclude(Conclude(submission=recorded.submission, feedback=feedback), desk.scope())


async def reviewed(desk: Fixture, report: LintReport) -> SubtaskState:
    progress = await desk.client.reviewed(Reviewed(subtask="mean", report=report), desk.scope())
    return SubtaskState(progress.state)


@pytest.mark.usefixtures("approved")
class TestApproved:
    async def test_a_clean_review_polishes(self, desk: Fixture) -> None:
        assert await reviewed(desk, report_of()) is SubtaskState.POLISHED

    async def test_advice_does_not_stand_in_the_way(self, desk: Fixture) -> None:
        assert await reviewed(desk, report_of("advice", "advice")) is SubtaskState.POLISHED

    async def test_a_warning_does(self, desk: Fixture) -> None:
        assert await reviewed(desk, report_of("advice", "warning")) is SubtaskState.APPROVED

    async def test_a_tool_that_failed_proves_nothing(self, desk: Fixture) -> None:
        assert await reviewed(desk, report_of(status="timed_out")) is SubtaskState.APPROVED

    async def test_a_report_of_no_tool_proves_nothing(self, desk: Fixture) -> None:
        assert await reviewed(desk, LintReport(findings=(), tools=())) is SubtaskState.APPROVED

    async def test_polish_stays(self, desk: Fixture, submit_of: Fixture, feedback_of: Fixture) -> None:
        await reviewed(desk, report_of())
        assert await reviewed(desk, report_of("error")) is SubtaskState.POLISHED
        recorded = await desk.client.submit(submit_of("x = 2"), desk.scope())
        worse = Conclude(submission=recorded.submission, feedback=feedback_of(Verdict.NEEDS_WORK))
        assert (await desk.client.conclude(worse, desk.scope())).state is SubtaskState.POLISHED


async def test_a_review_before_approval_is_refused(desk: Fixture, submit_of: Fixture) -> None:
    await desk.client.submit(submit_of("x = 1"), desk.scope())
    for subtask in ("mean", "never-touched"):
        with pytest.raises(ServiceError) as refused:
            await desk.client.reviewed(Reviewed(subtask=subtask, report=report_of()), desk.scope())
        assert (refused.value.status, refused.value.error) == (409, "not_approved")
