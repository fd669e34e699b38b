"""The mentor's side of recorded sessions: parts of one, each of which can be shown without the others."""

import asyncio
from dataclasses import dataclass
from typing import Final

from services.contracts.session import Instant, SessionEvent, SessionPart
from services.kit.database import Database
from services.progress.repository import Owner
from services.progress.sessions import keyframes
from services.progress.sessions.errors import SessionNotFound
from services.progress.sessions.models import SessionRow
from services.progress.sessions.replay import Notebook
from services.progress.sessions.repository import EventRepository, SessionRepository
from services.progress.sessions.summaries import Summaries

PART_EVENTS: Final = 1_000
PART_CHARS: Final = 2_000_000
"""Text in the events of a part, about; snapshots of large notebooks make it shorter. One event always fits."""


class Replays:
    """Reads sessions for a replay."""

    def __init__(self, db: Database, summaries: Summaries) -> None:
        self._db, self._summaries = db, summaries

    async def part(self, owner: Owner, session: str, start: int) -> SessionPart:
        """Events from the number `start` on, and the notebook before them. Raises SessionNotFound."""
        lacking = True
        while (found := await self._read(owner, session, start, lacking=lacking)) is None:
            lacking = await self._make_keyframe(owner, session)
        await asyncio.to_thread(_apply, found.notebook, found.before)
        events = _fitting(found.events)
        return SessionPart(
            summary=await self._summaries.one(owner, found.row),
            events=events,
            start=found.notebook.cells,
            next=found.events[len(events)].seq if len(events) < len(found.events) else None,
            marks=found.marks,
            keyframes=found.keyframes,
        )

    async def _read(self, owner: Owner, session: str, start: int, *, lacking: bool) -> "_Read | None":
        """What a part is made of, as it stands at one moment; None: keyframes may be `lacking`, and are."""
        async with self._db.read() as reading:
            row = await SessionRepository(reading, owner).one(session)
            if row is None:
                raise SessionNotFound(
                    f"There is no recorded session {session[:32]!r} of this learner in this case; it may have been "
                    "deleted. Load the list again."
                )
            repository = EventRepository(reading, row.key)
            last = await repository.keyframe()
            # Events that came late took keyframes away.
            if lacking and row.events - (0 if last is None else last.events) >= keyframes.AT_MOST:
                return None
            near = last if last is None or last.seq <= start else await repository.keyframe(start)
            first, notebook = keyframes.beginning(near)
            return _Read(
                row=row,
                notebook=notebook,
                before=await repository.events(first, start) if first < start else [],
                events=await repository.events(start, limit=PART_EVENTS + 1),
                marks=await repository.marks() if start == 0 else (),
                keyframes=await repository.keyframes() if start == 0 else (),
            )

    async def _make_keyframe(self, owner: Owner, session: str) -> bool:
        """Make the next one, in a transaction of its own: learners' saves come in between. Tells whether it did."""
        async with self._db.write() as writing:
            row = await SessionRepository(writing, owner).one(session)
            return row is not None and await keyframes.advance(EventRepository(writing, row.key), row)


@dataclass(frozen=True)
class _Read:
    row: SessionRow
    notebook: Notebook
    """As of the last keyframe, to be gone on with."""
    before: list[SessionEvent]
    events: list[SessionEvent]
    """One more than fits into a part, if there are so many."""
    marks: tuple[Instant, ...]
    keyframes: tuple[Instant, ...]


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
