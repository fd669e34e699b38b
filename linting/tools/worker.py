import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from typing import Any

from linting.tools.tool import ToolFailed, ToolTimedOut
from linting.worker.__main__ import LENGTH

_CLEAN_ENVIRONMENT = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
"""A worker gets no secret of the service and no variable that changes what a tool does."""


GRACE_SECONDS = 2.0
"""A forking worker ends a slow job itself; it is killed when it does not manage even that."""


class _Ended(Exception):
    """The process ended before it answered."""


class Worker:
    """One warm process that does one job at a time. It is started by the first job and again after it was killed."""

    def __init__(self, folder: Path, *, forks: str | None = None) -> None:
        """`folder` is the process's working folder: empty, so that no tool finds a configuration or a module in it.

        With `forks` the process loads that tool and does each job in a child forked for it: a job that takes too long
        is killed, and the next one finds everything as warm as before.
        """
        self._folder, self._forks = folder, forks
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def call(self, job: str, seconds: float, **arguments: object) -> Any:
        """Do a job and return its result (plain JSON).

        `seconds` counts from now, waiting for earlier jobs included. Raises `ToolTimedOut` (the process was killed when
        it was this job that took too long) and `ToolFailed`.
        """
        until = time.monotonic() + seconds
        try:
            async with asyncio.timeout(seconds + (GRACE_SECONDS if self._forks else 0)), self._turn:
                left = max(until - time.monotonic(), 0.0)
                answer = await self._ask(json.dumps({"job": job, "arguments": arguments, "seconds": left}).encode())
        except TimeoutError:
            raise ToolTimedOut(f"no answer within {seconds:g} s") from None
        if answer.get("timed_out"):
            raise ToolTimedOut(f"no answer within {seconds:g} s")
        if "error" in answer:
            raise ToolFailed(answer["error"])
        return answer["result"]

    async def close(self) -> None:
        """Kill the process."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            # Its group: a child that it forked goes with it.
            os.killpg(process.pid, signal.SIGKILL)
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()

    async def _ask(self, body: bytes) -> dict[str, Any]:
        was_running = self.pid is not None
        try:
            answer = await self._exchange(body)
        except _Ended:
            if not was_running:
                raise ToolFailed("its process ended before it answered") from None
            # Somebody may have killed it while it was idle; a job that kills it does so in a fresh process too.
            try:
                answer = await self._exchange(body)
            except _Ended:
                raise ToolFailed("its process ended before it answered, twice") from None
        if answer.get("spent"):
            await self.close()
        return answer

    async def _exchange(self, body: bytes) -> dict[str, Any]:
        process = await self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        done = False
        try:
            process.stdin.write(LENGTH.pack(len(body)) + body)
            await process.stdin.drain()
            (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
            answer: dict[str, Any] = json.loads(await process.stdout.readexactly(length))
            done = True
            return answer
        except (asyncio.IncompleteReadError, ConnectionError):
            raise _Ended from None
        finally:
            if not done:
                # Also when the caller gave up: an answer that comes later must never meet another question.
                await self.close()

    async def _running(self) -> Process:
        if self._process is None or self._process.returncode is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-m", "linting.worker", *([self._forks] if self._forks else [])),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                cwd=self._folder,
                env=_CLEAN_ENVIRONMENT,
                start_new_session=True,
            )
        return self._process
