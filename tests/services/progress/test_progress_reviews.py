from typing import Any, Literal

import pytest
from sqlalchemy import update

from services.contracts.errors import ServiceError
from services.contracts.feedback import Verdict
from services.contracts.identity import MayRemain, Role
from services.contracts.lint import LintFinding, LintReport, ToolRun
from services.contracts.notebook import Cell, Place
from services.contracts.progress import Conclude, Reviewed, SubtaskState
from services.contracts.style import StyleKept
from services.progress.models import ReviewRow

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


ANSWER = Cell(id="answer", source="x = 1")


async def kept(desk: Fixture, report: LintReport, *answers: Cell, may_remain: MayRemain = "advice") -> StyleKept:
    """Keep a review of these answers: the approved ones where none are given."""
    scope = desk.minter.mint(
        user="ada", role=Role.LEARNER, case="numbers", case_version="1" * 64, may_remain=may_remain
    )
    body = Reviewed(subtask="mean", report=report, answers=answers or (ANSWER,))
    return StyleKept.model_validate(await desk.client.reviewed(body, scope))


async def reviewed(desk: Fixture, report: LintReport, *answers: Cell, may_remain: MayRemain = "advice") -> SubtaskState:
    return (await kept(desk, report, *answers, may_remain=may_remain)).progress.state


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

    @pytest.mark.parametrize(
        ("may_remain", "left", "state"),
        [
            ("none", "advice", SubtaskState.APPROVED),
            ("advice", "warning", SubtaskState.APPROVED),
            ("warning", "warning", SubtaskState.POLISHED),
            ("warning", "error", SubtaskState.APPROVED),
        ],
    )
    async def test_the_case_says_what_may_remain(
        self,
        desk: Fixture,
        may_remain: MayRemain,
        left: Literal["error", "warning", "advice"],
        state: SubtaskState,
    ) -> None:
        assert await reviewed(desk, report_of(left), may_remain=may_remain) is state

    async def test_findings_that_were_not_sent_are_no_graver_than_the_last_that_was(self, desk: Fixture) -> None:
        warnings = report_of("warning").model_copy(update={"dropped": 3})
        assert await reviewed(desk, warnings) is SubtaskState.APPROVED
        assert await reviewed(desk, report_of("advice").model_copy(update={"dropped": 3})) is SubtaskState.POLISHED

    @pytest.mark.parametrize(
        "answers",
        [
            [Cell(id="answer", source="x = 2")],
            [Cell(id="answer", source="pass")],
            [ANSWER, Cell(id="another", source="")],
            [Cell(id="intro", source="# Numbers "), ANSWER],
        ],
        ids=["edited", "emptied", "more than was checked", "another cell edited"],
    )
    async def test_only_code_that_a_check_approved_is_polished(self, desk: Fixture, answers: list[Cell]) -> None:
        answer = await kept(desk, report_of(), *answers)
        assert (answer.approved_code, answer.progress.state) == (False, SubtaskState.APPROVED)
        answer = await kept(desk, report_of())
        assert (answer.approved_code, answer.progress.state) == (True, SubtaskState.POLISHED)

    async def test_a_review_without_answers_polishes_nothing(self, desk: Fixture) -> None:
        progress = (await desk.client.reviewed(Reviewed(subtask="mean", report=report_of()), desk.scope())).progress
        assert progress.state is SubtaskState.APPROVED

    async def test_it_says_what_was_mended_since_the_review_before(self, desk: Fixture) -> None:
        assert (await kept(desk, report_of("error", "warning", "advice"))).fixed == ()
        assert [one.id for one in (await kept(desk, report_of("error"))).fixed] == ["finding-1", "finding-2"]
        assert (await kept(desk, report_of("error"))).fixed == ()

    async def test_a_report_of_an_earlier_caseloop_says_nothing_of_what_was_mended(self, desk: Fixture) -> None:
        await kept(desk, report_of("error"))
        async with desk.db.write() as session:
            await session.execute(update(ReviewRow).values(report='{"findings": [{"rule": "F841"}], "tools": []}'))
        assert (await kept(desk, report_of())).fixed == ()

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
