"""One environment kept loaded: a sandbox with a process that has its imports done and clones sessions from itself."""

import asyncio
import socket
from typing import Any

import structlog

from services.runner.channel import Channel, Ended
from services.runner.compiled import MAGIC
from services.runner.errors import SessionRefused
from services.runner.sandbox.wire import Garbled
from services.runner.sandboxes import Plan, Sandbox, Sandboxes
from services.runner.session import Session

_log = structlog.get_logger()
_OPEN_SECONDS = 15.0


class Zygote:
    """A running sandbox. Opens sessions; never runs a learner's code itself."""

    def __init__(self, sandboxes: Sandboxes, plan: Plan) -> None:
        self._sandboxes, self._plan = sandboxes, plan
        self._lock = asyncio.Lock()
        self._sandbox: Sandbox | None = None
        self._control: Channel | None = None
        self.sessions, self._open, self._retired = 0, 0, False
        self._same_python = False

    async def start(self) -> None:
        """Start the sandbox and load the imports. Raises SessionRefused with what it said."""
        try:
            hello = await self._greet()
            if not hello.get("ready"):
                raise SessionRefused(
                    f"the environment's imports start {hello.get('threads')} threads; sessions cannot be cloned safely"
                )
        except BaseException:
            await self.close()
            raise
        self._same_python = hello.get("magic") == MAGIC
        _log.info("zygote_ready", environment=self._plan.environment, seconds=hello["seconds"], failed=hello["failed"])

    async def _greet(self) -> dict[str, Any]:
        sandbox = self._sandbox = await self._sandboxes.start(self._plan)
        self._control = Channel(sandbox.control)
        try:
            return await self._control.receive(self._sandboxes.start_seconds)
        except (Ended, Garbled, TimeoutError) as error:
            words = (await sandbox.last_words()).strip()
            reason = words.splitlines()[-1] if words else type(error).__name__
            raise SessionRefused(f"the sandbox did not start: {reason}") from None

    async def open(self, *, warm: bool) -> Session:
        """Open a session. Raises SessionRefused."""
        if self._control is None or self._sandbox is None or not self._sandbox.alive:
            raise SessionRefused("the environment's sandbox has ended")
        ours, theirs = socket.socketpair()
        try:
            # The kernel then tells with the first byte which process sent it, numbered as this process sees it.
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            with theirs:
                async with self._lock:
                    await self._control.send_with_socket({"warm": warm}, theirs)
            async with asyncio.timeout(_OPEN_SECONDS):
                session = await Session.greet(ours, self._sandbox.processes, same_python=self._same_python)
        except (Ended, TimeoutError, OSError) as error:
            ours.close()
            raise SessionRefused(f"no session could be opened: {type(error).__name__} {error}") from None
        except BaseException:
            ours.close()
            raise
        self.sessions += 1
        self._open += 1
        session.belongs_to(lambda: self.alive, self._session_closed)
        return session

    async def _session_closed(self) -> None:
        self._open -= 1
        if self._retired and not self._open:
            await self.close()

    async def retire(self) -> None:
        """Open nothing more, and end when the last session has been closed: runs under way are not broken off."""
        self._retired = True
        if not self._open:
            await self.close()

    @property
    def alive(self) -> bool:
        """Whether the sandbox still runs."""
        return self._sandbox is not None and self._sandbox.alive

    async def close(self) -> None:
        """End the sandbox and every session in it."""
        if self._control is not None:
            self._control.close()
        if self._sandbox is not None:
            await self._sandbox.end()
