"""Deleting what has been kept long enough, once a day."""

import asyncio
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from feedback.chat import audit
from feedback.chat.exports import Exports
from feedback.chat.repository import Archive
from feedback.chat.settings import ChatSettings
from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.jobs import Held, Job, JobQueue, Lease

QUEUE: Final = "chat"
RETENTION: Final = "chat-retention"
_EVERY: Final = timedelta(days=1)
_AT_ONCE: Final = 500
"""Conversations that one transaction deletes: learners who write wait no longer than that takes."""
_WHO: Final = "caseloop"

_log = structlog.get_logger(__name__)


def retention_job(delay: timedelta = timedelta(0)) -> Job:
    """The job; there is only ever one of it."""
    return Job(QUEUE, RETENTION, {}, key=RETENTION, delay=delay)


class RetentionJob:
    """Deletes conversations and exports whose time is over, and orders itself for the next day."""

    def __init__(self, db: Database, queue: JobQueue, exports: Exports, settings: ChatSettings, clock: Clock) -> None:
        self._db, self._queue, self._exports, self._settings, self._clock = db, queue, exports, settings, clock

    async def run(self, lease: Lease) -> None:
        """Do it."""
        limit = self._clock() - self._settings.retention
        async with self._exports.alone():
            files = await asyncio.to_thread(self._exports.drop_older, limit)
        gone = files
        while True:
            async with self._db.write() as session:
                conversations, messages = await Archive(session).drop_older(limit, _AT_ONCE)
                if conversations or files:
                    entry = audit.Entry(
                        who=_WHO,
                        action="retention",
                        conversations=conversations,
                        messages=messages,
                        others=files,
                        job=lease.job.id,
                    )
                    audit.note(session, entry, self._clock())
            gone, files = gone + conversations, 0
            if not conversations:
                break
        if gone:
            await self._db.compact()
        async with self._db.write() as session:
            # Done first: as long as it is under way another one would join it.
            await lease.done(session)
            await self._queue.enqueue(session, retention_job(_EVERY))

    async def gave_up(self, session: AsyncSession, job: Held, error: str) -> None:
        """Try again tomorrow; an operator hears of it today."""
        _log.error("old conversations could not be deleted", job=job.id, error=error)
        await self._queue.enqueue(session, retention_job(_EVERY))
