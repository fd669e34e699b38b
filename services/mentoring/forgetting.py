"""Deleting everything about one learner that `mentoring` keeps."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.jobs import Handler, Held, Job, JobQueue, Lease
from services.mentoring import audit
from services.mentoring.repository import forget

QUEUE: Final = "forgetting"
COMPACT: Final = "compact"
_SOON: Final = timedelta(hours=1)
"""Writing a database anew keeps mentors and learners waiting for a moment."""
_ID: Final = 32
"""Characters of the digest of a name that stand in the record, where others have the id of a question."""

_log = structlog.get_logger(__name__)


class Forgetting:
    """Forgets learners; also while `mentoring` is running, in another process."""

    name: Final = "questions to mentors"

    def __init__(self, db: Database, queue: JobQueue, clock: Clock) -> None:
        self._db, self._queue, self._clock = db, queue, clock

    async def forget(self, learner: str, who: str) -> int:
        """Delete what there is in one transaction, and say so in the record; returns how many entries there were.

        Whatever still lies in free pages of the database is written over within an hour.
        """
        now = self._clock()
        subject = hashlib.sha256(learner.encode()).hexdigest()[:_ID]
        async with self._db.write() as session:
            gone = await forget(session, learner)
            audit.note(session, who, "forget", subject, now, f"{gone} entries")
            if gone:
                await self._queue.enqueue(session, _compact_job(now))
        return gone


class CompactJob:
    """Writes the database anew without what was deleted."""

    def __init__(self, db: Database, queue: JobQueue, clock: Clock) -> None:
        self._db, self._queue, self._clock = db, queue, clock

    async def run(self, lease: Lease) -> None:  # noqa: ARG002
        """Do it. Raises StillInUse, and is tried again, when somebody has been reading all the while."""
        await self._db.compact()

    async def gave_up(self, session: AsyncSession, job: Held, error: str) -> None:
        """Try again in an hour; an operator hears of it now."""
        _log.error("deleted questions are still on the disk", job=job.id, error=error)
        await self._queue.enqueue(session, _compact_job(self._clock()))


def handlers(db: Database, queue: JobQueue, clock: Clock) -> Mapping[str, Handler]:
    """Who does the jobs of `QUEUE`, by kind."""
    return {COMPACT: CompactJob(db, queue, clock)}


def _compact_job(now: datetime) -> Job:
    # An hour after the first deletion of an hour of the clock, and so after the last: none joins one under way.
    return Job(QUEUE, COMPACT, {}, key=f"{COMPACT} {now:%Y-%m-%d %H}", delay=_SOON)
