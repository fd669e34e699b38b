"""The mentor's side of recorded sessions: parts of one, each of which can be shown without the others."""

import asyncio
from typing import Final

from services.contracts.session import SessionEvent, SessionPart
from services.kit.database import Database
from services.progress.repository import Owner
from services.progress.sessions import keyframes
from services.progress.sessions.errors import SessionNotFound
from services.progress.sessions.models import SessionRow
from services.progress.sessions.replay import Notebook
from services.progress.sessions.repository import EventRepository, SessionRepository
from services.progress.sessions.summaries import Summaries

PART_EVENTS: Final = 2_000
PART_CHARS: Final = 2_000_000
"""Text in the events of a part, about; snapshots of large notebooks make it shorter. One event always fits."""


class Replays:
    """Reads sessions for a replay."""

    def __init__(self, db: Database, summaries: Summaries) -> None:
        self._db, self._summaries = db, summaries

    async def part(self, owner: Owner, session: str, start: int) -> SessionPart:
        """Events from the number `start` on, and the notebook before them. Raises SessionNotFound."""
        row = await self._found(owner, session)
        await self._have_keyframes(owner, row)
        async with self._db.read() as reading:
            repository = EventRepository(reading, row.key)
            first, notebook = keyframes.beginning(await repository.keyframe(start))
            before = await repository.events(first, start) if first < start else []
            found = await repository.events(start, limit=PART_EVENTS + 1)
            marks, frames = (await repository.marks(), await repository.keyframes()) if start == 0 else ((), ())
        await asyncio.to_thread(_apply, notebook, before)
        events = _fitting(found)
        return SessionPart(
            summary=await self._summaries.one(owner, row),
            events=events,
            start=notebook.cells,
            next=found[len(events)].seq if len(events) < len(found) else None,
            marks=marks,
            keyframes=frames,
        )

    async def _found(self, owner: Owner, session: str) -> SessionRow:
        async with self._db.read() as reading:
            row = await SessionRepository(reading, owner).one(session)
        if row is None:
            raise SessionNotFound(
                f"There is no recorded session {session[:32]!r} of this learner in this case; it may have been "
                "deleted. Load the list again."
            )
        return row

    async def _have_keyframes(self, owner: Owner, row: SessionRow) -> None:
        """Make the keyframes that are missing, after events that came late took them away."""
        while True:
            async with self._db.read() as reading:
                last = await EventRepository(reading, row.key).keyframe()
            if row.events - (0 if last is None else last.events) < keyframes.AT_MOST:
                return
            async with self._db.write() as writing:
                now = await SessionRepository(writing, owner).one(row.session)
                if now is None or not await keyframes.advance(EventRepository(writing, now.key), now):
                    return
            # Learners' saves come in between.
            await asyncio.sleep(0)


def _apply(notebook: Notebook, events: list[SessionEvent]) -> None:
    for event in events:
        notebook.apply(event)


def _fitting(events: list[SessionEvent]) -> tuple[SessionEvent, ...]:
    size = 0
    for count, event in enumerate(events[:PART_EVENTS]):
        size += keyframes.weight(event)
        if size > PART_CHARS and count:
            return tuple(events[:count])
    return tuple(events[:PART_EVENTS])
