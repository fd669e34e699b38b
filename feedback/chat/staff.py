"""What those may do who look after a class: take its conversations out, delete them, forget a learner."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from feedback.chat.archiving import ArchiveJob, ArchiveOrder
from feedback.chat.exports import Exports
from feedback.chat.forgetting import ForgetJob
from feedback.chat.models import ForgetRow
from feedback.chat.retention import QUEUE, RETENTION, RetentionJob, retention_job
from feedback.chat.settings import ChatSettings
from services.kit.clock import Clock, utc_now
from services.kit.database import Database
from services.kit.jobs import Handler, Job, JobQueue, JobState

EXPORT: Final = "chat-export"
RESET: Final = "chat-reset"
FORGET: Final = "chat-forget"


class ChatStaff:
    """Orders durable jobs over everybody's conversations, and says how they stand. Who may ask is the caller's to know.

    Args:
        db: the database of `feedback`, migrated.
        queue: its jobs; `handlers` are for the queue `QUEUE`.
        exports: where files of conversations go.
        settings: limits and times.
        clock: tells the present moment.
    """

    def __init__(
        self, db: Database, queue: JobQueue, exports: Exports, settings: ChatSettings, clock: Clock = utc_now
    ) -> None:
        self._db, self._queue, self._exports, self._settings, self._clock = db, queue, exports, settings, clock

    @property
    def folder(self) -> Path:
        """Where exports are."""
        return self._exports.folder

    def handlers(self) -> Mapping[str, Handler]:
        """Who does the jobs, by kind, for `JobQueue.work(QUEUE, …)`."""
        return {
            EXPORT: ArchiveJob(self._db, self._exports, self._settings, self._clock, delete=False),
            RESET: ArchiveJob(self._db, self._exports, self._settings, self._clock, delete=True),
            FORGET: ForgetJob(self._db, self._exports, self._clock),
            RETENTION: RetentionJob(self._db, self._queue, self._exports, self._settings, self._clock),
        }

    async def begin(self) -> None:
        """Have old conversations deleted from now on, once a day; call it at every start."""
        async with self._db.write() as session:
            await self._queue.enqueue(session, retention_job())

    async def export(self, case: str, who: str) -> str:
        """Have all conversations of a case written into files; returns the job's id.

        Raises VaultError, as the others do, when the folder of exports is open to others.
        """
        return await self._archive(EXPORT, case, who)

    async def reset_class(self, case: str, who: str) -> str:
        """Have them written into files and deleted; returns the job's id."""
        return await self._archive(RESET, case, who)

    async def forget(self, learner: str, who: str) -> str:
        """Have everything about a learner deleted that `feedback` keeps, exports included; returns the job's id."""
        self._exports.prepare()
        request = ForgetRow(id=secrets.token_hex(16), learner=learner, who=who, asked=self._clock())
        async with self._db.write() as session:
            session.add(request)
            await session.flush()
            # Jobs can be looked up for a while after they have ended: the name stays out of them.
            return await self._queue.enqueue(session, Job(QUEUE, FORGET, {"request": request.id}))

    async def state(self, job: str) -> JobState | None:
        """How a job stands; its progress says what was done."""
        async with self._db.read() as session:
            return await self._queue.state(session, job)

    async def _archive(self, kind: str, case: str, who: str) -> str:
        # Whoever asks hears at once that nothing can be written, not after five attempts of a job.
        self._exports.prepare()
        order = ArchiveOrder(case=case, who=who, before=self._clock())
        async with self._db.write() as session:
            return await self._queue.enqueue(
                session, Job(QUEUE, kind, order.model_dump(mode="json"), key=f"{kind} {case}")
            )
