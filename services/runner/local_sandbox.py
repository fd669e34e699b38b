"""Sandboxes that bubblewrap makes, as child processes of the runner."""

import asyncio
import contextlib
import itertools
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from services.runner import bubblewrap, memory_watch
from services.runner.bubblewrap import Interpreter, Shape
from services.runner.cgroups import Cgroups, Group
from services.runner.errors import SessionRefused
from services.runner.sandboxes import Plan

_WORDS = 4_000


def _users() -> Iterator[int]:
    """Ids, each of which nobody else is likely to use at the same time; runners begin anywhere."""
    first = secrets.randbelow(len(bubblewrap.USERS))
    return itertools.cycle((*bubblewrap.USERS[first:], *bubblewrap.USERS[:first]))


@dataclass(frozen=True)
class Machine:
    """What bubblewrap's sandboxes on this machine have in common; `Sandboxes`."""

    interpreter: Interpreter
    shape: Shape
    cgroups: Cgroups | None
    start_seconds: float
    environments: Path | None = None
    """Folder of the environments that cases need besides the common one."""
    users: Iterator[int] = field(default_factory=_users, repr=False, compare=False)
    """Whom sandboxes of root's become, one after the other."""

    @property
    def nested(self) -> bool:
        """Whether sessions are cloned from a zygote."""
        return self.shape.nested

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

    async def start(self, plan: Plan) -> "LocalSandbox":
        """Start one. Raises SessionRefused."""
        interpreter = self.interpreter_of(plan)
        ours, theirs = socket.socketpair()
        said = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the sandbox
        try:
            with theirs:
                process = await self._launched(plan, interpreter, theirs, said.fileno())
        except BaseException:
            ours.close()
            said.close()
            raise
        return LocalSandbox(process, ours, said, self.cgroups)

    async def _launched(
        self, plan: Plan, interpreter: Interpreter, control: socket.socket, said: int
    ) -> subprocess.Popen[bytes]:
        launching = asyncio.create_task(asyncio.to_thread(self._launch, plan, interpreter, control, said))
        try:
            return await asyncio.shield(launching)
        except asyncio.CancelledError:
            # The thread starts it all the same, and it would be nobody's.
            with contextlib.suppress(OSError):
                process = await launching
                process.kill()
                await asyncio.to_thread(process.wait)
            raise

    def _launch(
        self, plan: Plan, interpreter: Interpreter, control: socket.socket, said: int
    ) -> subprocess.Popen[bytes]:
        user = next(self.users) if self.shape.drop_root else None
        config = plan.config(drop_to=user, single=not self.shape.nested)
        arguments = [str(control.fileno()), json.dumps(config)]
        return subprocess.Popen(
            bubblewrap.command(interpreter, self.shape, plan.case, plan.file_mb, arguments),
            pass_fds=[control.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env={},
            start_new_session=True,
        )

    async def close(self) -> None:
        """They share nothing that must be let go."""


class LocalSandbox:
    """A running bubblewrap; `Sandbox`."""

    def __init__(
        self, process: subprocess.Popen[bytes], control: socket.socket, said: IO[bytes], cgroups: Cgroups | None
    ) -> None:
        self._process, self.control, self._said, self._cgroups = process, control, said, cgroups

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    async def processes(self, pid: int) -> "LocalProcesses":
        """Those of the session with this first process, in a group of their own where one can be made."""
        # First of all: while the group is made, the process may end and its number become another's.
        pidfd, group = os.pidfd_open(pid), None
        try:
            if self._cgroups is not None:
                with contextlib.suppress(OSError):
                    group = await self._cgroups.group(pid)
        except BaseException:
            os.close(pidfd)
            raise
        return LocalProcesses(pid, pidfd, group)

    async def last_words(self) -> str:
        """End it; what its zygote has written besides messages."""
        await self._kill()
        self._said.seek(0)
        return self._said.read(_WORDS).decode("utf-8", "replace")

    async def end(self) -> None:
        """End it and every session in it."""
        try:
            await self._kill()
        finally:
            # Also where whoever waits for its end is cancelled.
            self._said.close()

    async def _kill(self) -> None:
        with contextlib.suppress(OSError):
            self._process.kill()
        await asyncio.to_thread(self._process.wait)


class LocalProcesses:
    """A pid namespace below this process; killing its first process ends all of it."""

    def __init__(self, pid: int, pidfd: int, group: Group | None) -> None:
        """`pidfd` is its from now on."""
        self._pid, self._pidfd, self._group = pid, pidfd, group

    @property
    def alive(self) -> bool:
        """Whether its first process still runs."""
        return self._pidfd >= 0 and not select.select([self._pidfd], [], [], 0)[0]

    def kill(self) -> None:
        """End them all."""
        if self._pidfd < 0:
            # The number may be another session's by now.
            return
        with contextlib.suppress(OSError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    async def limit(self, memory_mb: int, processes: int) -> None:
        """Set the group's limits. Raises SessionRefused."""
        if self._group is None:
            return
        try:
            self._group.limit(memory_mb, processes)
        except OSError as error:
            raise SessionRefused(f"the session's control group takes no limits: {error}") from error

    async def over_limit(self, memory_mb: int, processes: int) -> bool:
        """Wait until they use more than that together, or are gone: false then."""
        if self._group is not None:
            # The kernel takes the biggest process only; the others may wait for it for ever.
            await self._group.out_of_memory()
            return True
        try:
            await memory_watch.watch(self._pid, memory_mb, processes)
        except memory_watch.OverLimit:
            return True
        return False

    async def ran_out_of_memory(self) -> bool:
        """Whether the kernel ended one of them for lack of memory."""
        return self._group is not None and self._group.ran_out_of_memory()

    async def memory_mb(self) -> float:
        """What they have for themselves."""
        kilobytes, _ = await asyncio.to_thread(memory_watch.usage, self._pid)
        return kilobytes / 1024

    async def close(self) -> None:
        """Wait until they are gone."""
        for _ in range(250):
            if not self.alive:
                break
            await asyncio.sleep(0.02)
        pidfd, self._pidfd = self._pidfd, -1
        if pidfd >= 0:
            os.close(pidfd)
        if self._group is not None:
            await self._group.close()
