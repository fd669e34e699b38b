"""A learner leaves a remark as it is, for a reason: kept, shown to mentors, taken back, forgotten."""

import asyncio
import json
from pathlib import Path
from typing import Any, Literal

import pytest
from click.testing import Result
from sqlalchemy import select, update
from typer.testing import CliRunner

from services.contracts.clients.service import SCOPE_HEADER
from services.contracts.errors import ServiceError
from services.contracts.feedback import Verdict
from services.contracts.identity import Role
from services.contracts.lint import LintFinding, LintReport, ToolRun
from services.contracts.notebook import Cell, Place
from services.contracts.progress import Conclude, Reviewed, SubtaskState
from services.contracts.style import Dismiss, StyleStanding
from services.kit.http import in_process_client
from services.kit.settings import Settings
from services.progress.models import ReviewRow
from services.progress.sessions.models import JOBS, LookRow
from services.progress.sessions.retention import COMPACT
from services.progress.style import reviews
from services.progress.style.cli import build_style_app
from services.progress.style.models import DismissalRow
from services.progress.style.repository import forget
from services.progress.wiring import open_erasure

Fixture = Any
REASON = "The file is the case's own and always there."
BROAD, PATH = "broad-0", "path-0"


def finding(name: str, severity: Literal["error", "warning", "advice"] = "warning") -> LintFinding:
    return LintFinding(
        id=name,
        tool="ruff",
        rule=f"R-{name}",
        name=name,
        severity=severity,
        category="correctness",
        place=Place(cell="answer", line=1),
        message=f"{name} is odd",
        why="It surprises.",
    )


REPORT = LintReport(
    findings=(finding(BROAD), finding(PATH), finding("advice-0", "advice")),
    tools=(ToolRun(tool="ruff", status="ok", wall_ms=3),),
)


async def review(desk: Fixture, user: str = "ada", source: str = "x = 1") -> None:
    body = Reviewed(subtask="mean", report=REPORT, answers=(Cell(id="answer", source=source),))
    await desk.client.reviewed(body, desk.scope(user=user))


async def approve(desk: Fixture, submit_of: Fixture, feedback_of: Fixture, user: str = "ada") -> None:
    recorded = await desk.client.submit(submit_of("x = 1"), desk.scope(user=user))
    feedback = feedback_of(Verdict.APPROVED, points=4)
    await desk.client.conclude(Conclude(submission=recorded.submission, feedback=feedback), desk.scope(user=user))


@pytest.fixture
async def desk_with_review(desk: Fixture, submit_of: Fixture, feedback_of: Fixture) -> Fixture:
    """Ada's step is approved, and its review has two warnings and an advice."""
    await approve(desk, submit_of, feedback_of)
    await review(desk)
    return desk


async def dismiss(desk: Fixture, name: str = BROAD, reason: str = REASON, user: str = "ada") -> StyleStanding:
    body = Dismiss(subtask="mean", finding=name, reason=reason)
    return StyleStanding.model_validate(await desk.client.dismiss(body, desk.scope(user=user)))


async def rows(desk: Fixture) -> list[tuple[str, str | None]]:
    async with desk.db.read() as session:
        kept = await session.scalars(select(DismissalRow).order_by(DismissalRow.seq))
        return [(row.finding, row.reason) for row in kept]


async def test_what_is_kept_is_the_reviews_own_remark_and_the_learners_reason(desk_with_review: Fixture) -> None:
    (kept,) = (await dismiss(desk_with_review, reason=f"  {REASON}\n")).dismissed
    assert (kept.finding, kept.rule, kept.message, kept.place.line) == (BROAD, "R-broad-0", "broad-0 is odd", 1)
    assert (kept.reason, kept.dismissed) == (REASON, desk_with_review.clock.now)


async def test_the_step_is_polished_when_all_that_stood_in_the_way_is_dismissed(desk_with_review: Fixture) -> None:
    assert (await dismiss(desk_with_review, BROAD)).progress.state is SubtaskState.APPROVED
    assert (await dismiss(desk_with_review, PATH)).progress.state is SubtaskState.POLISHED


