"""One environment kept loaded: a sandbox with a process that has its imports done and clones sessions from itself."""

import asyncio
import contextlib
import json
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from services.runner import bubblewrap
from services.runner.bubblewrap import Interpreter, Shape
from services.runner.cgroups import Cgroups
from services.runner.channel import Channel, Ended
from services.runner.errors import SessionRefused
from services.runner.sandbox.wire import Garbled
from services.runner.seccomp import session_filter
from services.runner.session import Session

_log = structlog.get_logger()
_OPEN_SECONDS = 15.0


@dataclass(frozen=True)
class Plan:
    """What makes two runs share a zygote."""

    environment: str
    imports: tuple[str, ...]
    case: Path
    """Folder with the case's data files."""
    file_mb: int
    packages: str | None = None
    """Digest of an environment of its own; None: the common one."""


@dataclass(frozen=True)
class Machine:
    """What sandboxes on this machine have in common."""

    interpreter: Interpreter
    shape: Shape
    cgroups: Cgroups | None
    start_seconds: float
    environments: Path | None = None
    """Folder of the environments that cases need besides the common one."""

    def interpreter_of(self, plan: Plan) -> Interpreter:
        """The Python that the plan runs in. Raises SessionRefused when its environment is not on this machine."""
        if plan.packages is None:
            return self.interpreter
        env = self.environments / plan.packages if self.environments else None
        if env is None or not (env / "bin" / "python").exists():
            raise SessionRefused(
                f"the environment {plan.packages[:12]} is not on this machine: publish the case again to make it"
            )
        return self.interpreter.beside(env)


class Zygote:
    """A running sandbox. Opens sessions; never runs a learner's code itself."""

    def __init__(self, machine: Machine, plan: Plan) -> None:
        self._machine, self._plan = machine, plan
        self._lock = asyncio.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: Channel | None = None
        self.sessions, self._open, self._retired = 0, 0, False

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
        _log.info("zygote_ready", environment=self._plan.environment, seconds=hello["seconds"], failed=hello["failed"])

    async def _greet(self) -> dict[str, Any]:
        ours, theirs = socket.socketpair()
        self._control = Channel(ours)
        with theirs, tempfile.TemporaryFile() as said:
            self._process = await asyncio.to_thread(self._launch, theirs, said.fileno())
            theirs.close()
            try:
                return await self._control.receive(self._machine.start_seconds)
            except (Ended, Garbled, TimeoutError) as error:
                await self.close()
                said.seek(0)
                words = said.read(4_000).decode("utf-8", "replace").strip()
                reason = words.splitlines()[-1] if words else type(error).__name__
                raise SessionRefused(f"the sandbox did not start: {reason}") from None

    def _launch(self, control: socket.socket, errors: int) -> subprocess.Popen[bytes]:
        shape = self._machine.shape
        config = {
            "imports": list(self._plan.imports),
            "seccomp": session_filter().hex(),
            "file_mb": self._plan.file_mb,
            "drop_to": shape.drop_to,
            "single": not shape.nested,
        }
        arguments = [str(control.fileno()), json.dumps(config)]
        interpreter = self._machine.interpreter_of(self._plan)
        command = bubblewrap.command(interpreter, shape, self._plan.case, self._plan.file_mb, arguments)
        return subprocess.Popen(
            command,
            pass_fds=[control.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            env={},
            start_new_session=True,
        )

    async def open(self, *, warm: bool) -> Session:
        """Open a session. Raises SessionRefused."""
        if self._control is None or self._process is None or self._process.poll() is not None:
            raise SessionRefused("the environment's sandbox has ended")
        ours, theirs = socket.socketpair()
        try:
            # The kernel then tells with the first byte which process sent it, numbered as this process sees it.
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            with theirs:
                async with self._lock:
                    await self._control.send_with_socket({"warm": warm}, theirs)
            async with asyncio.timeout(_OPEN_SECONDS):
                session = await Session.greet(ours, self._machine.cgroups)
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
        return self._process is not None and self._process.poll() is None

    async def close(self) -> None:
        """End the sandbox and every session in it."""
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            with contextlib.suppress(OSError):
                self._process.kill()
            await asyncio.to_thread(self._process.wait)
