"""What a recorder may rely on: consent first, nothing twice, order by number, gaps told, limits said."""

import json
import random
from typing import Any

import pytest

from services.contracts.errors import ServiceError
from services.contracts.session import Gap, RecordingChoice
from services.progress.settings import ProgressSettings
from tests.databases import ON_BOTH

pytestmark = ON_BOTH

Fixture = Any
YES, NO = RecordingChoice(record=True), RecordingChoice(record=False)


@pytest.fixture
def typing(event_of: Fixture) -> list[Fixture]:
    """A snapshot and twenty letters typed into a cell, with a run, a paste, a check, a hint and a chat in between."""
    between: dict[int, tuple[str, str | None, dict[str, Any]]] = {
        5: ("run", "a", {}),
        6: ("result", "a", {"ok": False, "error": "NameError"}),
        8: ("paste", "a", {"length": 101, "large": False}),
        11: ("check", None, {"verdict": "needs_work"}),
        13: ("hint", None, {}),
        14: ("chat", None, {}),
        16: ("paste", "a", {"length": 100, "large": True}),
    }
    events = [event_of(0, "snapshot", cells=[{"id": "a", "kind": "code", "source": ""}])]
    for seq in range(1, 21):
        if seq in between:
            kind, cell, data = between[seq]
            events.append(event_of(seq, kind, cell, **data))
        else:
            events.append(event_of(seq, "edit", "a", at=0, removed=0, inserted="x"))
    return events


class TestConsent:
    async def test_before_the_learner_was_asked_nothing_is_kept(
        self, desk: Fixture, batch_of: Fixture, typing: list[Fixture]
    ) -> None:
        assert (await desk.client.recording(desk.scope())).record is None
        with pytest.raises(ServiceError, match="recording_not_chosen") as refused:
            await desk.client.record(batch_of(*typing), desk.scope())
        assert refused.value.status == 409
        assert await desk.client.own_sessions(desk.scope()) == ()

    async def test_a_no_stops_it_and_leaves_what_is_kept(
        self, desk: Fixture, batch_of: Fixture, typing: list[Fixture]
    ) -> None:
        await desk.client.choose_recording(YES, desk.scope())
        await desk.client.record(batch_of(*typing[:5]), desk.scope())
        stopped = await desk.client.choose_recording(NO, desk.scope())
        assert (stopped.record, stopped.sessions, stopped.events, stopped.retention_days) == (False, 1, 5, 90)
        with pytest.raises(ServiceError, match="recording_not_chosen"):
            await desk.client.record(batch_of(*typing[5:]), desk.scope())

    async def test_holds_for_one_case_of_one_learner(
        self, desk: Fixture, batch_of: Fixture, typing: list[Fixture]
    ) -> None:
        await desk.client.choose_recording(YES, desk.scope())
        for other in ({"user": "eve"}, {"case": "another-case"}):
            assert (await desk.client.recording(desk.scope(**other))).record is None
            with pytest.raises(ServiceError, match="recording_not_chosen"):
                await desk.client.record(batch_of(*typing), desk.scope(**other))

    async def test_every_change_of_mind_is_kept_and_no_repetition(self, desk: Fixture) -> None:
        for choice in (YES, YES, NO, YES):
            await desk.client.choose_recording(choice, desk.scope())
        exported = json.loads("\n".join([line async for line in desk.client.export_sessions(desk.scope())]))
        assert [choice["record"] for choice in exported["choices"]] == [True, False, True]