async def test_dismissing_remarks_about_code_that_was_not_approved_polishes_nothing(
    desk_with_review: Fixture,
) -> None:
    await review(desk_with_review, source="x = 2")
    await dismiss(desk_with_review, BROAD)
    assert (await dismiss(desk_with_review, PATH)).progress.state is SubtaskState.APPROVED


async def test_it_holds_for_later_reviews(desk_with_review: Fixture) -> None:
    await dismiss(desk_with_review, BROAD)
    without = REPORT.model_copy(update={"findings": REPORT.findings[::2]})
    body = Reviewed(subtask="mean", report=without, answers=(Cell(id="answer", source="x = 1"),))
    kept = await desk_with_review.client.reviewed(body, desk_with_review.scope())
    assert [one.finding for one in kept.dismissed] == [BROAD]
    assert [one.id for one in kept.fixed] == [PATH]
    assert kept.progress.state is SubtaskState.POLISHED


async def test_the_same_again_is_kept_once_and_another_reason_counts(desk_with_review: Fixture) -> None:
    for _ in range(3):
        await dismiss(desk_with_review)
    (kept,) = (await dismiss(desk_with_review, reason="I was asked to.")).dismissed
    assert kept.reason == "I was asked to."
    assert await rows(desk_with_review) == [(BROAD, REASON), (BROAD, "I was asked to.")]


async def test_it_can_be_taken_back_and_that_is_kept_too(desk_with_review: Fixture) -> None:
    await dismiss(desk_with_review, PATH)
    await dismiss(desk_with_review, BROAD)
    scope = desk_with_review.scope()
    for _ in range(2):
        left = await desk_with_review.client.take_back("mean", BROAD, scope)
        assert [one.finding for one in left.dismissed] == [PATH]
    assert left.progress.state is SubtaskState.POLISHED, "what was reached is never taken away"
    assert await rows(desk_with_review) == [(PATH, REASON), (BROAD, REASON), (BROAD, None)]
    assert [one.finding for one in (await dismiss(desk_with_review, BROAD)).dismissed] == [BROAD, PATH]


async def test_it_outlives_the_review_that_it_was_about(desk_with_review: Fixture) -> None:
    await dismiss(desk_with_review)
    clean = LintReport(findings=(), tools=REPORT.tools)
    await desk_with_review.client.reviewed(Reviewed(subtask="mean", report=clean), desk_with_review.scope())
    assert [one.finding for one in (await dismiss(desk_with_review)).dismissed] == [BROAD]


@pytest.mark.parametrize("name", ["unheard-of", "broad-1"])
async def test_only_a_remark_of_the_newest_review_can_be_dismissed(desk_with_review: Fixture, name: str) -> None:
    with pytest.raises(ServiceError) as refused:
        await dismiss(desk_with_review, name)
    assert (refused.value.status, refused.value.error) == (404, "finding_not_found")
    assert await rows(desk_with_review) == []


async def test_a_review_kept_before_remarks_had_ids_is_read_back_as_nothing_known(desk_with_review: Fixture) -> None:
    await dismiss(desk_with_review, PATH)
    kept = REPORT.model_dump(mode="json")
    for one in kept["findings"]:
        del one["id"], one["end_column"], one["fix"]
    del kept["dropped"], kept["first"]
    async with desk_with_review.db.write() as session:
        await session.execute(update(ReviewRow).values(report=json.dumps(kept), clean=True))

    with pytest.raises(ServiceError) as refused:
        await dismiss(desk_with_review, BROAD)
    assert (refused.value.status, refused.value.error) == (404, "finding_not_found")
    assert "Review again" in refused.value.detail
    taken = await desk_with_review.client.take_back("mean", PATH, desk_with_review.scope())
    assert (taken.dismissed, taken.progress.state) == ((), SubtaskState.APPROVED)
    body = Reviewed(subtask="mean", report=REPORT, answers=(Cell(id="answer", source="x = 1"),))
    assert (await desk_with_review.client.reviewed(body, desk_with_review.scope())).fixed == ()
    assert [one.finding for one in (await dismiss(desk_with_review, BROAD)).dismissed] == [BROAD]


