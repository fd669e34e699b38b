"""Deleting all recordings of one learner, for operators."""

import hashlib
from typing import Final

from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.jobs import JobQueue
from services.progress.sessions.looks import ALL_CASES
from services.progress.sessions.models import LookRow
from services.progress.sessions.repository import delete_choices, delete_of
from services.progress.sessions.retention import compact_job

_AT_ONCE: Final = 20
"""Sessions that one transaction deletes: learners who save wait no longer than that takes."""
_OPERATOR: Final = "operator"


class Forgetting:
    """Forgets what was recorded of learners; also while `progress` is running, in another process."""

    name: Final = "recorded sessions and choices about them"

    def __init__(self, db: Database, queue: JobQueue, clock: Clock) -> None:
        self._db, self._queue, self._clock = db, queue, clock

    async def forget(self, learner: str, who: str) -> int:
        """Delete recordings in every case, one under way included, and consent; returns how many entries there were.

        Consent goes first, so that nothing comes while sessions go. Killed in between, it is done by doing it again.
        """
        now = self._clock()
        async with self._db.write() as session:
            gone = await delete_choices(session, learner)
            await self._queue.enqueue(session, compact_job(now))
        while True:
            async with self._db.write() as session:
                deleted = await delete_of(session, learner, now, _AT_ONCE)
                gone += deleted
                if not deleted:
                    session.add(self._record(learner, who))
                    return gone

    def _record(self, learner: str, who: str) -> LookRow:
        return LookRow(
            happened=self._clock(),
            who=who,
            role=_OPERATOR,
            what="forget",
            learner=None,
            case_id=ALL_CASES,
            item=hashlib.sha256(learner.encode()).hexdigest(),
        )
