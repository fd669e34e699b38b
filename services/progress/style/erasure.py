from collections.abc import Callable
from datetime import datetime

from services.kit.database import Database
from services.kit.jobs import JobQueue
from services.progress.sessions.retention import compact_job
from services.progress.style.repository import forget


class Erasure:
    """Deletes what is kept of a learner's style reviews, also while Caseloop is running."""

    def __init__(self, db: Database, queue: JobQueue, clock: Callable[[], datetime]) -> None:
        self._db, self._queue, self._clock = db, queue, clock

    async def forget(self, learner: str) -> int:
        """Delete all of it; its traces on the disk go within about an hour. Returns how many entries there were."""
        async with self._db.write() as session:
            gone = await forget(session, learner)
            if gone:
                await self._queue.enqueue(session, compact_job(self._clock()))
        return gone
