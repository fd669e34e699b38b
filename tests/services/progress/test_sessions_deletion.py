"""What the learner takes out is all there is, and what is deleted is gone from the disk as well."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from services.contracts.errors import ServiceError
from services.contracts.session import RecordingChoice
from services.progress.sessions.models import EventRow, KeyframeRow, SessionRow

Fixture = Any
SECRET = "something-nobody-else-should-read"


@pytest.fixture
def work(event_of: Fixture) -> list[Fixture]:
    """Enough to have a keyframe, all of it with the same words."""
    cells = [{"id": "a", "kind": "code", "source": SECRET}]
    return [event_of(0, "snapshot", cells=cells)] + [
        event_of(seq, "edit", "a", at=0, removed=0, inserted=f"{SECRET} {seq}\n") for seq in range(1, 600)
    ]


@pytest.fixture
async def recorded(desk: Fixture, batch_of: Fixture, work: list[Fixture]) -> Fixture:
    for user in ("ada", "bob"):
        await desk.client.choose_recording(RecordingChoice(record=True), desk.scope(user))
        await desk.client.record(batch_of(*work), desk.scope(user))
    return desk


async def _exported(desk: Fixture, user: str = "ada") -> Fixture:
    return json.loads("\n".join([line async for line in desk.client.export_sessions(desk.scope(user))]))


async def _counts(desk: Fixture) -> list[int]:
    async with desk.db.read() as session:
        return [
            (await session.scalars(select(func.count()).select_from(table))).one()
            for table in (SessionRow, EventRow, KeyframeRow)
        ]


def _on_the_disk(folder: Path) -> int:
    def files() -> Iterator[bytes]:
        for path in folder.glob("progress.sqlite*"):
            yield path.read_bytes()

    return sum(content.count(SECRET.encode()) for content in files())


async def _until(gone: Fixture, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not gone():
            await asyncio.sleep(0.1)


async def test_an_export_holds_everything_of_the_learner_and_nothing_of_others(
    recorded: Fixture, work: list[Fixture]
) -> None:
    await recorded.mentor.sessions_of("ada", "numbers", recorded.mentor_scope())
    await recorded.mentor.sessions_of("bob", "numbers", recorded.mentor_scope("linus"))
    exported = await _exported(recorded)
    assert (exported["user"], exported["case"]) == ("ada", "numbers")
    (session,) = exported["sessions"]
    assert session["events"] == [event.model_dump(mode="json") for event in work]
    assert session["summary"]["events"] == 600
    assert [(look["who"], look["what"]) for look in exported["looks"]] == [("grace", "sessions")]


async def test_an_export_of_nothing_is_json_too(desk: Fixture) -> None:
    exported = await _exported(desk)
    assert (exported["choices"], exported["sessions"], exported["looks"]) == ([], [], [])


async def test_deleting_takes_ones_own_and_leaves_those_of_others(recorded: Fixture) -> None:
    left = await recorded.client.delete_sessions(recorded.scope())
    assert (left.record, left.sessions, left.events) == (True, 0, 0)
    assert await _counts(recorded) == [1, 600, 1]
    assert len(await recorded.client.own_sessions(recorded.scope("bob"))) == 1
    with pytest.raises(ServiceError, match="session_not_found"):
        await recorded.mentor.session_of("ada", "numbers", "1" * 32, recorded.mentor_scope())


async def test_what_a_recorder_still_has_of_a_deleted_session_is_not_kept_again(
    recorded: Fixture, batch_of: Fixture, work: list[Fixture]
) -> None:
    await recorded.client.delete_sessions(recorded.scope())
    with pytest.raises(ServiceError, match="session_deleted") as refused:
        await recorded.client.record(batch_of(*work), recorded.scope())
    assert refused.value.status == 410
    assert (await recorded.client.record(batch_of(*work, session="2"), recorded.scope())).next_seq == 600
    assert (await recorded.client.record(batch_of(*work), recorded.scope("bob"))).next_seq == 600


async def test_an_hour_later_it_cannot_be_read_from_the_disk(recorded: Fixture, tmp_path: Path) -> None:
    assert _on_the_disk(tmp_path) > 1_000
    for user in ("ada", "bob"):
        await recorded.client.delete_sessions(recorded.scope(user))
    recorded.clock.move(hours=1, seconds=1)
    await _until(lambda: _on_the_disk(tmp_path) == 0)


async def test_old_sessions_go_by_themselves(
    recorded: Fixture, batch_of: Fixture, event_of: Fixture, tmp_path: Path
) -> None:
    recorded.clock.move(days=89)
    await recorded.client.record(batch_of(event_of(0, "focus"), session="2"), recorded.scope())
    recorded.clock.move(days=2)
    async with asyncio.timeout(20):
        while await _counts(recorded) != [1, 1, 0]:
            await asyncio.sleep(0.1)
    assert [one.session[0] for one in await recorded.client.own_sessions(recorded.scope())] == ["2"]
    recorded.clock.move(hours=1, seconds=1)
    await _until(lambda: _on_the_disk(tmp_path) == 0)