async def test_nobody_dismisses_anothers_remarks(
    desk_with_review: Fixture, submit_of: Fixture, feedback_of: Fixture
) -> None:
    await dismiss(desk_with_review)
    with pytest.raises(ServiceError, match="not_approved"):
        await dismiss(desk_with_review, user="eve")
    await approve(desk_with_review, submit_of, feedback_of, user="eve")
    with pytest.raises(ServiceError, match="finding_not_found"):
        await dismiss(desk_with_review, user="eve")
    left = await desk_with_review.client.take_back("mean", BROAD, desk_with_review.scope(user="eve"))
    assert left.dismissed == ()
    assert await rows(desk_with_review) == [(BROAD, REASON)]


@pytest.mark.parametrize("reason", ["", "  \n", "x" * 1_001, "\x00"])
async def test_a_reason_is_needed_and_has_an_end(desk_with_review: Fixture, reason: str) -> None:
    body = {"subtask": "mean", "finding": BROAD, "reason": reason}
    async with in_process_client(desk_with_review.app, "gateway") as http:
        answer = await http.post("/dismissals", json=body, headers={SCOPE_HEADER: desk_with_review.scope()})
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_request")


async def test_nobody_fills_the_disk_with_them(desk_with_review: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reviews, "MOST_CHANGES", 2)
    await dismiss(desk_with_review, reason="1")
    await dismiss(desk_with_review, reason="2")
    with pytest.raises(ServiceError) as refused:
        await dismiss(desk_with_review, reason="3")
    assert (refused.value.status, refused.value.error) == (429, "dismissals_full")


async def test_mentors_see_them_and_that_they_looked_is_written_down(desk_with_review: Fixture) -> None:
    await dismiss(desk_with_review)
    seen = await desk_with_review.mentor.dismissals_of("ada", "numbers", "mean", desk_with_review.mentor_scope())
    assert [(one.finding, one.reason) for one in seen] == [(BROAD, REASON)]
    async with desk_with_review.db.read() as session:
        (look,) = (await session.scalars(select(LookRow))).all()
    assert (look.who, look.what, look.learner, look.item) == ("grace", "dismissals", "ada", "mean")


@pytest.mark.parametrize("role", [Role.LEARNER, Role.QA])
async def test_only_mentors_see_them(desk_with_review: Fixture, role: Role) -> None:
    scope = desk_with_review.mentor_scope(role=role)
    with pytest.raises(ServiceError, match="not_a_mentor"):
        await desk_with_review.mentor.dismissals_of("ada", "numbers", "mean", scope)


async def test_a_learner_is_forgotten(desk_with_review: Fixture, submit_of: Fixture, feedback_of: Fixture) -> None:
    await dismiss(desk_with_review)
    await desk_with_review.client.take_back("mean", BROAD, desk_with_review.scope())
    await approve(desk_with_review, submit_of, feedback_of, user="bob")
    await review(desk_with_review, user="bob")
    await dismiss(desk_with_review, PATH, user="bob")
    async with desk_with_review.db.write() as session:
        assert await forget(session, "ada") == 3
    assert await rows(desk_with_review) == [(PATH, REASON)]
    async with desk_with_review.db.read() as session:
        assert [row.learner for row in await session.scalars(select(ReviewRow))] == ["bob"]


async def test_the_command_forgets_a_learner_on_the_disk_of_a_home(desk_with_review: Fixture, tmp_path: Path) -> None:
    await dismiss(desk_with_review)

    def say(*words: str) -> Result:
        app = build_style_app(lambda: open_erasure(Settings(home=tmp_path, _env_file=None)))
        return CliRunner().invoke(app, ["forget", *words])

    refused = await asyncio.to_thread(say, "ada")
    assert refused.exit_code == 1
    assert len(await rows(desk_with_review)) == 1, "nothing is deleted without a yes"
    done = await asyncio.to_thread(say, " Ada", "--yes")
    assert (done.exit_code, done.stdout) == (0, "✓ ada: 2 entries deleted\n")
    assert await rows(desk_with_review) == []
    async with desk_with_review.db.read() as session:
        assert COMPACT in (await session.scalars(select(JOBS.c.kind))).all()
