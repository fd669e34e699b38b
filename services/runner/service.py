"""Run untrusted code and say what happened."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from services.contracts.observation import CellStarted, Lost, RunEvent, RunFailed, RunFinished, RunRequest
from services.kit.laps import Laps
from services.runner.data import DataCache
from services.runner.errors import RunnerError, SessionRefused
from services.runner.kept import KeptSessions
from services.runner.machine import find_sandboxes
from services.runner.pool import Pool
from services.runner.ports import DataSource
from services.runner.sandboxes import Plan, Sandboxes
from services.runner.session import Session
from services.runner.settings import RunnerSettings
from services.runner.under_way import RunsUnderWay

_log = structlog.get_logger()


@dataclass
class _Attempt:
    """One way of making a run. Others observe the same, but where memory is short."""

    request: RunRequest
    at_once: int
    resume: int = 0
    """Cells that were not run because a kept session had run them."""

    def may_be_its_own_fault(self, lost: Lost | None) -> bool:
        """Whether a plain run might end otherwise: snapshots and questions side by side need memory, too."""
        if lost == "memory":
            return self.at_once > 1 or self.request.keep is not None
        return self.resume > 0 and lost in ("ended", "protocol")


class Runner:
    """Executes learners' code in sandboxes of this machine; a `CodeRunner`.

    Open with `async with Runner(settings, data) as runner:`. Without `data` only cases without data files can be run.
    """

    def __init__(
        self, settings: RunnerSettings, data: DataSource | None = None, machine: Sandboxes | None = None
    ) -> None:
        self._settings = settings
        self._data = DataCache(settings.cache, data)
        self._machine, self._pool = machine, None if machine is None else Pool(machine, settings)
        self._finding = asyncio.Lock()
        # A semaphore wakes those who wait in order of arrival.
        self._turns = asyncio.Semaphore(settings.workers)
        self._runs = RunsUnderWay()
        self._kept = KeptSessions(settings, self._in_background)
        self._closing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Runner":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def check(self) -> None:
        """Make sure that sandboxes can be made.

        Raises SandboxUnavailable with one line that says what is missing; SessionRefused once the runner is closed.
        """
        await self._ready()

    async def _ready(self) -> Pool:
        async with self._finding:
            self._runs.refuse_late()
            if self._pool is None:
                self._machine = await find_sandboxes(self._settings)
                self._pool = Pool(self._machine, self._settings)
            return self._pool

    async def run(self, request: RunRequest) -> AsyncGenerator[RunEvent, None]:
        """Run; parts arrive as they happen and the last is RunFinished or RunFailed. Closing it ends the run."""
        async with aclosing(self._runs.told(self._in_turn(request))) as events:
            async for event in events:
                yield event

    async def _in_turn(self, request: RunRequest) -> AsyncGenerator[RunEvent, None]:
        laps = Laps()
        async with self._turns:
            laps.lap("turn")
            try:
                async with aclosing(self._run(request, laps)) as events:
                    async for event in events:
                        yield event
            except RunnerError as error:
                _log.error("run_failed", error=error.error, detail=error.detail)
                yield RunFailed(error=error.error, detail=error.detail)

    async def _run(self, request: RunRequest, laps: Laps) -> AsyncGenerator[RunEvent, None]:
        attempt = _Attempt(request, 1 if self._is_busy() else self._settings.questions)
        while True:
            finished: RunFinished | None = None
            async with aclosing(self._tried(attempt, laps)) as events:
                async for event in events:
                    if isinstance(event, CellStarted):
                        yield event
                    else:
                        finished = event
            assert finished is not None
            if not attempt.may_be_its_own_fault(finished.observation.lost):
                _log.info("run_finished", environment=request.environment[:12], resumed=attempt.resume, laps=laps.ms)
                yield finished
                return
            attempt = _Attempt(request.model_copy(update={"keep": None}), at_once=1)

    async def _tried(self, attempt: "_Attempt", laps: Laps) -> AsyncGenerator[CellStarted | RunFinished]:
        request = attempt.request
        pool = await self._ready()
        plan = await self._plan(request)
        environment = pool.environment(plan)
        # A kept session that turns out to be of no use, then two fresh ones.
        for tries_left in (2, 1, 0):
            kept = self._kept.take(request, plan)
            session, attempt.resume = kept or (await environment.acquire(), 0)
            laps.lap("session")
            started = False
            try:
                async with aclosing(session.execute(request, laps, attempt.at_once, attempt.resume)) as events:
                    async for event in events:
                        started = True
                        yield event if isinstance(event, CellStarted) else RunFinished(observation=event)
                return
            except SessionRefused as error:
                if started or not tries_left:
                    raise
                _log.warning("run_tried_again", reason=error.detail, resumed=attempt.resume)
                if not attempt.resume:
                    await environment.replace()
            finally:
                self._kept.put(session, request, plan)
                # The next run of the same notebook is about to begin, and needs none.
                if request.keep is None or request.keep.then != "more":
                    environment.refill(warm=not self._is_busy())

    def _is_busy(self) -> bool:
        """Whether the runs under way are enough for all processors."""
        # One run more is made at a time than there are processors.
        return len(self._runs) >= max(2, self._settings.workers - 1)

    def _in_background(self, session: Session) -> None:
        """Clean up after the answer has left."""
        task = asyncio.create_task(session.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _plan(self, request: RunRequest) -> Plan:
        case = await self._data.tree(request.data)
        file_mb = request.limits.file_mb
        return Plan(request.environment, request.imports, case, file_mb, request.packages, request.image)

    async def warm(self, request: RunRequest) -> None:
        """Load the request's environment without running anything; cells are ignored. Raises RunnerError."""
        pool = await self._ready()
        await pool.environment(await self._plan(request)).warm()

    async def close(self) -> None:
        """Begin no run any more, break off those under way, and end every sandbox; nothing is left afterwards."""
        await self._runs.end()
        self._kept.close()
        if self._closing:
            await asyncio.wait(self._closing)
        # Whoever is finding out how sandboxes are made here ends first: it has one of its own.
        async with self._finding:
            pool, machine = self._pool, self._machine
        if pool is not None:
            await pool.close()
        if machine is not None:
            await machine.close()
