"""What a kept session adds up to."""

import asyncio
from collections.abc import Sequence
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.session import Gap, SessionSummary
from services.kit.database import Database
from services.progress.repository import Owner
from services.progress.sessions.measures import Measures
from services.progress.sessions.models import SessionRow
from services.progress.sessions.repository import EventRepository, SessionRepository, gaps_of

MEASURES: Final = TypeAdapter(Measures)


class Summaries:
    """Summaries of sessions; those whose events came out of order are counted anew."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def of(self, owner: Owner) -> tuple[SessionSummary, ...]:
        """All sessions of an owner, newest first."""
        async with self._db.read() as session:
            rows = await SessionRepository(session, owner).all()
            gaps = await _gaps(session, rows)
        return tuple([await self._summary(owner, row, gaps) for row in rows])

    async def one(self, owner: Owner, row: SessionRow) -> SessionSummary:
        """Of a session that was read before."""
        async with self._db.read() as session:
            gaps = await _gaps(session, [row])
        return await self._summary(owner, row, gaps)

    async def _summary(self, owner: Owner, row: SessionRow, gaps: dict[int, tuple[Gap, ...]]) -> SessionSummary:
        if row.measures is not None:
            measures = MEASURES.validate_json(row.measures)
        else:
            # Once for all: what is counted is kept.
            measures = await self._counted_anew(owner, row)
        return _summary(row, measures, gaps.get(row.key, ()))

    async def _counted_anew(self, owner: Owner, row: SessionRow) -> Measures:
        async with self._db.read() as session:
            events = await EventRepository(session, row.key).events(0)
        measures = await asyncio.to_thread(Measures().after, events)
        async with self._db.write() as session:
            now = await SessionRepository(session, owner).one(row.session)
            # Nothing is kept of a count that more events, or a deletion, came in between of.
            if now is not None and (now.key, now.events) == (row.key, row.events):
                now.measures = MEASURES.dump_json(measures).decode()
        return measures


async def _gaps(session: AsyncSession, rows: Sequence[SessionRow]) -> dict[int, tuple[Gap, ...]]:
    return await gaps_of(session, [row.key for row in rows if row.events != row.next_seq])


def _summary(row: SessionRow, measures: Measures, gaps: tuple[Gap, ...]) -> SessionSummary:
    return SessionSummary(
        session=row.session,
        started=row.started,
        seconds=measures.seconds,
        events=row.events,
        active_typing_seconds=measures.active / 1000,
        idle_seconds=measures.idle / 1000,
        idle_stretches=measures.idle_stretches,
        pastes=measures.pastes,
        large_pastes=measures.large_pastes,
        pasted_chars=measures.pasted_chars,
        runs=measures.runs,
        failed_runs=measures.failed_runs,
        checks=measures.checks,
        hints=measures.hints,
        chats=measures.chats,
        gaps=gaps,
    )
