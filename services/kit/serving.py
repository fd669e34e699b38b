"""Several services in one process and one event loop, each with a listener and a certificate of its own."""

import asyncio
import contextlib
import math
import os
import signal
import socket as sockets_module
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog
import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from services.kit.places import OpenPort
from services.kit.tls_protocol import Peers, peer_protocol
from vault.errors import VaultError
from vault.ports import CertificateAuthority
from vault.rotation import Credential

_LOOPBACK: Final = "127.0.0.1"
_KEEP_ALIVE: Final = 75
"""Seconds an idle connection stays; longer than any client of ours keeps one."""
_GRACE: Final = 5
"""Seconds that answers under way have when the process stops."""
_HANDSHAKE: Final = 10.0
_GOODBYE: Final = 0.5
"""Seconds a peer has to answer the end of a TLS connection; idle clients never do."""
_REVOCATION_PAUSE: Final = 1.0
_SAID_AGAIN: Final = 60.0
"""Seconds between two log lines about revocations that cannot be read."""
_TICK: Final = 1.0
"""Seconds between two values of the Date header."""

_log = structlog.get_logger(__name__)


class ServiceDied(Exception):
    """A service could not start, or its listener ended by itself: end the process, so that a whole one is started."""


@dataclass(frozen=True)
class LocalPort:
    """A TCP port of 127.0.0.1 in place of a unix socket, for a caller that can open none. TLS is the same."""

    file: Path
    """Holds the number while the listener is there; callers read it."""
    number: int = 0
    """0: any free one, another at each start."""


@dataclass(frozen=True)
class Listener:
    """One service: its app, its certificate, and the unix socket (or port) it answers on."""

    app: FastAPI
    credential: Credential
    socket: Path | LocalPort | OpenPort

    @property
    def name(self) -> str:
        """The service's name, from its certificate."""
        return self.credential.identity.name


@contextlib.asynccontextmanager
async def serving(listeners: Sequence[Listener], authority: CertificateAuthority) -> AsyncIterator[asyncio.Task[None]]:
    """Start the listeners in order, each when the one before answers; they stop in reverse order after the block.

    Certificates are renewed and revocations obeyed meanwhile. Yields a task that raises `ServiceDied` when a listener
    ends by itself; a listener that cannot start raises it at once.
    """
    peers = [Peers(listener.name) for listener in listeners]
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(_revocations_followed(authority, peers))
        tasks = [
            await stack.enter_async_context(_listening(listener, known))
            for listener, known in zip(listeners, peers, strict=True)
        ]
        death = asyncio.create_task(_first_end(tasks))
        stack.push_async_callback(_cancelled, death)
        yield death


