"""All SQL of recorded sessions. Every read is bound to the owner, a learner and a case, or to a session found so."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from pydantic_core import from_json
from sqlalchemy import Select, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.session import EventKind, Gap, Instant, SessionEvent
from services.progress.repository import Owner
from services.progress.sessions.models import (
    ChoiceRow,
    DeletedSessionRow,
    EventRow,
    KeyframeRow,
    SessionRow,
)

SHOWN_GAPS: Final = 20
_INTERESTING: Final = ("paste", "run", "check", "hint", "chat")
_MARKS: Final = 5_000


@dataclass(frozen=True)
class Kept:
    """How much is kept of one owner."""

    sessions: int
    events: int
    bytes: int


class SessionRepository:
    """Recorded sessions and choices of one owner."""

    def __init__(self, session: AsyncSession, owner: Owner) -> None:
        self._session = session
        self._owner = owner

    async def choice(self) -> bool | None:
        """What the learner chose last; None: nothing yet."""
        mine = select(ChoiceRow.record).where(
            ChoiceRow.learner == self._owner.user, ChoiceRow.case_id == self._owner.case
        )
        return (await self._session.scalars(mine.order_by(ChoiceRow.seq.desc()).limit(1))).one_or_none()

    async def choices(self) -> Sequence[ChoiceRow]:
        """All that the learner ever chose, oldest first."""
        mine = select(ChoiceRow).where(ChoiceRow.learner == self._owner.user, ChoiceRow.case_id == self._owner.case)
        return (await self._session.scalars(mine.order_by(ChoiceRow.seq))).all()

    async def choose(self, record: bool, now: datetime) -> None:
        """Add a choice."""
        self._session.add(ChoiceRow(learner=self._owner.user, case_id=self._owner.case, record=record, chosen=now))
        await self._session.flush()

    async def kept(self) -> Kept:
        """How much is kept."""
        counted = select(
            func.count(),
            func.coalesce(func.sum(SessionRow.events), 0),
            func.coalesce(func.sum(SessionRow.bytes), 0),
        ).where(SessionRow.learner == self._owner.user, SessionRow.case_id == self._owner.case)
        sessions, events, size = (await self._session.execute(counted)).one()
        return Kept(sessions, events, size)

    async def all(self) -> Sequence[SessionRow]:
        """All sessions, newest first."""
        newest = self._mine().order_by(SessionRow.started.desc(), SessionRow.key.desc())
        return (await self._session.scalars(newest)).all()

    async def one(self, session: str) -> SessionRow | None:
        """One session."""
        row = self._mine().where(SessionRow.session == session)
        return (await self._session.scalars(row)).one_or_none()

    async def was_deleted(self, session: str) -> bool:
        """Whether the learner deleted a session of this id."""
        return await self._session.get(DeletedSessionRow, (*self._key(), session)) is not None

    async def add(self, row: SessionRow) -> None:
        """Write a new session down."""
        self._session.add(row)
        await self._session.flush()

    async def delete_all(self, now: datetime) -> int:
        """Delete all sessions with all that hangs on them, and remember their ids; returns how many there were."""
        sessions = (await self._session.scalars(self._mine())).all()
        for row in sessions:
            self._session.add(
                DeletedSessionRow(learner=row.learner, case_id=row.case_id, session=row.session, deleted=now)
            )
        await self._session.flush()
        await drop(self._session, [row.key for row in sessions])
        return len(sessions)

    def _mine(self) -> Select[SessionRow]:
        return select(SessionRow).where(SessionRow.learner == self._owner.user, SessionRow.case_id == self._owner.case)

    def _key(self) -> tuple[str, str]:
        return self._owner.user, self._owner.case


class EventRepository:
    """Events and keyframes of one session, which somebody found among the owner's."""

    def __init__(self, session: AsyncSession, key: int) -> None:
        self._session = session
        self._key = key

    async def known(self, seqs: Collection[int]) -> set[int]:
        """Which of these numbers are kept."""
        found = select(EventRow.seq).where(
            EventRow.session == self._key, EventRow.seq.between(min(seqs), max(seqs)), EventRow.seq.in_(seqs)
        )
        return set((await self._session.scalars(found)).all())

    async def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Keep new events: `seq`, `at`, `kind`, `cell`, `data` (JSON)."""
        await self._session.execute(insert(EventRow), [{"session": self._key, **row} for row in rows])

    async def events(self, start: int, end: int | None = None, limit: int | None = None) -> list[SessionEvent]:
        """Events by `seq`, from `start` on and before `end`, at most `limit`."""
        query = select(EventRow.seq, EventRow.at, EventRow.kind, EventRow.cell, EventRow.data).where(
            EventRow.session == self._key, EventRow.seq >= start
        )
        if end is not None:
            query = query.where(EventRow.seq < end)
        rows = (await self._session.execute(query.order_by(EventRow.seq).limit(limit))).all()
        # They were checked before they were kept; checking them again is most of the time that a replay takes.
        return [
            SessionEvent.model_construct(seq=seq, at=at, kind=_kind(kind), cell=cell, data=from_json(data))
            for seq, at, kind, cell, data in rows
        ]

    async def marks(self) -> tuple[Instant, ...]:
        """What one may jump to, the first 5,000."""
        # No event is earlier than one before it, whatever its clock said.
        time = func.max(EventRow.at).over(order_by=EventRow.seq).label("time")
        timed = select(EventRow.seq, time, EventRow.kind).where(EventRow.session == self._key).subquery()
        query = select(timed).where(timed.c.kind.in_(_INTERESTING)).order_by(timed.c.seq).limit(_MARKS)
        rows = (await self._session.execute(query)).all()
        return tuple(Instant(seq=seq, at=at, kind=_kind(kind)) for seq, at, kind in rows)

    async def keyframes(self) -> tuple[Instant, ...]:
        """Where a replay begins quickly."""
        query = select(KeyframeRow.seq, KeyframeRow.at).where(KeyframeRow.session == self._key)
        rows = (await self._session.execute(query.order_by(KeyframeRow.seq))).all()
        return tuple(Instant(seq=seq, at=at, kind="snapshot") for seq, at in rows)

    async def keyframe(self, before: int | None = None) -> KeyframeRow | None:
        """The last keyframe, or the last one at or before an event."""
        query = select(KeyframeRow).where(KeyframeRow.session == self._key)
        if before is not None:
            query = query.where(KeyframeRow.seq <= before)
        return (await self._session.scalars(query.order_by(KeyframeRow.seq.desc()).limit(1))).one_or_none()

    async def add_keyframe(self, seq: int, at: int, events: int, cells: str) -> None:
        """Keep the notebook as it was before the event `seq`, with `events` events before it."""
        self._session.add(KeyframeRow(session=self._key, seq=seq, at=at, events=events, cells=cells))
        await self._session.flush()

    async def drop_keyframes(self, after: int) -> int:
        """Forget keyframes that an event `after` would have changed; returns their bytes."""
        late = (KeyframeRow.session == self._key, KeyframeRow.seq > after)
        size = (await self._session.scalars(select(func.sum(func.length(KeyframeRow.cells))).where(*late))).one()
        await self._session.execute(delete(KeyframeRow).where(*late))
        return size or 0


async def drop(session: AsyncSession, keys: Sequence[int]) -> None:
    """Delete sessions with their events and keyframes."""
    for table in (EventRow, KeyframeRow):
        await session.execute(delete(table).where(table.session.in_(keys)))
    await session.execute(delete(SessionRow).where(SessionRow.key.in_(keys)))


async def gaps_of(session: AsyncSession, keys: Sequence[int]) -> dict[int, tuple[Gap, ...]]:
    """Session -> missing numbers below the highest that is kept, the first twenty stretches; none: not in it."""
    if not keys:
        return {}
    lagging = func.lag(EventRow.seq, 1, -1).over(partition_by=EventRow.session, order_by=EventRow.seq)
    before = lagging.label("before")
    steps = select(EventRow.session, before, EventRow.seq).where(EventRow.session.in_(keys)).subquery()
    nth = func.row_number().over(partition_by=steps.c.session, order_by=steps.c.seq).label("nth")
    jumps = select(steps, nth).where(steps.c.seq > steps.c.before + 1).subquery()
    shown = select(jumps).where(jumps.c.nth <= SHOWN_GAPS).order_by(jumps.c.session, jumps.c.seq)
    found: dict[int, list[Gap]] = {}
    for key, previous, seq, _ in (await session.execute(shown)).all():
        found.setdefault(key, []).append(Gap(first=previous + 1, last=seq - 1))
    return {key: tuple(gaps) for key, gaps in found.items()}


async def delete_of(session: AsyncSession, learner: str, now: datetime, at_most: int) -> int:
    """Delete some sessions of a learner, in whatever case, and remember their ids; returns how many.

    What a browser still holds of them is not kept again.
    """
    rows = (await session.scalars(select(SessionRow).where(SessionRow.learner == learner).limit(at_most))).all()
    session.add_all(
        DeletedSessionRow(learner=row.learner, case_id=row.case_id, session=row.session, deleted=now) for row in rows
    )
    await session.flush()
    await drop(session, [row.key for row in rows])
    return len(rows)


async def delete_choices(session: AsyncSession, learner: str) -> int:
    """Forget all that a learner ever chose about being recorded; returns how many choices there were."""
    gone = delete(ChoiceRow).where(ChoiceRow.learner == learner).returning(ChoiceRow.seq)
    return len((await session.scalars(gone)).all())


async def older_than(session: AsyncSession, limit: datetime, at_most: int) -> Sequence[int]:
    """Keys of sessions of anybody whose newest event came before `limit`, the oldest first."""
    query = select(SessionRow.key).where(SessionRow.received < limit).order_by(SessionRow.received).limit(at_most)
    return (await session.scalars(query)).all()


def _kind(kind: str) -> EventKind:
    # It was checked when it was kept.
    return cast("EventKind", kind)
