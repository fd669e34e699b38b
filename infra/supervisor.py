"""Child processes started in order of readiness, restarted with backoff, stopped in reverse; nobody is left behind."""

import asyncio
import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

_PR_SET_PDEATHSIG = 1
_PROBE_TIMEOUT = 3.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 15.0
_HUNG_PATIENCE = 2.0
"""Seconds to end by itself for a child that does not even answer."""
_STEADY_SECONDS = 60.0
"""A child that ran this long starts its count of restarts anew."""
_SPARE_SECONDS = 10.0
"""A child that ran this long gets a spare: earlier the processor has better things to do."""
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Part:
    """One child process."""

    name: str
    command: Sequence[str]
    ready: Callable[[], Awaitable[bool]]
    """Readiness at the start."""
    alive: Callable[[], Awaitable[bool]] | None = None
    """Liveness ever after; the same as readiness when not given."""
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    ready_seconds: float = 60.0
    stop_seconds: float = 10.0
    probe_seconds: float = 5.0
    doubt_seconds: float = 1.0
    """Pause between probes once one has failed."""
    misses: int = 4
    """So many failed probes in a row are a hang."""
    spare: Sequence[str] = ()
    """A command that is as good as the other once a line is written to its standard input; until then it waits.

    Kept beside the part, to take its place without the time that starting needs.
    """


class NotStarted(Exception):
    """A part did not become ready; the message names it."""


class Supervisor:
    """Runs parts until `stop` is set or one of them cannot be kept alive.

    `say(part, line)` gets every line that a child writes and every event of its life.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        say: Callable[[str, str], None],
        give_up: int = 8,
        spare_seconds: float = _SPARE_SECONDS,
    ) -> None:
        self._parts, self._say, self._give_up, self._spare_seconds = parts, say, give_up, spare_seconds
        self._live: dict[str, _Child] = {}
        self._spares: dict[str, _Child] = {}
        self.stop = asyncio.Event()
        self.failure: str | None = None

    async def run(self, started: Callable[[], Awaitable[None]]) -> None:
        """Start all, call `started`, wait for `stop`, end all. NotStarted; the rest is in `failure`."""
        watchers: list[asyncio.Task[None]] = []
        try:
            for part in self._parts:
                child = None if self.stop.is_set() else await self._start_first(part)
                if child is None:
                    return
                watchers.append(asyncio.create_task(self._watch(part, child)))
            await started()
            await self.stop.wait()
        finally:
            self.stop.set()
            for watcher in watchers:
                watcher.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)
            for spare in self._spares.values():
                await spare.end(_HUNG_PATIENCE)
            for part in reversed(self._parts):
                if child := self._live.get(part.name):
                    await child.end(part.stop_seconds)

    async def _start_first(self, part: Part) -> "_Child | None":
        """The started part, or None when stopping was asked for meanwhile."""
        child = await self._start(part)
        ready = asyncio.create_task(self._ready(part, child))
        stopping = asyncio.create_task(self.stop.wait())
        await asyncio.wait({ready, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not ready.done():
            ready.cancel()
            return None
        if not ready.result():
            raise NotStarted(f"{part.name} did not become ready")
        return child

    async def _start(self, part: Part) -> "_Child":
        child = await self._spare_of(part) or await self._spawn(part, part.command)
        self._live[part.name] = child
        return child

    async def _spare_of(self, part: Part) -> "_Child | None":
        """A spare which has become the part; None when there is none."""
        spare = self._spares.pop(part.name, None)
        if spare is None or await spare.begin():
            return spare
        await spare.end(_HUNG_PATIENCE)
        return None

    async def _have_spare(self, part: Part) -> None:
        """Start the part's spare, if it is to have one. One that ends by itself is not started again."""
        if not part.spare or part.name in self._spares:
            return
        try:
            self._spares[part.name] = await self._spawn(part, part.spare, stdin=asyncio.subprocess.PIPE)
        except OSError as error:  # such as: no more processes can be started
            self._say(part.name, f"no spare can be started: {error}")

    async def _spawn(self, part: Part, command: Sequence[str], stdin: int = asyncio.subprocess.DEVNULL) -> "_Child":
        process = await asyncio.create_subprocess_exec(
            *command,
            env=part.environment,
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the supervisor alone
            preexec_fn=die_with_parent(),
            limit=1 << 20,
        )
        return _Child(process, lambda line: self._say(part.name, line))

    async def _ready(self, part: Part, child: "_Child") -> bool:
        end = time.monotonic() + part.ready_seconds
        while child.running and time.monotonic() < end:
            if await _answers(part.ready):
                return True
            await asyncio.sleep(0.05)
        return False

    async def _watch(self, part: Part, child: "_Child") -> None:
        try:
            await self._keep_alive(part, child)
        except Exception as error:  # such as: no more processes can be started
            self.failure = f"{part.name} cannot be kept running ({type(error).__name__}: {error})"
            self.stop.set()

    async def _keep_alive(self, part: Part, child: "_Child") -> None:
        tries, since = 0, time.monotonic()
        while True:
            why = await self._until_trouble(part, child)
            tries = 1 if time.monotonic() - since > _STEADY_SECONDS else tries + 1
            if tries > self._give_up:
                self.failure = f"{part.name} failed {tries} times in a row"
                self.stop.set()
                return
            pause = min(_FIRST_PAUSE * 2 ** (tries - 1), _LONGEST_PAUSE)
            self._say(part.name, f"{why}; starting again in {pause:g} s")
            await asyncio.sleep(pause)
            since = time.monotonic()
            child = await self._start(part)
            if not await self._ready(part, child):
                await child.end(part.stop_seconds)

    async def _until_trouble(self, part: Part, child: "_Child") -> str:
        """Wait until the child has ended or hangs (it is ended then); says which."""
        missed, alive, since = 0, part.alive or part.ready, time.monotonic()
        while missed < part.misses:
            with contextlib.suppress(TimeoutError):
                # not `wait_for`, which before Python 3.12 may swallow being cancelled
                async with asyncio.timeout(part.doubt_seconds if missed else part.probe_seconds):
                    status = await child.ended()
                await child.end(part.stop_seconds)  # its own children
                return f"ended with {status}"
            missed = 0 if await _answers(alive) else missed + 1
            if not missed and time.monotonic() - since > self._spare_seconds:
                await self._have_spare(part)
        await child.end(min(part.stop_seconds, _HUNG_PATIENCE))
        return "hangs"