async def serve_until_stopped(
    listeners: Sequence[Listener], authority: CertificateAuthority, on_ready: Callable[[], None] = lambda: None
) -> int:
    """Serve until SIGTERM or SIGINT; return the process's exit status: 0, or 1 when a service died."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        async with serving(listeners, authority) as death:
            on_ready()
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait({stopped, death}, return_when=asyncio.FIRST_COMPLETED)
            await _cancelled(stopped)
            if death.done():
                death.result()
    except ServiceDied as error:
        _log.error("stopping", reason=str(error))
        return 1
    return 0


class _Server(uvicorn.Server):
    """uvicorn's server for one socket, without its hold on signals and on the process's exit."""

    def __init__(self, config: uvicorn.Config, place: Path | LocalPort | OpenPort) -> None:
        super().__init__(config)
        self._place = place
        self.listening = asyncio.Event()
        self._asked_to_stop = asyncio.Event()
        self._callers: weakref.WeakSet[HttpToolsProtocol] = weakref.WeakSet()

    @property
    def address(self) -> str:
        match self._place:
            case LocalPort(number=number):
                return f"port {number} of {_LOOPBACK}" if number else f"any port of {_LOOPBACK}"
            case OpenPort(number=number):
                return f"port {number}"
            case path:
                return str(path)

    def ask_to_stop(self) -> None:
        self.should_exit = True
        self._asked_to_stop.set()

    async def main_loop(self) -> None:
        # uvicorn wakes up ten times a second to look at should_exit; with six idle servers that adds up.
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK):
                    await self._asked_to_stop.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[sockets_module.socket] | None = None) -> None:  # noqa: ARG002
        config, state = self.config, self.server_state
        await self.lifespan.startup()
        if self.lifespan.should_exit:
            raise ServiceDied("its start-up failed; the reason is logged above")

        def protocol() -> asyncio.Protocol:
            made: HttpToolsProtocol = config.http_protocol_class(  # type: ignore[call-arg,assignment]
                config=config, server_state=state, app_state=self.lifespan.state
            )
            self._callers.add(made)
            return made

        self.servers = [await self._listen(protocol)]
        self.started = True
        self.listening.set()

    async def shutdown(self, sockets: list[sockets_module.socket] | None = None) -> None:
        # uvicorn waits a tenth of a second for connections to close, also where there is none; services stop in turn.
        shaking_hands = any(caller.transport is None for caller in self._callers)
        if shaking_hands or self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)
            return
        for server in self.servers:
            server.close()
        await self.lifespan.shutdown()

    async def _listen(self, protocol: Callable[[], asyncio.Protocol]) -> asyncio.Server:
        place, config = self._place, self.config
        loop = asyncio.get_running_loop()
        if not isinstance(place, Path):
            server = await loop.create_server(
                protocol,
                _LOOPBACK if isinstance(place, LocalPort) else None,
                place.number,
                ssl=config.ssl,
                backlog=config.backlog,
                ssl_handshake_timeout=_HANDSHAKE,
                ssl_shutdown_timeout=_GOODBYE,
            )
            if isinstance(place, LocalPort):
                _write_port(place.file, server.sockets[0].getsockname()[1])
            return server
        server = await loop.create_unix_server(
            protocol,
            path=place,
            ssl=config.ssl,
            backlog=config.backlog,
            ssl_handshake_timeout=_HANDSHAKE,
            ssl_shutdown_timeout=_GOODBYE,
        )
        # Whoever reaches the socket may knock (a learner's box may run as another user); TLS decides who comes in.
        os.chmod(place, 0o666)  # noqa: PTH101, S103
        return server


@contextlib.asynccontextmanager
async def _listening(listener: Listener, peers: Peers) -> AsyncIterator[asyncio.Task[None]]:
    context = listener.credential.server_context()
    config = uvicorn.Config(
        listener.app,
        http=peer_protocol(peers),
        ws="none",
        lifespan="on",
        ssl_context_factory=lambda *_: context,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=_GRACE,
    )
    server = _Server(config, listener.socket)
    async with listener.credential.kept_fresh():
        task = asyncio.create_task(_serve(server, listener.name), name=f"listener of {listener.name}")
        try:
            started = asyncio.create_task(server.listening.wait())
            await asyncio.wait({started, task}, return_when=asyncio.FIRST_COMPLETED)
            await _cancelled(started)
            if task.done():
                task.result()
            _log.info("listening", service=listener.name)
            yield task
        finally:
            server.ask_to_stop()
            # Whoever stops us has heard of a death already, or hears of it now from the line above.
            await asyncio.gather(task, return_exceptions=True)
            if (file := _file_of(listener.socket)) is not None:
                file.unlink(missing_ok=True)


async def _serve(server: _Server, name: str) -> None:
    try:
        await server.serve()
    except ServiceDied as error:
        raise ServiceDied(f"{name} did not start: {error}") from None
    except OSError as error:
        raise ServiceDied(f"{name} cannot listen on {server.address}: {error.strerror or error}") from error


def _write_port(file: Path, number: int) -> None:
    """Replace the file as a whole: its reader may come at any moment."""
    new = file.with_name(f"{file.name}.new")
    new.write_text(f"{number}\n")
    new.replace(file)


def _file_of(place: Path | LocalPort | OpenPort) -> Path | None:
    match place:
        case LocalPort(file=file):
            return file
        case OpenPort():
            return None
        case path:
            return path


async def _first_end(tasks: Sequence[asyncio.Task[None]]) -> None:
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    ended = done.pop()
    ended.result()
    raise ServiceDied(f"the {ended.get_name()} ended by itself")


@contextlib.asynccontextmanager
async def _revocations_followed(authority: CertificateAuthority, peers: Sequence[Peers]) -> AsyncIterator[None]:
    async def take_over() -> None:
        entries = await asyncio.to_thread(authority.revoked)
        for known in peers:
            known.revoke(entries)

    async def follow() -> None:
        failing_since: float | None = None
        said = -math.inf
        while True:
            await asyncio.sleep(_REVOCATION_PAUSE)
            try:
                await take_over()
            except (VaultError, OSError) as error:
                now = time.monotonic()
                failing_since = now if failing_since is None else failing_since
                if now - said >= _SAID_AGAIN:
                    said = now
                    seconds = round(now - failing_since)
                    _log.error(
                        "revocations cannot be read; those known stay in force", reason=str(error), seconds=seconds
                    )
            else:
                if failing_since is not None:
                    _log.info("revocations can be read again")
                failing_since, said = None, -math.inf

    await take_over()
    task = asyncio.create_task(follow(), name="revocations")
    try:
        yield
    finally:
        await _cancelled(task)


async def _cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
