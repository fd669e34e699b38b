"""Mentors see learners' work through the dashboard only, and every look is written down for good."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from services.contracts.clients.progress import ProgressClient
from services.contracts.clients.service import SCOPE_HEADER
from services.contracts.errors import ServiceError
from services.contracts.feedback import Verdict
from services.contracts.identity import Role
from services.contracts.progress import Conclude
from services.contracts.session import RecordingChoice
from services.kit.http import in_process_client
from services.progress.sessions.models import LookRow

Fixture = Any
SESSION = "1" * 32
Look = Callable[[ProgressClient, str, str], Awaitable[object]]

LOOKS: dict[str, Look] = {
    "sessions": lambda client, _, scope: client.sessions_of("ada", "numbers", scope),
    "session": lambda client, _, scope: client.session_of("ada", "numbers", SESSION, scope),
    "history": lambda client, _, scope: client.history_of("ada", "numbers", scope),
    "version": lambda client, version, scope: client.version_of("ada", "numbers", version, scope),
    "work": lambda client, _, scope: client.work_of("ada", "numbers", scope, "mean"),
    "class": lambda client, _, scope: client.class_view("numbers", scope),
    "csv": lambda client, _, scope: client.class_export("numbers", "csv", scope),
    "json": lambda client, _, scope: client.class_export("numbers", "json", scope),
}
EVERY_LOOK = pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS.keys())


@pytest.fixture
async def version(desk: Fixture, submit_of: Fixture, batch_of: Fixture, event_of: Fixture) -> str:
    """Ada sent something in, of this id, and has a recorded session."""
    await desk.client.choose_recording(RecordingChoice(record=True), desk.scope())
    await desk.client.record(batch_of(event_of(0, "focus")), desk.scope())
    submission = (await desk.client.submit(submit_of("x = 1"), desk.scope())).submission
    assert isinstance(submission, str)
    return submission


async def _looks(desk: Fixture) -> list[LookRow]:
    async with desk.db.read() as session:
        return list((await session.scalars(select(LookRow).order_by(LookRow.seq))).all())


@EVERY_LOOK
async def test_a_learner_is_refused_and_nothing_is_said(desk: Fixture, version: str, look: Look) -> None:
    for user in ("ada", "eve"):
        for role in (Role.LEARNER, Role.QA):
            with pytest.raises(ServiceError, match="not_a_mentor") as refused:
                await look(desk.mentor, version, desk.mentor_scope(user, role))
            assert refused.value.status == 403
    assert await _looks(desk) == []


@EVERY_LOOK
async def test_the_gateway_and_the_hub_cannot_look_for_anybody(desk: Fixture, version: str, look: Look) -> None:
    for client in (desk.client, desk.hub):
        with pytest.raises(ServiceError, match="caller_not_allowed"):
            await look(client, version, desk.mentor_scope())
    assert await _looks(desk) == []


@EVERY_LOOK
async def test_a_call_for_another_case_is_refused(desk: Fixture, version: str, look: Look) -> None:
    with pytest.raises(ServiceError, match="outside_scope"):
        await look(desk.mentor, version, desk.mentor_scope(case="another-case"))
    assert await look(desk.mentor, version, desk.mentor_scope(case="numbers"))


@EVERY_LOOK
async def test_mentors_and_admins_are_answered_and_written_down(desk: Fixture, version: str, look: Look) -> None:
    for user, role in (("grace", Role.MENTOR), ("linus", Role.ADMIN)):
        assert await look(desk.mentor, version, desk.mentor_scope(user, role))
    written = await _looks(desk)
    assert [(row.who, row.role, row.case_id) for row in written] == [
        ("grace", "mentor", "numbers"),
        ("linus", "admin", "numbers"),
    ]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_the_dashboard_cannot_act_as_a_learner(desk: Fixture, method: str) -> None:
    async with in_process_client(desk.app, "dashboard") as http:
        for path in ("/sessions", "/recording", "/events", "/sessions/export"):
            answer = await http.request(method, path, json={}, headers={SCOPE_HEADER: desk.mentor_scope()})
            assert answer.status_code in {403, 405}


async def test_what_was_looked_at_is_written_down_once_an_hour(desk: Fixture, version: str) -> None:
    async def look() -> None:
        for start in (0, 1, 2):
            await desk.mentor.session_of("ada", "numbers", SESSION, desk.mentor_scope(), start)
        await desk.mentor.version_of("ada", "numbers", version, desk.mentor_scope())

    await look()
    desk.clock.move(minutes=59)
    await look()
    assert [(row.what, row.learner, row.item) for row in await _looks(desk)] == [
        ("session", "ada", SESSION),
        ("version", "ada", version),
    ]
    desk.clock.move(minutes=2)
    await look()
    assert len(await _looks(desk)) == 4


@pytest.mark.parametrize("deed", [update(LookRow).values(who="nobody"), delete(LookRow)], ids=["change", "delete"])
async def test_the_record_of_looks_can_only_be_added_to(desk: Fixture, version: str, deed: Fixture) -> None:
    await desk.mentor.version_of("ada", "numbers", version, desk.mentor_scope())
    with pytest.raises(IntegrityError, match="only ever added to"):
        async with desk.db.write() as session:
            await session.execute(deed)
    assert [row.who for row in await _looks(desk)] == ["grace"]


async def test_a_mentor_sees_versions_as_their_learner_does(desk: Fixture, version: str, submit_of: Fixture) -> None:
    await desk.client.submit(submit_of("x = 2"), desk.scope())
    await desk.client.submit(submit_of("y = 2", subtask="other"), desk.scope())
    history = await desk.mentor.history_of("ada", "numbers", desk.mentor_scope(), "mean")
    assert history == await desk.client.history(desk.scope(), "mean")
    older = await desk.mentor.history_of("ada", "numbers", desk.mentor_scope(), before=history[0].submission, limit=1)
    assert [one.submission for one in older] == [version]
    shown = await desk.mentor.version_of("ada", "numbers", version, desk.mentor_scope())
    assert shown == await desk.client.version(version, desk.scope())


@pytest.mark.parametrize("place", [("bob", "numbers"), ("ada", "another-case")], ids=["learner", "case"])
async def test_an_id_of_somebody_elses_opens_nothing(desk: Fixture, version: str, place: tuple[str, str]) -> None:
    with pytest.raises(ServiceError, match="submission_not_found"):
        await desk.mentor.version_of(*place, version, desk.mentor_scope())
    with pytest.raises(ServiceError, match="session_not_found"):
        await desk.mentor.session_of(*place, SESSION, desk.mentor_scope())


async def test_a_learner_who_knows_the_id_of_a_session_gets_one_of_their_own(
    desk: Fixture, version: str, batch_of: Fixture, event_of: Fixture
) -> None:
    await desk.client.choose_recording(RecordingChoice(record=True), desk.scope("eve"))
    cells = [{"id": "a", "kind": "code", "source": "eve was here"}]
    kept = await desk.client.record(batch_of(event_of(0, "snapshot", cells=cells)), desk.scope("eve"))
    assert kept.next_seq == 1
    part = await desk.mentor.session_of("ada", "numbers", SESSION, desk.mentor_scope())
    assert [event.kind for event in part.events] == ["focus"]
    await desk.client.delete_sessions(desk.scope("eve"))
    assert len(await desk.client.own_sessions(desk.scope())) == 1


async def test_a_learners_work_is_one_look_with_code_versions_and_sessions(
    desk: Fixture, version: str, submit_of: Fixture, feedback_of: Fixture
) -> None:
    newer = (await desk.client.submit(submit_of("x = 2"), desk.scope())).submission
    judged = feedback_of(Verdict.NEEDS_WORK)
    await desk.client.conclude(Conclude(submission=newer, feedback=judged), desk.scope())
    await desk.client.submit(submit_of("y = 1", subtask="sum"), desk.scope(user="bob"))
    work = await desk.mentor.work_of("ada", "numbers", desk.mentor_scope(), "mean")
    assert work.latest is not None
    assert (work.latest.submission, work.latest.cells[-1].source, work.latest.feedback) == (newer, "x = 2", judged)
    assert [one.submission for one in work.versions] == [newer, version]
    assert [(one.subtask, one.attempts) for one in work.subtasks] == [("mean", 1)]
    assert [one.session for one in work.sessions] == [SESSION]
    assert [(row.what, row.learner, row.item) for row in await _looks(desk)] == [("work", "ada", "mean")]


async def test_without_a_step_it_is_the_open_one_and_nobodys_work_is_empty(
    desk: Fixture, submit_of: Fixture, feedback_of: Fixture
) -> None:
    for subtask, verdict in (("mean", Verdict.NEEDS_WORK), ("sum", Verdict.APPROVED)):
        made = await desk.client.submit(submit_of("x = 1", subtask=subtask), desk.scope())
        await desk.client.conclude(Conclude(submission=made.submission, feedback=feedback_of(verdict)), desk.scope())
        desk.clock.move(minutes=1)
    assert (await desk.mentor.work_of("ada", "numbers", desk.mentor_scope())).subtask == "mean"
    nobody = await desk.mentor.work_of("zoe", "numbers", desk.mentor_scope())
    assert (nobody.subtask, nobody.latest, nobody.versions, nobody.sessions) == (None, None, (), ())
    never = await desk.mentor.work_of("ada", "numbers", desk.mentor_scope(), "median")
    assert (never.subtask, never.latest, len(never.subtasks)) == ("median", None, 2)


async def test_a_learner_who_took_the_recording_back_leaves_nothing_to_replay(desk: Fixture, version: str) -> None:
    await desk.client.delete_sessions(desk.scope())
    work = await desk.mentor.work_of("ada", "numbers", desk.mentor_scope(), "mean")
    assert work.sessions == ()
    with pytest.raises(ServiceError, match="session_not_found"):
        await desk.mentor.session_of("ada", "numbers", SESSION, desk.mentor_scope())


async def test_refused_looks_are_in_the_log(desk: Fixture, version: str) -> None:
    with structlog.testing.capture_logs() as lines, pytest.raises(ServiceError, match="not_a_mentor"):
        await desk.mentor.work_of("ada", "numbers", desk.mentor_scope("eve", Role.LEARNER), "mean")
    (line,) = [line for line in lines if line["event"] == "a look at others' work was refused"]
    assert (line["user"], line["role"], line["what"], line["case"]) == ("eve", Role.LEARNER, "work", "numbers")