class _Child:
    """A process, its output, and the group of processes that it leads."""

    def __init__(self, process: asyncio.subprocess.Process, say: Callable[[str], None]) -> None:
        self._process, self._say = process, say
        self._reader = asyncio.create_task(self._read())

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    async def begin(self) -> bool:
        """Tell a spare to be what it is for; False when it has ended."""
        if not self.running or self._process.stdin is None:
            return False
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(b"\n")
            await self._process.stdin.drain()
        self._process.stdin.close()
        return True

    async def ended(self) -> int:
        return await self._process.wait()

    async def _read(self) -> None:
        stream = self._process.stdout
        while stream is not None and not stream.at_eof():
            try:
                line = await stream.readline()
            except ValueError:  # a line beyond the limit; its rest follows
                continue
            if line:
                # A full disk or a closed terminal must not stop the reading: the child would stop at its next line.
                with contextlib.suppress(Exception):
                    self._say(line.decode(errors="replace").rstrip())

    async def end(self, patience: float) -> None:
        """SIGTERM, SIGKILL after `patience` seconds, then whatever is left of its process group."""
        for sign, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
            if not self.running:
                break
            self._signal(sign)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._process.wait()
        self._signal(signal.SIGKILL)
        await asyncio.wait({self._reader}, timeout=1)
        self._reader.cancel()

    def _signal(self, sign: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, sign)


async def _answers(probe: Callable[[], Awaitable[bool]]) -> bool:
    try:
        async with asyncio.timeout(_PROBE_TIMEOUT):
            return await probe()
    except Exception:
        return False


def die_with_parent() -> Callable[[], None]:
    """What a child runs first, so that even `kill -9` of this process leaves nobody behind."""
    parent = os.getpid()

    def tie() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return tie
