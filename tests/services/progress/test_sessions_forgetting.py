"""An operator has a learner's recordings forgotten, one under way included."""

import hashlib
from typing import Any

import pytest
from sqlalchemy import select

from services.contracts.errors import ServiceError
from services.contracts.session import RecordingChoice
from services.kit.adapters.jobs_table import TableJobQueue
from services.progress.sessions.forgetting import Forgetting
from services.progress.sessions.models import JOBS, ChoiceRow, EventRow, LookRow, SessionRow
from services.progress.sessions.retention import COMPACT
from tests.databases import ON_BOTH

pytestmark = ON_BOTH

Fixture = Any


@pytest.fixture
async def recorded(desk: Fixture, batch_of: Fixture, event_of: Fixture) -> None:
    """Ada was recorded in two cases, more often than one transaction deletes; bob once."""
    for user, case, digits in (("ada", "numbers", 25), ("ada", "letters", 1), ("bob", "numbers", 1)):
        scope = desk.scope(user, case)
        await desk.client.choose_recording(RecordingChoice(record=True), scope)
        for number in range(digits):
            batch = batch_of(event_of(0, "focus")).model_copy(update={"session": f"{number:032x}"})
            await desk.client.record(batch, scope)


@pytest.mark.usefixtures("recorded")
async def test_recordings_and_consent_go_in_every_case(desk: Fixture) -> None:
    forgetting = Forgetting(desk.db, TableJobQueue(desk.db, JOBS, clock=desk.clock), desk.clock)
    assert await forgetting.forget("ada", "root") == 28
    async with desk.db.read() as session:
        for table in (SessionRow, ChoiceRow):
            assert set(await session.scalars(select(table.learner))) == {"bob"}
        assert len((await session.scalars(select(EventRow.session))).all()) == 1
        (row,) = (await session.scalars(select(LookRow))).all()
        assert list(await session.scalars(select(JOBS.c.kind).where(JOBS.c.kind == COMPACT))) == [COMPACT]
    assert (row.who, row.what, row.learner) == ("root", "forget", None)
    assert row.item == hashlib.sha256(b"ada").hexdigest()


@pytest.mark.usefixtures("recorded")
async def test_a_recorder_that_goes_on_is_refused_before_and_after_a_new_consent(
    desk: Fixture, batch_of: Fixture, event_of: Fixture
) -> None:
    going_on = batch_of(event_of(1, "focus")).model_copy(update={"session": "0" * 32})
    await Forgetting(desk.db, TableJobQueue(desk.db, JOBS, clock=desk.clock), desk.clock).forget("ada", "root")
    with pytest.raises(ServiceError, match="recording_not_chosen"):
        await desk.client.record(going_on, desk.scope())
    assert (await desk.client.recording(desk.scope())).record is None
    await desk.client.choose_recording(RecordingChoice(record=True), desk.scope())
    with pytest.raises(ServiceError, match="session_deleted"):
        await desk.client.record(going_on, desk.scope())
