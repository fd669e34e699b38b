"""Any part of a session can be shown without the ones before it, also when events came late."""

from collections.abc import Sequence
from typing import Any

import pytest

from services.contracts.errors import ServiceError
from services.contracts.session import RecordingChoice, SessionEvent, SessionPart
from services.progress.sessions.keyframes import AT_MOST, EVERY
from services.progress.sessions.replay import Notebook
from services.progress.sessions.replays import PART_EVENTS

Fixture = Any
SESSION = "1" * 32


@pytest.fixture
def work(event_of: Fixture) -> list[SessionEvent]:
    """Nine thousand events in three cells, one of them with characters of two units."""
    events = [event_of(0, "snapshot", cells=[{"id": c, "kind": "code", "source": ""} for c in "abc"])]
    for seq in range(1, 9_000):
        cell = "abc"[seq % 3]
        if seq % 97 == 0:
            events.append(event_of(seq, "cell_moved", cell, index=seq % 3))
        elif seq % 50 == 0:
            events.append(event_of(seq, "run", cell))
        elif seq % 11 == 0:
            events.append(event_of(seq, "edit", cell, at=seq % 7, removed=3, inserted=""))
        else:
            text = "😀" if cell == "c" and seq % 5 == 0 else f"{seq % 10}"
            events.append(event_of(seq, "edit", cell, at=seq % 40, removed=0, inserted=text))
    return events


@pytest.fixture
async def recorded(desk: Fixture, batch_of: Fixture, work: list[SessionEvent]) -> Fixture:
    """It is recorded in order."""
    await _record(desk, batch_of, work)
    return desk


async def _record(desk: Fixture, batch_of: Fixture, events: Sequence[SessionEvent]) -> None:
    await desk.client.choose_recording(RecordingChoice(record=True), desk.scope())
    for start in range(0, len(events), 1_000):
        await desk.client.record(batch_of(*events[start : start + 1_000]), desk.scope())


async def _part(desk: Fixture, start: int = 0) -> SessionPart:
    part = await desk.mentor.session_of("ada", "numbers", SESSION, desk.mentor_scope(), start)
    assert isinstance(part, SessionPart)
    return part


def _before(events: Sequence[SessionEvent], seq: int) -> Fixture:
    notebook = Notebook()
    for event in events:
        if event.seq < seq:
            notebook.apply(event)
    return notebook.cells


async def test_parts_follow_one_another_and_hold_every_event_once(recorded: Fixture, work: list[SessionEvent]) -> None:
    start: int | None = 0
    seen: list[SessionEvent] = []
    while start is not None:
        part = await _part(recorded, start)
        assert len(part.events) <= PART_EVENTS
        assert bool(part.marks) == (start == 0)
        seen += part.events
        start = part.next
    assert seen == work


@pytest.mark.parametrize("start", [1, EVERY, EVERY + 1, 4_321, 8_999, 9_000, 2**31 - 1])
async def test_a_part_begins_with_the_notebook_as_it_was(
    recorded: Fixture, work: list[SessionEvent], start: int
) -> None:
    part = await _part(recorded, start)
    assert part.start == _before(work, start)
    assert [event.seq for event in part.events] == list(range(start, 9_000))[:PART_EVENTS]


async def test_the_first_part_says_where_to_jump(recorded: Fixture) -> None:
    part = await _part(recorded)
    assert [mark.seq for mark in part.marks] == [s for s in range(1, 9_000) if s % 50 == 0 and s % 97]
    assert {mark.kind for mark in part.marks} == {"run"}
    # A batch of 1,000 makes one; the others are made when somebody looks.
    assert len(part.keyframes) >= 9
    assert all(frame.at == 1_000 * (frame.seq - 1) for frame in part.keyframes)
    assert part.summary.events == 9_000


async def test_an_event_that_comes_late_is_in_every_notebook_after_it(
    desk: Fixture, batch_of: Fixture, work: list[SessionEvent]
) -> None:
    late = [work[700], work[701]]
    await _record(desk, batch_of, [event for event in work if event not in late])
    without = await _part(desk, 8_500)
    assert without.start == _before([event for event in work if event not in late], 8_500)
    await desk.client.record(batch_of(*late), desk.scope())
    part = await _part(desk, 8_500)
    assert part.start == _before(work, 8_500) != without.start


async def test_keyframes_of_a_large_notebook_are_rare(desk: Fixture, batch_of: Fixture, event_of: Fixture) -> None:
    large = [{"id": c, "kind": "code", "source": "x" * 190_000} for c in "ab"]
    events = [event_of(seq, "snapshot", cells=large) if seq == 0 else event_of(seq, "run", "a") for seq in range(6_000)]
    await _record(desk, batch_of, events)
    part = await _part(desk)
    assert [frame.seq for frame in part.keyframes] == [EVERY, EVERY + AT_MOST]


async def test_a_part_with_large_events_is_shorter(desk: Fixture, batch_of: Fixture, event_of: Fixture) -> None:
    cells = [{"id": f"c{n}", "kind": "code", "source": "x" * 150_000} for n in range(5)]
    await _record(desk, batch_of, [event_of(seq, "snapshot", cells=cells) for seq in range(6)])
    part = await _part(desk)
    assert (len(part.events), part.next) == (2, 2)


async def test_a_time_line_never_goes_back(desk: Fixture, batch_of: Fixture, event_of: Fixture) -> None:
    await _record(desk, batch_of, [event_of(0, "focus", None, 500), event_of(1, "run", "a", 20), event_of(2, "hint")])
    assert [(mark.seq, mark.at) for mark in (await _part(desk)).marks] == [(1, 500), (2, 2_000)]


async def test_a_session_that_is_not_there_is_said_to_be_missing(desk: Fixture) -> None:
    with pytest.raises(ServiceError, match="session_not_found"):
        await _part(desk)
