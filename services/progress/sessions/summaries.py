"""What a kept session adds up to."""

import asyncio
from typing import Final

from pydantic import TypeAdapter

from services.contracts.session import SessionSummary
from services.kit.database import Database
from services.progress.repository import Owner
from services.progress.sessions.measures import Measures
from services.progress.sessions.models import SessionRow
from services.progress.sessions.repository import EventRepository, SessionRepository

MEASURES: Final = TypeAdapter(Measures)


class Summaries:
    """Summaries of sessions; those whose events came out of order are counted anew."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def of(self, owner: Owner) -> tuple[SessionSummary, ...]:
        """All sessions of an owner, newest first."""
        async with self._db.read() as session:
            rows = await SessionRepository(session, owner).all()
        return tuple([await self.one(owner, row) for row in rows])

    async def one(self, owner: Owner, row: SessionRow) -> SessionSummary:
        """Of a session that was read before."""
        if row.measures is not None:
            measures = MEASURES.validate_json(row.measures)
        else:
            measures = await self._counted_anew(owner, row)
        whole = row.events == row.next_seq
        if not whole:
            async with self._db.read() as session:
                gaps = await EventRepository(session, row.key).gaps()
        return _summary(row, measures).model_copy(update={} if whole else {"gaps": gaps})

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


def _summary(row: SessionRow, measures: Measures) -> SessionSummary:
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
    )
