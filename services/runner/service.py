"""Run untrusted code and say what happened."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing

import structlog

from services.contracts.observation import CellStarted, RunEvent, RunFailed, RunFinished, RunRequest
from services.runner.data import DataCache
from services.runner.errors import RunnerError, SessionRefused
from services.runner.machine import find_machine
from services.runner.pool import Pool
from services.runner.ports import DataSource
from services.runner.session import Session
from services.runner.settings import RunnerSettings
from services.runner.zygote import Machine, Plan

_log = structlog.get_logger()


class Runner:
    """Executes learners' code in sandboxes of this machine; a `CodeRunner`.

    Open with `async with Runner(settings, data) as runner:`. Without `data` only cases without data files can be run.
    """

    def __init__(
        self, settings: RunnerSettings, data: DataSource | None = None, machine: Machine | None = None
    ) -> None:
        self._settings = settings
        self._data = DataCache(settings.cache, data)
        self._machine, self._pool = machine, None if machine is None else Pool(machine, settings)
        self._finding = asyncio.Lock()
        # A semaphore wakes those who wait in order of arrival.
        self._turns = asyncio.Semaphore(settings.workers)
        self._closing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Runner":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def check(self) -> None:
        """Make sure that sandboxes can be made. Raises SandboxUnavailable with one line that says what is missing."""
        await self._ready()

    async def _ready(self) -> Pool:
        async with self._finding:
            if self._pool is None:
                self._machine = await find_machine(self._settings, root=os.geteuid() == 0)
                self._pool = Pool(self._machine, self._settings)
            return self._pool

    async def run(self, request: RunRequest) -> AsyncGenerator[RunEvent, None]:
        """Run; parts arrive as they happen and the last is RunFinished or RunFailed. Closing it ends the run."""
        async with self._turns:
            try:
                async with aclosing(self._run(request)) as events:
                    async for event in events:
                        yield event
            except RunnerError as error:
                _log.error("run_failed", error=error.error, detail=error.detail)
                yield RunFailed(error=error.error, detail=error.detail)

    async def _run(self, request: RunRequest) -> AsyncGenerator[RunEvent, None]:
        pool = await self._ready()
        environment = pool.environment(await self._plan(request))
        for last_try in (False, True):
            session = await environment.acquire()
            started = False
            try:
                async with aclosing(session.execute(request)) as events:
                    async for event in events:
                        started = True
                        yield event if isinstance(event, CellStarted) else RunFinished(observation=event)
                return
            except SessionRefused as error:
                if started or last_try:
                    raise
                _log.warning("run_tried_again", reason=error.detail)
                await environment.replace()
            finally:
                session.kill()
                self._in_background(session)
                environment.refill()

    def _in_background(self, session: Session) -> None:
        """Clean up after the answer has left."""
        task = asyncio.create_task(session.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _plan(self, request: RunRequest) -> Plan:
        case = await self._data.tree(request.data)
        return Plan(request.environment, request.imports, case, request.limits.file_mb, request.packages)

    async def warm(self, request: RunRequest) -> None:
        """Load the request's environment without running anything; cells are ignored. Raises RunnerError."""
        pool = await self._ready()
        await pool.environment(await self._plan(request)).warm()

    async def close(self) -> None:
        """End every sandbox."""
        if self._closing:
            await asyncio.wait(self._closing)
        if self._pool is not None:
            await self._pool.close()