class TestKeeping:
    @pytest.fixture(autouse=True)
    async def _agreed(self, desk: Fixture) -> None:
        await desk.client.choose_recording(YES, desk.scope())

    async def test_a_batch_sent_again_changes_nothing(
        self, desk: Fixture, batch_of: Fixture, typing: list[Fixture]
    ) -> None:
        first = await desk.client.record(batch_of(*typing), desk.scope())
        before = await desk.client.own_sessions(desk.scope())
        desk.clock.move(minutes=5)
        assert await desk.client.record(batch_of(*typing), desk.scope()) == first
        assert await desk.client.own_sessions(desk.scope()) == before
        assert first.next_seq == 21
        assert first.missing == ()

    async def test_batches_that_overlap_are_joined(
        self, desk: Fixture, batch_of: Fixture, typing: list[Fixture]
    ) -> None:
        await desk.client.record(batch_of(*typing[:12]), desk.scope())
        kept = await desk.client.record(batch_of(*typing[7:]), desk.scope())
        assert (kept.next_seq, (await desk.client.recording(desk.scope())).events) == (21, 21)

    async def test_of_two_events_with_one_number_the_first_is_kept(
        self, desk: Fixture, batch_of: Fixture, event_of: Fixture, typing: list[Fixture]
    ) -> None:
        forged = event_of(0, "snapshot", cells=[{"id": "z", "kind": "code", "source": "forged"}])
        await desk.client.record(batch_of(typing[0], forged), desk.scope())
        await desk.client.record(batch_of(forged), desk.scope())
        part = await desk.mentor.session_of("ada", "numbers", "1" * 32, desk.mentor_scope())
        assert [event.data for event in part.events] == [typing[0].data]

    async def test_gaps_are_told_until_they_are_filled(
        self, desk: Fixture, batch_of: Fixture, typing: list[Fixture]
    ) -> None:
        kept = await desk.client.record(batch_of(*typing[3:5], *typing[8:10]), desk.scope())
        assert kept.next_seq == 10
        assert kept.missing == (Gap(first=0, last=2), Gap(first=5, last=7))
        assert (await desk.client.own_sessions(desk.scope()))[0].gaps == kept.missing
        kept = await desk.client.record(batch_of(*typing[:8]), desk.scope())
        assert kept.missing == ()

    async def test_measures_are_the_same_in_whatever_order_events_come(
        self, desk: Fixture, batch_of: Fixture, typing: list[Fixture]
    ) -> None:
        await desk.client.record(batch_of(*typing), desk.scope())
        shuffled = random.Random(4).sample(typing, len(typing))
        for start in range(0, len(shuffled), 3):
            await desk.client.record(batch_of(*shuffled[start : start + 3], session="2"), desk.scope())
            await desk.client.own_sessions(desk.scope())
        second, first = await desk.client.own_sessions(desk.scope())
        assert second.model_copy(update={"session": first.session}) == first
        assert (first.seconds, first.events, first.idle_seconds) == (20.0, 21, 0.0)
        assert first.active_typing_seconds == 13.0
        assert (first.pastes, first.large_pastes, first.pasted_chars) == (2, 1, 201)
        assert (first.runs, first.failed_runs, first.checks, first.hints, first.chats) == (1, 1, 1, 1, 1)

    async def test_sessions_are_listed_newest_first(
        self, desk: Fixture, batch_of: Fixture, typing: list[Fixture]
    ) -> None:
        for session in "abc":
            await desk.client.record(batch_of(*typing, session=session), desk.scope())
            desk.clock.move(hours=1)
        assert [one.session[0] for one in await desk.client.own_sessions(desk.scope())] == ["c", "b", "a"]

    async def test_an_empty_batch_is_answered(self, desk: Fixture, batch_of: Fixture) -> None:
        assert (await desk.client.record(batch_of(), desk.scope())).next_seq == 0


class TestLimits:
    @pytest.fixture
    def settings(self) -> ProgressSettings:
        return ProgressSettings(recording_events=30, recording_bytes=20_000, event_bytes=2_000)

    @pytest.fixture(autouse=True)
    async def _agreed(self, desk: Fixture) -> None:
        await desk.client.choose_recording(YES, desk.scope())

    async def test_an_event_that_is_too_large_is_refused_by_number(
        self, desk: Fixture, batch_of: Fixture, event_of: Fixture
    ) -> None:
        large = event_of(1, "edit", "a", at=0, removed=0, inserted="é" * 1_000)
        with pytest.raises(ServiceError, match=r"event_too_large: Event 1 \(edit\)") as refused:
            await desk.client.record(batch_of(event_of(0, "focus"), large), desk.scope())
        assert refused.value.status == 413
        assert (await desk.client.recording(desk.scope())).events == 0

    async def test_events_of_all_sessions_count_together(
        self, desk: Fixture, batch_of: Fixture, typing: list[Fixture]
    ) -> None:
        await desk.client.record(batch_of(*typing), desk.scope())
        with pytest.raises(ServiceError, match="recording_full") as refused:
            await desk.client.record(batch_of(*typing, session="2"), desk.scope())
        assert refused.value.status == 429
        assert (await desk.client.recording(desk.scope())).sessions == 1
        assert (await desk.client.record(batch_of(*typing), desk.scope())).next_seq == 21
        await desk.client.delete_sessions(desk.scope())
        assert (await desk.client.record(batch_of(*typing, session="2"), desk.scope())).next_seq == 21

    async def test_so_do_their_bytes(self, desk: Fixture, batch_of: Fixture, event_of: Fixture) -> None:
        big = [event_of(seq, "edit", "a", at=0, removed=0, inserted="x" * 1_500) for seq in range(20)]
        with pytest.raises(ServiceError, match="recording_full"):
            await desk.client.record(batch_of(*big), desk.scope())
        assert (await desk.client.record(batch_of(*big[:10]), desk.scope())).next_seq == 10
