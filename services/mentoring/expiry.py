"""Leases that run out, also while nobody looks at the queue."""

from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.jobs import Held, Job, JobQueue, Lease
from services.mentoring.models import EscalationRow
from services.mentoring.repository import end_leases

DESK_QUEUE: Final = "desk"
EXPIRY_JOB: Final = "lease-expiry"
_MARGIN: Final = timedelta(seconds=1)
"""The job must not come a moment before the lease is over."""

_log = structlog.get_logger(__name__)


def expiry_job(escalation: str, delay: timedelta) -> Job:
    """The job for one lease; one that was prolonged keeps its job, which comes again."""
    return Job(DESK_QUEUE, EXPIRY_JOB, {"escalation": escalation}, key=f"lease:{escalation}", delay=delay + _MARGIN)


class ExpiryJob:
    """Puts escalations back into the queue whose mentor has gone away."""

    def __init__(self, db: Database, queue: JobQueue, clock: Clock) -> None:
        self._db, self._queue, self._clock = db, queue, clock

    async def run(self, lease: Lease) -> None:
        """Do it."""
        escalation = str(lease.job.payload["escalation"])
        async with self._db.write() as session:
            now = self._clock()
            ended = await end_leases(session, now)
            left = await session.scalar(select(EscalationRow).where(EscalationRow.id == escalation))
            # Done first: as long as it is under way another one would join it.
            await lease.done(session)
            if left is not None and left.state == "leased" and left.leased_until is not None:
                await self._queue.enqueue(session, expiry_job(escalation, left.leased_until - now))
        if ended:
            _log.info("leases ran out", count=ended)

    async def gave_up(self, session: AsyncSession, job: Held, error: str) -> None:  # noqa: ARG002
        """Every query ends leases, too; an operator hears that this one did not."""
        _log.error("a lease could not be ended by its job", job=job.id, error=error)
