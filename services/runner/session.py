"""One session as seen from outside: its processes, its limits, and what it says."""

import asyncio
import secrets
import socket
import struct
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from services.contracts.observation import CellStarted, CheckCode, Lost, Observation, RunRequest
from services.kit.laps import Laps
from services.runner.channel import Channel, Ended
from services.runner.compiled import compiled
from services.runner.errors import SessionRefused
from services.runner.results import Results
from services.runner.sandbox.limits import TRUSTED_PROCESSES
from services.runner.sandbox.snapshots import MAX_SNAPSHOTS
from services.runner.sandbox.wire import Garbled
from services.runner.sandboxes import Processes
from services.runner.shareable import reach_of

_CREDENTIALS = struct.Struct("3i")
_OVERHEAD_MB = 128
"""Pages that a session copies from the zygote, and the interpreter's own growth."""
_ANSWERS = ("settled", "check", "probe", "done")
_GRACE = 3.0
"""The sandbox keeps the time itself; this long after it is late it is ended from outside."""


class Session:
    """A pid namespace with a warden in it. Killing its first process ends all of it."""

    def __init__(self, sock: socket.socket, processes: Processes, *, same_python: bool) -> None:
        """`same_python`: what this process compiles runs in it."""
        self._channel, self._processes, self._same_python = Channel(sock), processes, same_python
        self._over_memory = False
        self._kept_said: Any = None
        self.kept: tuple[int, ...] = ()
        """Numbers of cells after which the last run left a snapshot; empty: the session is of no further use."""
        self.idle = False
        """Whether the last run came to its end: nothing of the learner's is at work any more."""
        self._host_alive: Callable[[], bool] = lambda: True
        self._closed: Callable[[], Awaitable[None]] | None = None

    def belongs_to(self, alive: Callable[[], bool], closed: Callable[[], Awaitable[None]]) -> None:
        """Tell whether the sandbox around it runs, and what to do when the session has been closed."""
        self._host_alive, self._closed = alive, closed

    @classmethod
    async def greet(
        cls, sock: socket.socket, of: Callable[[int], Awaitable[Processes]], *, same_python: bool = False
    ) -> "Session":
        """Take the handshake: learn the session's first process, get hold `of` all its processes, let it go on."""
        sock.setblocking(False)
        await _readable(sock)
        word, ancillary, _, _ = sock.recvmsg(1, socket.CMSG_SPACE(_CREDENTIALS.size))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
        if word != b"R" or not ancillary:
            said = await asyncio.get_running_loop().sock_recv(sock, 2_000) if word else b"it ended"
            raise SessionRefused(f"no session could be opened: {said.decode('utf-8', 'replace')}")
        pid: int = _CREDENTIALS.unpack(ancillary[0][2])[0]
        session = cls(sock, await of(pid), same_python=same_python)
        sock.send(b"G")
        return session

    async def execute(
        self, request: RunRequest, laps: Laps, at_once: int = 1, resume: int = 0
    ) -> AsyncGenerator[CellStarted | Observation]:
        """Run the submission; the last part is the Observation. Raises SessionRefused before any code has run.

        `at_once`: questions that may be worked on at a time, after the cells. `resume`: cells that need not run, for
        a session that has `kept` that many. Afterwards the session has ended unless it is `idle`.
        """
        started = time.perf_counter()
        self.kept, self._kept_said, self.idle = (), None, False
        together = _together(request)
        await self._processes.limit(*together)
        watch = asyncio.create_task(self._watch(*together))
        results = Results(request)
        try:
            await self._start(request, resume)
            try:
                async for event in self._cells(request, results):
                    yield event
                laps.lap("cells")
                if results.may_ask():
                    await self._judge(request, results, laps, at_once)
            except Ended:
                if not self._host_alive() and not await self._out_of_memory():
                    raise SessionRefused("the sandbox that held the session ended") from None
                results.lose("ended")
            except TimeoutError:
                results.lose("time")
            except Garbled:
                results.lose("protocol")
            else:
                self.kept = await self._kept_by_warden()
                self.idle = self._kept_said is not None and not self._over_memory
        finally:
            if not self.idle:
                self.kill()
            watch.cancel()
        laps.lap("end")
        reason: Lost | None = "memory" if results.missing() and await self._out_of_memory() else None
        yield results.observation(reason, (time.perf_counter() - started) * 1e3)

    async def _start(self, request: RunRequest, resume: int) -> None:
        order = {
            "op": "cells",
            "cells": [cell.model_dump() for cell in request.cells],
            "limits": request.limits.model_dump(),
            "seed": request.seed,
            "stop_on_error": request.stop_on_error,
            "keep": request.keep.then if request.keep else None,
            "from": resume,
            "snapshots": _snapshots(request),
        }
        try:
            await self._channel.send(order)
        except Ended:
            raise SessionRefused("the session ended before it was used") from None

    async def _cells(self, request: RunRequest, results: Results) -> AsyncGenerator[CellStarted]:
        end = time.monotonic() + request.limits.wall_seconds + _GRACE
        while True:
            message = await self._channel.receive(end - time.monotonic())
            if message.get("event") == "broken":
                raise SessionRefused("the session broke before any code had run")
            if message.get("event") == "ran":
                results.take_cells(message.get("cells"))
                return
            index = message.get("index")
            if message.get("event") != "cell" or not isinstance(index, int) or not 0 <= index < len(request.cells):
                raise Garbled("neither a cell nor the end of them")
            yield CellStarted(id=request.cells[index].id, index=index, count=len(request.cells))

    async def _judge(self, request: RunRequest, results: Results, laps: Laps, at_once: int) -> None:
        """Send checks and probes, now that the learner's code has ended; the nonce is made only here."""
        nonce = secrets.token_hex(16)
        order: dict[str, Any] = {
            "op": "judge",
            "nonce": nonce,
            "seed": request.seed,
            "seconds": request.limits.probe_seconds,
            "at_once": at_once,
            "checks": [self._order_of(check) for check in request.checks],
            "probes": [probe.model_dump(mode="json") for probe in request.probes],
        }
        await self._channel.send(order)
        while True:
            message = await self._channel.receive(request.limits.probe_seconds + _GRACE + _GRACE)
            event = message.get("event")
            # What a learner's code may have written there is no name for anything.
            laps.lap(event if event in _ANSWERS else "garbled")
            if event == "settled":
                continue
            if event == "done":
                self._kept_said = message.get("kept")
                return
            results.take_answer(message, nonce)

    def _order_of(self, check: CheckCode) -> dict[str, object]:
        """Those that were written to be run together are the case's own, and the same for each learner."""
        order = check.model_dump() | {"rests_on": _rests_on(check)}
        if check.may_share and self._same_python and (given := compiled(check.id, check.source)) is not None:
            del order["source"]
            order["compiled"] = given._asdict()
        return order

    async def _watch(self, memory_mb: int, processes: int) -> None:
        """End the session when its processes together use too much memory."""
        if await self._processes.over_limit(memory_mb, processes):
            self._over_memory = True
            self.kill()

    async def _kept_by_warden(self) -> tuple[int, ...]:
        said = self._kept_said
        if not isinstance(said, list) or await self._out_of_memory():
            return ()
        return tuple(depth for depth in said if isinstance(depth, int))

    async def _out_of_memory(self) -> bool:
        return self._over_memory or await self._processes.ran_out_of_memory()

    async def memory_mb(self) -> float:
        """What its processes have for themselves."""
        return await self._processes.memory_mb()

    def kill(self) -> None:
        """End every process of the session."""
        self._processes.kill()

    async def close(self) -> None:
        """End the session and wait until it is gone."""
        self.kill()
        self._channel.close()
        await self._processes.close()
        if self._closed is not None:
            await self._closed()

    @property
    def alive(self) -> bool:
        """Whether its first process still runs."""
        return self._processes.alive


def _rests_on(check: CheckCode) -> dict[str, object] | None:
    """What it reaches besides the case's modules; None where it gets a copy of its own in any case."""
    reach = reach_of(check.source) if check.may_share and not check.programs else None
    return reach._asdict() if reach else None


def _together(request: RunRequest) -> tuple[int, int]:
    """Megabytes and processes that all of a session may have."""
    limits = request.limits
    return limits.memory_mb + _OVERHEAD_MB, limits.processes + TRUSTED_PROCESSES + _snapshots(request) + 2


def _snapshots(request: RunRequest) -> int:
    """How many processes may wait as snapshots."""
    return MAX_SNAPSHOTS if request.keep is not None and request.keep.then == "edited" else 0


async def _readable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(sock, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(sock)
