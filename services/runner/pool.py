"""The environments kept loaded, and sessions kept open in them."""

import asyncio
import contextlib
from collections import OrderedDict
from typing import NamedTuple

import structlog

from services.runner.errors import SessionRefused
from services.runner.sandboxes import Plan, Sandboxes
from services.runner.session import Session
from services.runner.settings import RunnerSettings
from services.runner.zygote import Zygote

_log = structlog.get_logger()


class _Spare(NamedTuple):
    """A session that waits for a run."""

    session: Session
    warm: bool


class _Environment:
    """One zygote and its spare sessions."""

    def __init__(self, sandboxes: Sandboxes, plan: Plan, settings: RunnerSettings) -> None:
        self._sandboxes, self._plan, self._settings = sandboxes, plan, settings
        self._zygote: Zygote | None = None
        self._starting = asyncio.Lock()
        self._spares: list[_Spare] = []
        self._filling: asyncio.Task[None] | None = None
        self._leaving: set[asyncio.Task[None]] = set()
        self._warms = self._closed = False

    async def _ready(self) -> Zygote:
        async with self._starting:
            if self._closed:
                # It made room meanwhile: nobody would end what is loaded now.
                raise SessionRefused("the environment is not kept any more")
            zygote = self._zygote
            if zygote is not None and zygote.alive and zygote.sessions < self._settings.sessions_per_zygote:
                return zygote
            await self._retire()
            zygote = Zygote(self._sandboxes, self._plan)
            await zygote.start()
            self._zygote = zygote
            return zygote

    async def acquire(self) -> Session:
        """A session for one run: a spare where there is one. Raises SessionRefused."""
        while self._spares:
            session = self._spares.pop(0).session
            if session.alive:
                return session
            await session.close()
        try:
            return await self._open(warm=False)
        except SessionRefused as error:
            _log.warning("zygote_replaced", reason=error.detail)
            await self.replace()
            return await self._open(warm=False)

    async def _open(self, *, warm: bool) -> Session:
        if self._sandboxes.nested and not self._closed:
            return await (await self._ready()).open(warm=warm)
        # The whole sandbox is this one session's; so it is when the environment made room for another meanwhile.
        zygote = Zygote(self._sandboxes, self._plan)
        await zygote.start()
        try:
            session = await zygote.open(warm=warm)
        finally:
            await zygote.retire()
        return session

    def refill(self, *, warm: bool) -> None:
        """Open spares again, in the background.

        `warm`: do in them what nearly every notebook does, which takes more than it saves, but of idle processors.
        Those that were opened without it are opened anew, where that is a clone and no sandbox of its own.
        """
        self._warms = warm
        if not self._closed and (self._filling is None or self._filling.done()):
            self._filling = asyncio.create_task(self._fill())

    async def _fill(self) -> None:
        while len(self._spares) < self._settings.spares or self._may_renew():
            warm = self._warms
            try:
                # First the spare: opening it may replace the zygote, and the list of spares with it.
                opened = _Spare(await self._open(warm=warm), warm)
            except SessionRefused as error:
                _log.warning("spare_refused", reason=error.detail)
                return
            self._spares.append(opened)
            if len(self._spares) > self._settings.spares:
                cold = next(spare for spare in self._spares if not spare.warm)
                self._spares.remove(cold)
                # Whoever cancels this one must not break that off.
                leaving = asyncio.create_task(cold.session.close())
                self._leaving.add(leaving)
                leaving.add_done_callback(self._leaving.discard)

    def _may_renew(self) -> bool:
        return self._warms and self._sandboxes.nested and not all(spare.warm for spare in self._spares)

    async def warm(self) -> None:
        """Load the environment and open its spares."""
        if self._sandboxes.nested:
            await self._ready()
        self.refill(warm=True)

    async def replace(self) -> None:
        """Let the zygote and its spares go; the next session starts another."""
        async with self._starting:
            await self._retire()

    async def _retire(self) -> None:
        spares, self._spares = self._spares, []
        zygote, self._zygote = self._zygote, None
        for spare in spares:
            await spare.session.close()
        if zygote is not None:
            await zygote.retire()

    async def close(self) -> None:
        """Keep nothing loaded any more; runs under way, of which the environment knows nothing, go on."""
        self._closed = True
        if self._filling is not None:
            self._filling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._filling
        await asyncio.gather(*self._leaving)
        await self.replace()


class Pool:
    """Environments by plan; the least recently used goes when there are too many."""

    def __init__(self, sandboxes: Sandboxes, settings: RunnerSettings) -> None:
        self._sandboxes, self._settings = sandboxes, settings
        self._environments: OrderedDict[Plan, _Environment] = OrderedDict()
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False

    def environment(self, plan: Plan) -> _Environment:
        """The environment of this plan, new or kept. Raises SessionRefused once the pool is closed.

        What would be loaded for whoever comes late, nobody would end.
        """
        if self._closed:
            raise SessionRefused("the runner is ending")
        found = self._environments.get(plan)
        if found is None:
            found = self._environments[plan] = _Environment(self._sandboxes, plan, self._settings)
        self._environments.move_to_end(plan)
        while len(self._environments) > self._settings.zygotes:
            _, oldest = self._environments.popitem(last=False)
            task = asyncio.create_task(oldest.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        return found

    async def close(self) -> None:
        """End every environment, and load none any more."""
        self._closed = True
        environments = list(self._environments.values())
        self._environments.clear()
        await asyncio.gather(*self._closing, *(environment.close() for environment in environments))
