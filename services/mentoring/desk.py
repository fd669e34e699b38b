"""What mentors do with the queue: look, take, give back."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.escalation import AskQueue, EscalationFull, QueuePage
from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.jobs import JobQueue
from services.mentoring import audit
from services.mentoring.errors import BadCursor, EscalationNotFound, LeaseTaken, NotWaiting, QueueEmpty
from services.mentoring.expiry import expiry_job
from services.mentoring.models import EscalationRow
from services.mentoring.repository import Mentor, Queue, end_leases
from services.mentoring.rows import held
from services.mentoring.screens import full, items
from services.mentoring.settings import MentoringSettings

_CURSOR: Final = re.compile(r"(-?\d{1,18})~(\d{1,18})")


@dataclass(frozen=True)
class Desk:
    """The queue for mentors."""

    db: Database
    queue: JobQueue
    settings: MentoringSettings
    clock: Clock

    async def page(self, mentor: Mentor, asked: AskQueue) -> QueuePage:
        """A part of the queue."""
        now = self.clock()
        place = None if asked.after is None else _place(asked.after)
        async with self.db.read() as session:
            rows, total = await Queue(session, mentor.case).page(mentor.name, asked, place, now)
            shown = await items(session, mentor, rows[: asked.limit], now)
        return QueuePage(items=tuple(shown), total=total, next=_more(rows, asked.limit))

    async def same(self, mentor: Mentor, escalation: str, after: str | None, limit: int) -> QueuePage:
        """A part of the others that wait with the same problem."""
        now = self.clock()
        place = None if after is None else _place(after)
        async with self.db.read() as session:
            queue = Queue(session, mentor.case)
            row = await queue.one(escalation)
            if row is None:
                raise _missing()
            rows = await queue.same(row, place, limit + 1)
            own, *shown = await items(session, mentor, [row, *rows[:limit]], now)
        return QueuePage(items=tuple(shown), total=own.same, next=_more(rows, limit))

    async def take_next(self, mentor: Mentor) -> EscalationFull:
        """Take the most urgent one. However many press at once, each gets another one."""
        now = self.clock()
        async with self.db.write() as session:
            await end_leases(session, now)
            row = await Queue(session, mentor.case).most_urgent()
            if row is None:
                raise QueueEmpty("Nobody waits.")
            return await self._take(session, mentor, row, now)

    async def look(self, mentor: Mentor, escalation: str) -> EscalationFull:
        """The screen of one; that it was looked at is kept, once for as long as a lease lasts.

        A screen that is open asks again and again, and its parts ask for themselves: all of that is one look.
        """
        now = self.clock()
        async with self.db.write() as session:
            row = await Queue(session, mentor.case).one(escalation)
            if row is None:
                raise _missing()
            if not await audit.is_looking(session, mentor.name, row.id, now - self.settings.lease):
                audit.note(session, mentor.name, "view", row.id, now)
            return await full(session, mentor, row, now)

    async def lease(self, mentor: Mentor, escalation: str) -> EscalationFull:
        """Take this one, or hold it for longer."""
        now = self.clock()
        async with self.db.write() as session:
            await end_leases(session, now)
            row = await Queue(session, mentor.case).to_change(escalation)
            if row is None:
                raise _missing()
            if row.state not in ("waiting", "leased"):
                raise NotWaiting(f"This question is {row.state}; nobody waits for an answer to it.")
            if held(row, now) and row.holder != mentor.name:
                raise LeaseTaken(f"{row.holder} has this one. Take another, or wait until they give it back.")
            return await self._take(session, mentor, row, now)

    async def release(self, mentor: Mentor, escalation: str) -> None:
        """Give it back."""
        now = self.clock()
        async with self.db.write() as session:
            await end_leases(session, now)
            row = await Queue(session, mentor.case).to_change(escalation)
            if row is None:
                raise _missing()
            if row.state == "leased" and row.holder == mentor.name:
                row.state, row.updated = "waiting", now
                row.holder = row.leased_until = row.taken = None
                audit.note(session, mentor.name, "release", row.id, now)

    async def _take(self, session: AsyncSession, mentor: Mentor, row: EscalationRow, now: datetime) -> EscalationFull:
        if row.holder != mentor.name:
            row.taken = now
        row.state, row.holder, row.leased_until, row.updated = "leased", mentor.name, now + self.settings.lease, now
        audit.note(session, mentor.name, "lease", row.id, now)
        await self.queue.enqueue(session, expiry_job(row.id, self.settings.lease))
        await session.flush()
        return await full(session, mentor, row, now)


def _more(rows: Sequence[EscalationRow], limit: int) -> str | None:
    """Where the next part begins, if one more row was there than is shown."""
    return f"{rows[limit - 1].rank}~{rows[limit - 1].seq}" if len(rows) > limit else None


def _place(after: str) -> tuple[int, int]:
    found = _CURSOR.fullmatch(after)
    if found is None:
        raise BadCursor("`after` must be what `next` of the page before said.")
    return int(found[1]), int(found[2])


def _missing() -> EscalationNotFound:
    return EscalationNotFound("There is no question of that id that you may see.")
