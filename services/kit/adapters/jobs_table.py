import asyncio
from collections.abc import Mapping

from sqlalchemy import Table, event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, SessionTransaction

from services.kit.adapters.job_rows import JobRows, TableTimes
from services.kit.adapters.job_worker import JobWorker
from services.kit.clock import Clock, utc_now
from services.kit.database import Database
from services.kit.jobs import Handler, Job, JobState


class TableJobQueue:
    """A JobQueue in one table of the service's own database (`job_table`), on SQLite and PostgreSQL alike.

    Decision 0005 says why it is home-made.
    """

    def __init__(self, db: Database, table: Table, times: TableTimes | None = None, clock: Clock = utc_now) -> None:
        self._rows = JobRows(db, table, times or TableTimes(), clock)
        self._workers: set[asyncio.Event] = set()

    async def enqueue(self, session: AsyncSession, job: Job) -> str:
        """Add a job in the caller's transaction; see `JobQueue`."""
        added = await self._rows.add(session, job)

        @event.listens_for(session.sync_session, "after_transaction_end")
        def ended(_: Session, transaction: SessionTransaction) -> None:
            # Savepoints end, too; nobody sees the job before the outermost one has.
            if transaction.parent is None:
                self._wake()

        return added

    async def state(self, session: AsyncSession, job: str) -> JobState | None:
        """How a job stands."""
        return await self._rows.state(session, job)

    async def work(self, queue: str, handlers: Mapping[str, Handler], concurrency: int = 1) -> None:
        """Do jobs of one queue until cancelled; see `JobQueue`."""
        wake = asyncio.Event()
        self._workers.add(wake)
        try:
            await JobWorker(self._rows, queue, handlers, concurrency, wake).work()
        finally:
            self._workers.discard(wake)
            # What this worker gave back is taken by another one of this process at once.
            self._wake()

    def _wake(self) -> None:
        for worker in self._workers:
            worker.set()
