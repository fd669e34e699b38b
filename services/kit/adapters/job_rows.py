import random
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    and_,
    delete,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.engine import RowMapping
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import Select

from services.kit.clock import Clock
from services.kit.database import Database, JsonDocument, UtcDateTime
from services.kit.jobs import Held, Job, JobState, LeaseLost

_MAX_ERROR: Final = 2_000
_ACTIVE: Final = ("queued", "running")
_JOINS: Final = 3


def job_table(metadata: MetaData) -> Table:
    """Add the table `job` to a package's metadata. The package's own migration makes it."""
    active = text("status IN ('queued', 'running')")
    table = Table(
        "job",
        metadata,
        Column("id", String(32), primary_key=True),
        Column("queue", String(32), nullable=False),
        Column("kind", String(64), nullable=False),
        Column("key", String(512)),
        Column("payload", JsonDocument, nullable=False),
        Column("status", String(8), nullable=False),
        Column("priority", Integer, nullable=False),
        Column("run_at", UtcDateTime, nullable=False),
        Column("attempt", Integer, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("worker", String(64)),
        Column("leased_until", UtcDateTime),
        Column("progress", JsonDocument, nullable=False),
        Column("error", Text),
        Column("created", UtcDateTime, nullable=False),
        Column("ended", UtcDateTime),
    )
    Index("job_next", table.c.queue, table.c.status, table.c.priority, table.c.run_at)
    Index("job_key", table.c.queue, table.c.key, unique=True, sqlite_where=active, postgresql_where=active)
    return table


@dataclass(frozen=True)
class TableTimes:
    """How patient a queue in a table is."""

    lease: timedelta = timedelta(seconds=30)
    """How long a worker may be silent before its jobs are somebody else's; it renews them at a third of this. Far
    above what the clocks of two machines differ by."""
    poll: timedelta = timedelta(seconds=1)
    """How often a worker looks for delayed jobs, and for those that other processes enqueued."""
    backoff: timedelta = timedelta(seconds=2)
    """Wait after the first failed attempt; it doubles with each, and is by chance half to one and a half times that."""
    longest_backoff: timedelta = timedelta(minutes=10)
    keep: timedelta = timedelta(days=30)
    """How long jobs that have ended can still be looked up."""


class JobRows:
    """All SQL of jobs. Every change of a job that is held is bound to who holds it, and in which attempt."""

    def __init__(self, db: Database, table: Table, times: TableTimes, clock: Clock) -> None:
        self._db, self._jobs, self.times, self._clock = db, table, times, clock

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One transaction that may write."""
        async with self._db.write(brief=True) as session:
            yield session

    async def add(self, session: AsyncSession, job: Job) -> str:
        """Add the job, or join the active one with its key; returns the id of the one or the other."""
        for tries_left in reversed(range(_JOINS)):
            try:
                async with session.begin_nested():
                    await session.execute(insert(self._jobs).values(self._new(job)))
            except IntegrityError:
                joined = await session.scalar(self._same(job))
                if joined is not None:
                    return str(joined)
                # The other one may have ended between our insert and this look.
                if job.key is None or not tries_left:
                    raise
            else:
                break
        return job.id

    async def state(self, session: AsyncSession, job: str) -> JobState | None:
        """How a job stands."""
        row = (await session.execute(select(self._jobs).where(self._jobs.c.id == job))).mappings().one_or_none()
        return None if row is None else JobState(row["status"], row["attempt"], row["progress"], row["error"])

    async def take(self, queue: str, kinds: Collection[str], limit: int, worker: str) -> Sequence[Held]:
        """Lease up to `limit` jobs that are due, the most urgent first."""
        now = self._clock()
        due = self._due(queue, kinds, now).limit(limit)
        async with self._db.read(brief=True) as session:
            # Looking costs no write lock, and most looks find nothing.
            if (await session.execute(due)).first() is None:
                return ()
        async with self._db.write(brief=True) as session:
            # Rows that another worker is just taking are skipped where the database locks rows.
            ids = (await session.scalars(due.with_for_update(skip_locked=True))).all()
            leased = (
                update(self._jobs)
                .where(self._jobs.c.id.in_(ids))
                .values(
                    status="running",
                    worker=worker,
                    attempt=self._jobs.c.attempt + 1,
                    leased_until=now + self.times.lease,
                )
                .returning(self._jobs)
            )
            rows = (await session.execute(leased)).mappings().all()
        return [_held(row) for row in sorted(rows, key=lambda row: (row["priority"], row["run_at"], row["created"]))]

    async def change(self, session: AsyncSession, job: Held, worker: str, **values: Any) -> None:
        """Change the row of a job that this worker holds. Raises `LeaseLost`."""
        # The attempt counts, too: a worker that lost a job and took it again would hold it twice.
        mine = and_(
            self._jobs.c.id == job.id,
            self._jobs.c.status == "running",
            self._jobs.c.worker == worker,
            self._jobs.c.attempt == job.attempt,
        )
        changed = await session.execute(update(self._jobs).where(mine).values(values).returning(self._jobs.c.id))
        if changed.first() is None:
            raise LeaseLost(f"the job {job.id} ({job.kind}) is not in this worker's hands any more")

    async def renew(self, job: Held, worker: str) -> None:
        """Hold the job for another lease from now on. Raises `LeaseLost`."""
        async with self._db.write(brief=True) as session:
            await self.change(session, job, worker, leased_until=self._clock() + self.times.lease)

    async def done(self, session: AsyncSession, job: Held, worker: str) -> None:
        """Mark the job done. Raises `LeaseLost`."""
        await self.change(session, job, worker, status="done", leased_until=None, error=None, ended=self._clock())

    async def give_back(self, job: Held, worker: str) -> None:
        """Leave it to somebody else, at no cost. Raises `LeaseLost`."""
        async with self._db.write(brief=True) as session:
            await self.change(session, job, worker, status="queued", leased_until=None, attempt=job.attempt - 1)

    async def again(self, job: Held, worker: str, error: str) -> None:
        """Have it tried again after a while. Raises `LeaseLost`."""
        values = {"status": "queued", "leased_until": None, "error": error[:_MAX_ERROR]}
        async with self._db.write(brief=True) as session:
            await self.change(session, job, worker, run_at=self._clock() + self._wait(job.attempt), **values)

    async def failed(self, session: AsyncSession, job: Held, worker: str, error: str) -> None:
        """Mark the job failed for good. Raises `LeaseLost`."""
        values = {"status": "failed", "leased_until": None, "error": error[:_MAX_ERROR]}
        await self.change(session, job, worker, ended=self._clock(), **values)

    async def sweep(self) -> None:
        """Forget jobs that ended long ago."""
        old = and_(self._jobs.c.status.not_in(_ACTIVE), self._jobs.c.ended < self._clock() - self.times.keep)
        async with self._db.write(brief=True) as session:
            await session.execute(delete(self._jobs).where(old))

    def _new(self, job: Job) -> dict[str, Any]:
        now = self._clock()
        return {
            "id": job.id,
            "queue": job.queue,
            "kind": job.kind,
            "key": job.key,
            "payload": dict(job.payload),
            "status": "queued",
            "priority": job.priority,
            "run_at": now + job.delay,
            "attempt": 0,
            "attempts": job.attempts,
            "progress": {},
            "created": now,
        }

    def _same(self, job: Job) -> Select[Any]:
        same = and_(self._jobs.c.queue == job.queue, self._jobs.c.key == job.key)
        return select(self._jobs.c.id).where(same, self._jobs.c.status.in_(_ACTIVE))

    def _due(self, queue: str, kinds: Collection[str], now: datetime) -> Select[Any]:
        waiting = and_(self._jobs.c.status == "queued", self._jobs.c.run_at <= now)
        orphaned = and_(self._jobs.c.status == "running", self._jobs.c.leased_until < now)
        due = and_(self._jobs.c.queue == queue, self._jobs.c.kind.in_(kinds), or_(waiting, orphaned))
        order = (self._jobs.c.priority, self._jobs.c.run_at, self._jobs.c.created)
        return select(self._jobs.c.id).where(due).order_by(*order)

    def _wait(self, attempt: int) -> timedelta:
        doubled = self.times.backoff * (1 << min(attempt - 1, 20))
        # Chance keeps jobs that failed together from coming back together.
        return min(doubled, self.times.longest_backoff) * random.uniform(0.5, 1.5)  # noqa: S311


def _held(row: RowMapping) -> Held:
    return Held(
        id=row["id"],
        queue=row["queue"],
        kind=row["kind"],
        key=row["key"],
        payload=row["payload"],
        attempt=row["attempt"],
        attempts=row["attempts"],
        progress=row["progress"],
    )
