"""The learner's side of recorded sessions: consent, keeping of events, listing, deletion."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.contracts.identity import ScopeClaims
from services.contracts.session import EventBatch, EventsKept, Recording, RecordingChoice, SessionEvent
from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.jobs import JobQueue
from services.progress.repository import Owner
from services.progress.sessions import keyframes
from services.progress.sessions.errors import (
    EventInvalid,
    EventTooLarge,
    RecordingFull,
    RecordingNotChosen,
    SessionDeleted,
)
from services.progress.sessions.measures import Measures
from services.progress.sessions.models import SessionRow
from services.progress.sessions.payloads import payload_of
from services.progress.sessions.repository import EventRepository, Kept, SessionRepository, gaps_of
from services.progress.sessions.retention import compact_job
from services.progress.sessions.summaries import MEASURES
from services.progress.settings import ProgressSettings

MOST_SESSIONS: Final = 2_000
"""Kept of one learner and case."""
_BESIDES_DATA: Final = 40
"""Bytes of a kept event besides its data, about."""


@dataclass(frozen=True)
class _Checked:
    """An event and its data as they are kept."""

    event: SessionEvent
    data: str

    @property
    def size(self) -> int:
        return len(self.data.encode()) + _BESIDES_DATA


class Recorder:
    """Keeps what learners who agreed do in their notebooks. Whose it is is taken from the scope alone."""

    def __init__(self, db: Database, queue: JobQueue, settings: ProgressSettings, clock: Clock) -> None:
        self._db, self._queue, self._settings, self._clock = db, queue, settings, clock

    async def record(self, scope: ScopeClaims, batch: EventBatch) -> EventsKept:
        """Keep the events that are not kept yet.

        Raises RecordingNotChosen, SessionDeleted, EventInvalid, EventTooLarge, RecordingFull; nothing is kept then.
        """
        owner = _owner(scope)
        async with self._db.read(brief=True) as session:
            # Asked first, so that the events of somebody who did not agree are not even looked at.
            await _require_consent(SessionRepository(session, owner))
        checked = self._checked(batch.events)
        async with self._db.write() as session:
            sessions = SessionRepository(session, owner)
            await _require_consent(sessions)
            row = await self._session(sessions, scope, batch)
            events = EventRepository(session, row.key)
            new = await _new(events, row, checked)
            if new:
                self._require_room(await sessions.kept(), new)
                await _keep(events, row, new)
                row.received = self._clock()
                await session.flush()
            gaps = {} if row.events == row.next_seq else await gaps_of(session, [row.key])
            return EventsKept(session=row.session, next_seq=row.next_seq, missing=gaps.get(row.key, ()))

    async def recording(self, scope: ScopeClaims) -> Recording:
        """Where the learner stands with recording."""
        async with self._db.read(brief=True) as session:
            return await self._recording(SessionRepository(session, _owner(scope)))

    async def choose(self, scope: ScopeClaims, choice: RecordingChoice) -> Recording:
        """Keep a choice. Choosing what holds already adds nothing. What is recorded stays until it is deleted."""
        async with self._db.write(brief=True) as session:
            sessions = SessionRepository(session, _owner(scope))
            if await sessions.choice() is not choice.record:
                await sessions.choose(choice.record, self._clock())
            return await self._recording(sessions)

    async def delete(self, scope: ScopeClaims) -> Recording:
        """Delete all recorded sessions of the learner in this case; their traces on the disk go within an hour."""
        async with self._db.write() as session:
            sessions = SessionRepository(session, _owner(scope))
            if await sessions.delete_all(self._clock()):
                await self._queue.enqueue(session, compact_job(self._clock()))
            return await self._recording(sessions)

    async def _recording(self, sessions: SessionRepository) -> Recording:
        kept = await sessions.kept()
        return Recording(
            record=await sessions.choice(),
            sessions=kept.sessions,
            events=kept.events,
            retention_days=max(1, self._settings.recording_retention.days),
        )

    def _checked(self, events: Sequence[SessionEvent]) -> list[_Checked]:
        first: dict[int, _Checked] = {}
        for event in events:
            try:
                payload = payload_of(event)
            except ValueError as error:
                raise EventInvalid(f"Nothing of the batch is kept: {error}.") from None
            checked = _Checked(event, payload.model_dump_json(exclude_unset=True))
            if checked.size > self._settings.event_bytes:
                raise EventTooLarge(
                    f"Event {event.seq} ({event.kind}) is {checked.size / 1e6:.1f} MB; at most "
                    f"{self._settings.event_bytes / 1e6:.1f} MB can be kept of one."
                )
            first.setdefault(event.seq, checked)
        return [first[seq] for seq in sorted(first)]

    async def _session(self, sessions: SessionRepository, scope: ScopeClaims, batch: EventBatch) -> SessionRow:
        row = await sessions.one(batch.session)
        if row is not None:
            return row
        if await sessions.was_deleted(batch.session):
            raise SessionDeleted("This session was deleted by its learner; begin a new one, with a snapshot.")
        if (await sessions.kept()).sessions >= MOST_SESSIONS:
            raise RecordingFull(
                f"{MOST_SESSIONS:,} sessions of this case are kept; no further one is. Deleting them makes room."
            )
        new = SessionRow(
            learner=scope.user,
            case_id=scope.case,
            case_version=scope.case_version,
            session=batch.session,
            started=batch.started,
            received=self._clock(),
            next_seq=0,
            events=0,
            bytes=0,
            measures=MEASURES.dump_json(Measures()).decode(),
        )
        await sessions.add(new)
        return new

    def _require_room(self, kept: Kept, new: Sequence[_Checked]) -> None:
        events, size = kept.events + len(new), kept.bytes + sum(one.size for one in new)
        if events <= self._settings.recording_events and size <= self._settings.recording_bytes:
            return
        raise RecordingFull(
            f"{kept.events:,} events ({kept.bytes / 1e6:.1f} MB) of this case are kept, and no more than "
            f"{self._settings.recording_events:,} ({self._settings.recording_bytes / 1e6:.1f} MB) can be. Recording "
            "stops here; deleting the recorded sessions makes room."
        )


async def _require_consent(sessions: SessionRepository) -> None:
    if not await sessions.choice():
        raise RecordingNotChosen("Nothing is recorded in this case unless you agree to it, and you have not.")


async def _new(events: EventRepository, row: SessionRow, checked: Sequence[_Checked]) -> list[_Checked]:
    below = [one.event.seq for one in checked if one.event.seq < row.next_seq]
    known = await events.known(below) if below else set()
    return [one for one in checked if one.event.seq not in known]


async def _keep(events: EventRepository, row: SessionRow, new: Sequence[_Checked]) -> None:
    in_order = new[0].event.seq >= row.next_seq
    await events.add(
        [
            {"seq": event.seq, "at": event.at, "kind": event.kind, "cell": event.cell, "data": one.data}
            for one in new
            for event in (one.event,)
        ]
    )
    if not in_order:
        row.measures = None
        row.bytes -= await events.drop_keyframes(new[0].event.seq)
    elif row.measures is not None:
        measured = MEASURES.validate_json(row.measures).after(one.event for one in new)
        row.measures = MEASURES.dump_json(measured).decode()
    stretches = row.events // keyframes.EVERY
    row.events += len(new)
    row.bytes += sum(one.size for one in new)
    row.next_seq = max(row.next_seq, new[-1].event.seq + 1)
    if row.events // keyframes.EVERY > stretches:
        await keyframes.advance(events, row)


def _owner(scope: ScopeClaims) -> Owner:
    return Owner(scope.user, scope.case)
