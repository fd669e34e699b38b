"""Deleting everything about one learner, wherever `feedback` keeps it."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Table as SqlTable
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from feedback.chat import audit
from feedback.chat.exports import Exports
from feedback.chat.models import ForgetRow
from feedback.chat.repository import Archive
from feedback.models import JOBS, Table
from services.kit.adapters.jobs_about import drop_jobs_about
from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.jobs import Held, Lease

_LEARNER: Final = "learner"


class ForgetJob:
    """Forgets one learner. Killed at any moment and done again it ends the same way.

    In this order: rows and jobs, exports, the disk itself, the record. The request goes last, so that it is known until
    the end whom it is about.
    """

    def __init__(self, db: Database, exports: Exports, clock: Clock) -> None:
        self._db, self._exports, self._clock = db, exports, clock

    async def run(self, lease: Lease) -> None:
        """Do it."""
        async with self._db.read() as session:
            request = await session.get(ForgetRow, str(lease.job.payload["request"]))
        if request is not None:
            async with self._exports.alone():
                await self._rows(lease, request.learner)
                lines = await asyncio.to_thread(self._exports.forget, request.learner)
            await self._db.compact()
            await self._record(lease, request, lines)
        # Once more: the request held a name.
        await self._db.compact()

    async def gave_up(self, session: AsyncSession, job: Held, error: str) -> None:
        """Whoever asked sees the job's error; the request stays, so that it is known that something is left to do."""

    async def _rows(self, lease: Lease, learner: str) -> None:
        async with self._db.write() as session:
            conversations, messages = await Archive(session).counted(learner=learner)
            others = await forget_rows(session, learner, lease.job.id)
        if conversations or others:
            await lease.report({"conversations": conversations, "messages": messages, "others": others - conversations})

    async def _record(self, lease: Lease, request: ForgetRow, lines: int) -> None:
        async with self._db.write() as session:
            known = dict(await _progress(session, lease.job.id))
            entry = audit.Entry(
                who=request.who,
                action="forget",
                learner=request.learner,
                conversations=_number(known, "conversations"),
                messages=_number(known, "messages"),
                others=_number(known, "others") + lines,
                job=lease.job.id,
            )
            audit.note(session, entry, self._clock())
            await session.execute(delete(ForgetRow).where(ForgetRow.id == request.id))


async def forget_rows(session: AsyncSession, learner: str, job: str) -> int:
    """Delete a learner's rows from every table of `feedback`, and the jobs that are about them; returns how many rows.

    Every table that holds something of a learner has a column `learner`, or belongs to one that has by a foreign key
    with ON DELETE CASCADE; a test holds the tables to that. `job`: the one that does this, which stays.
    """
    rows, ids = 0, set[str]()
    for table in learner_tables():
        names = list(table.primary_key.columns) + ([table.c.id] if "id" in table.c else [])
        gone = await session.execute(delete(table).where(table.c[_LEARNER] == learner).returning(*names))
        found = gone.all()
        rows += len(found)
        ids.update(str(value) for row in found for value in row if isinstance(value, str))
    await drop_jobs_about(session, JOBS, {*ids, learner}, keep=job)
    return rows


def learner_tables() -> list[SqlTable]:
    """Tables with rows of learners, but for the requests to forget one."""
    tables = Table.metadata.sorted_tables[::-1]
    return [table for table in tables if _LEARNER in table.c and table.name != ForgetRow.__tablename__]


async def _progress(session: AsyncSession, job: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] | None = await session.scalar(select(JOBS.c.progress).where(JOBS.c.id == job))
    return found or {}


def _number(known: Mapping[str, Any], name: str) -> int:
    value = known.get(name, 0)
    return value if isinstance(value, int) else 0
