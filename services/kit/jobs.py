"""Work that outlives the request that asks for it, and the process that does it."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, Protocol

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

JobStatus = Literal["queued", "running", "done", "failed"]


@dataclass(frozen=True)
class Job:
    """Work to be done at least once. What a handler does must be idempotent by the job's id or its payload."""

    queue: str
    """Workers serve one queue each: slow work does not stand in the way of quick work."""
    kind: str
    """Which handler does it."""
    payload: Mapping[str, JsonValue]
    """Plain JSON, small: ids of rows. Free text belongs into the rows."""
    key: str | None = None
    """While a job of the queue with this key is queued or running, another one joins it."""
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    priority: int = 0
    """Smaller is sooner."""
    delay: timedelta = timedelta(0)
    attempts: int = 5
    """How often it is tried, a worker that died in the middle included."""


@dataclass(frozen=True)
class Held:
    """A job in a worker's hands."""

    id: str
    queue: str
    kind: str
    key: str | None
    payload: Mapping[str, JsonValue]
    attempt: int
    """1 for the first."""
    attempts: int
    progress: Mapping[str, JsonValue]
    """What was reported last, also by a worker that died since; empty at first."""


@dataclass(frozen=True)
class JobState:
    """How a job stands."""

    status: JobStatus
    attempt: int
    progress: Mapping[str, JsonValue]
    error: str | None
    """Of the last attempt that failed, for operators."""


class LeaseLost(Exception):
    """The job is somebody else's by now: this worker was silent for longer than its lease."""


class Lease(Protocol):
    """A worker's hold on a job. It is renewed while the handler runs."""

    @property
    def job(self) -> Held:
        """The job as it was taken."""
        ...

    async def report(self, progress: Mapping[str, JsonValue]) -> None:
        """Replace the job's progress, in a transaction of its own. Raises `LeaseLost`."""
        ...

    async def done(self, session: AsyncSession) -> None:
        """Mark the job done in the caller's transaction, so that its result is written exactly once.

        Raises `LeaseLost`; the transaction must then be given up. A handler that ends without calling this has its job
        marked done all the same.
        """
        ...


class Handler(Protocol):
    """Does the jobs of one kind."""

    async def run(self, lease: Lease) -> None:
        """Do the job. Whatever this raises is an attempt that failed. Cancelled when the worker stops."""
        ...

    async def gave_up(self, session: AsyncSession, job: Held, error: str) -> None:
        """Note that the job will not be tried again, in the transaction that marks it failed."""
        ...


class JobQueue(Protocol):
    """Durable jobs beside a service's own tables."""

    async def enqueue(self, session: AsyncSession, job: Job) -> str:
        """Add a job in the caller's transaction: there is no job without the row it is about, nor the other way round.

        Returns its id, or that of the active job with the same key. Workers of this process wake up at the commit.
        """
        ...

    async def state(self, session: AsyncSession, job: str) -> JobState | None:
        """How a job stands; None: there is none of that id (any more)."""
        ...

    async def work(self, queue: str, handlers: Mapping[str, Handler], concurrency: int = 1) -> None:
        """Do jobs of one queue until cancelled; jobs under way are then given back, and cost them no attempt.

        Takes only kinds that have a handler; the jobs of workers that died are taken over. Any number of processes may
        do this at once.
        """
        ...
