import asyncio
import os
import random
import secrets
import socket
import time
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any, Final

import structlog
from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from services.kit.adapters.job_rows import JobRows
from services.kit.jobs import Handler, Held, LeaseLost

_log = structlog.get_logger(__name__)
_SWEEP_SECONDS: Final = 3_600.0
_DIED: Final = "the worker that had this job ended in the middle of every attempt"


class RowLease:
    """A worker's hold on one job."""

    def __init__(self, rows: JobRows, job: Held, worker: str) -> None:
        self._rows, self._job, self._worker = rows, job, worker
        self.settled = False

    @property
    def job(self) -> Held:
        """The job as it was taken."""
        return self._job

    async def report(self, progress: Mapping[str, JsonValue]) -> None:
        """Replace the job's progress. Raises `LeaseLost`."""
        async with self._rows.transaction() as session:
            await self._rows.change(session, self._job, self._worker, progress=dict(progress))

    async def done(self, session: AsyncSession) -> None:
        """Mark the job done in the caller's transaction. Raises `LeaseLost`."""
        await self._rows.done(session, self._job, self._worker)
        self.settled = True


class JobWorker:
    """Takes jobs of one queue and does them, several at once."""

    def __init__(
        self, rows: JobRows, queue: str, handlers: Mapping[str, Handler], concurrency: int, wake: asyncio.Event
    ) -> None:
        self._rows, self._queue, self._handlers = rows, queue, handlers
        self._concurrency, self._wake = concurrency, wake
        self._name = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._running: set[asyncio.Task[None]] = set()

    async def work(self) -> None:
        """Do jobs until cancelled; those under way are then given back."""
        swept = -_SWEEP_SECONDS
        try:
            while True:
                self._wake.clear()
                if time.monotonic() - swept > _SWEEP_SECONDS:
                    swept = time.monotonic()
                    await self._careful("jobs could not be swept", self._rows.sweep())
                if not await self._start_due():
                    await self._sleep()
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def _start_due(self) -> bool:
        """Start what is due and fits; whether anything was."""
        free = self._concurrency - len(self._running)
        if not free:
            return False
        try:
            taken = await self._rows.take(self._queue, self._handlers.keys(), free, self._name)
        except Exception:
            # The database may be away for a while; a worker that ends for that would never come back.
            _log.exception("jobs could not be looked for", queue=self._queue)
            return False
        for job in taken:
            task = asyncio.create_task(self._do(job))
            self._running.add(task)
            task.add_done_callback(self._landed)
        return bool(taken)

    async def _sleep(self) -> None:
        poll = self._rows.times.poll.total_seconds()
        with suppress(TimeoutError):
            # Uneven, so that many workers do not look at the same moment.
            async with asyncio.timeout(poll * random.uniform(0.8, 1.2)):  # noqa: S311
                await self._wake.wait()

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._wake.set()

    async def _do(self, job: Held) -> None:
        if job.attempt > job.attempts:
            await self._careful("a job could not be written off", self._give_up(job, _DIED))
            return
        lease = RowLease(self._rows, job, self._name)
        mine = asyncio.current_task()
        assert mine is not None
        keeping = asyncio.create_task(self._keep(lease, mine))
        try:
            await self._handlers[job.kind].run(lease)
            await self._finish(lease)
        except asyncio.CancelledError:
            if keeping.done():
                _log.warning("a job was lost to another worker", job=job.id, kind=job.kind, attempt=job.attempt)
                return
            await self._careful("a job could not be given back", self._rows.give_back(job, self._name))
            raise
        except LeaseLost:
            _log.warning("a job was lost to another worker", job=job.id, kind=job.kind, attempt=job.attempt)
        except Exception as error:
            _log.exception("an attempt at a job failed", job=job.id, kind=job.kind, attempt=job.attempt)
            await self._careful("a failed job could not be settled", self._failed(job, repr(error)))
        finally:
            keeping.cancel()

    async def _finish(self, lease: RowLease) -> None:
        if not lease.settled:
            async with self._rows.transaction() as session:
                await lease.done(session)

    async def _failed(self, job: Held, error: str) -> None:
        if job.attempt >= job.attempts:
            await self._give_up(job, error)
        else:
            await self._rows.again(job, self._name, error)

    async def _give_up(self, job: Held, error: str) -> None:
        async with self._rows.transaction() as session:
            await self._rows.failed(session, job, self._name, error)
            await self._handlers[job.kind].gave_up(session, job, error)

    async def _keep(self, lease: RowLease, doing: asyncio.Task[None]) -> None:
        """Renew the lease for as long as it takes; cancel the work when it is lost."""
        length = self._rows.times.lease.total_seconds()
        held_until = time.monotonic() + length
        while not lease.settled:
            await asyncio.sleep(length / 3)
            try:
                await self._rows.renew(lease.job, self._name)
                held_until = time.monotonic() + length
            except LeaseLost:
                break
            except Exception:
                _log.exception("a lease could not be renewed", job=lease.job.id)
                if time.monotonic() > held_until:
                    break
        if not lease.settled:
            doing.cancel()

    async def _careful(self, failure: str, doing: Coroutine[Any, Any, None]) -> None:
        """Do it; what goes wrong is logged, since the lease will run out and somebody will do it then."""
        try:
            await doing
        except LeaseLost:
            _log.warning("a job was lost to another worker", queue=self._queue)
        except Exception:
            _log.exception(failure, queue=self._queue)
