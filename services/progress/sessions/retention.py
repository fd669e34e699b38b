"""Deleting sessions that have been kept long enough, once a day, and writing over what was deleted."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.jobs import Handler, Held, Job, JobQueue, Lease
from services.progress.sessions.repository import drop, older_than
from services.progress.settings import ProgressSettings

QUEUE: Final = "sessions"
RETENTION: Final = "sessions-retention"
COMPACT: Final = "sessions-compact"
_EVERY: Final = timedelta(days=1)
_SOON: Final = timedelta(hours=1)
"""Writing a database anew keeps learners' saves waiting for some seconds."""
_AT_ONCE: Final = 20
"""Sessions that one transaction deletes: learners who save wait no longer than that takes."""

_log = structlog.get_logger(__name__)


def retention_job(delay: timedelta = timedelta(0)) -> Job:
    """The daily job; there is only ever one of it."""
    return Job(QUEUE, RETENTION, {}, key=RETENTION, delay=delay)


def compact_job(now: datetime) -> Job:
    """The job that makes deleted text unreadable on the disk; one for all that is deleted in an hour of the clock.

    It runs an hour after the first of these deletions, and so after the last: none joins a job that is under way.
    """
    return Job(QUEUE, COMPACT, {}, key=f"{COMPACT} {now:%Y-%m-%d %H}", delay=_SOON)


class RetentionJob:
    """Deletes sessions whose time is over, and orders itself for the next day."""

    def __init__(self, db: Database, queue: JobQueue, settings: ProgressSettings, clock: Clock) -> None:
        self._db, self._queue, self._settings, self._clock = db, queue, settings, clock

    async def run(self, lease: Lease) -> None:
        """Do it."""
        limit = self._clock() - self._settings.recording_retention
        gone = 0
        while True:
            async with self._db.write() as session:
                keys = await older_than(session, limit, _AT_ONCE)
                await drop(session, keys)
                if not keys:
                    break
                if not gone:
                    await self._queue.enqueue(session, compact_job(self._clock()))
            gone += len(keys)
        async with self._db.write() as session:
            # Done first: as long as it is under way another one would join it.
            await lease.done(session)
            await self._queue.enqueue(session, retention_job(_EVERY))
        _log.info("old sessions were deleted", sessions=gone)

    async def gave_up(self, session: AsyncSession, job: Held, error: str) -> None:
        """Try again tomorrow; an operator hears of it today."""
        _log.error("old sessions could not be deleted", job=job.id, error=error)
        await self._queue.enqueue(session, retention_job(_EVERY))


class CompactJob:
    """Writes the database anew without what was deleted."""

    def __init__(self, db: Database, queue: JobQueue, clock: Clock) -> None:
        self._db, self._queue, self._clock = db, queue, clock

    async def run(self, lease: Lease) -> None:  # noqa: ARG002
        """Do it. Raises StillInUse, and is tried again, when somebody has been reading all the while."""
        await self._db.compact()

    async def gave_up(self, session: AsyncSession, job: Held, error: str) -> None:
        """Try again in an hour; an operator hears of it now."""
        _log.error("deleted sessions are still on the disk", job=job.id, error=error)
        await self._queue.enqueue(session, compact_job(self._clock()))


def handlers(db: Database, queue: JobQueue, settings: ProgressSettings, clock: Clock) -> Mapping[str, Handler]:
    """Who does the jobs of `QUEUE`, by kind."""
    return {RETENTION: RetentionJob(db, queue, settings, clock), COMPACT: CompactJob(db, queue, clock)}
