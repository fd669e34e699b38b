"""The embedded services, or their runner, without TLS: `python -m benchmarks.plain_services services|runner`.

What mTLS costs is the difference to them. The product has no such setting: what makes connections is replaced here, in
this process, and callers say who they are. Everything else is the product's own, whose entry points are called.
"""

import asyncio
import functools
import signal
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from benchmarks.lab_clients import CALLER
from infra import runner_process, service_apps, services_process
from services.gateway import wiring as gateway
from services.gateway.dashboard import wiring as dashboard
from services.kit import serving
from services.kit.http import CONNECTIONS, TIMEOUT, tls_client
from services.kit.scope_state import PEER
from services.kit.serving import Listener, LocalPort
from vault.identity import Identity, host_name
from vault.ports import CertificateAuthority
from vault.rotation import Credential
from vault.tls import SharedContext


class _Named(SharedContext):
    """A context that is not used, and knows whose it is."""

    caller = ""


class PlainCredential(Credential):
    """A certificate that is kept as always, and shown to nobody."""

    def client_context(self) -> ssl.SSLContext:
        """Make a context that only names the caller."""
        context = _Named(ssl.PROTOCOL_TLS_CLIENT)
        context.caller = str(self.identity)
        return context


def plain_client(
    context: ssl.SSLContext,
    service: str,
    socket: Path,
    timeout: httpx.Timeout = TIMEOUT,
    *,
    connections: int = CONNECTIONS,
) -> httpx.AsyncClient:
    """As `tls_client`, without TLS."""
    assert isinstance(context, _Named)
    client = tls_client(context, service, socket, timeout, connections=connections)
    client.base_url = httpx.URL(f"http://{host_name(service)}")
    client.headers[CALLER] = context.caller
    return client


async def serve_plain(
    listeners: Sequence[Listener],
    authority: CertificateAuthority,  # noqa: ARG001 - as `serve_until_stopped`
    on_ready: Callable[[], None] = lambda: None,
) -> int:
    """As `serve_until_stopped`, without TLS."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        for listener in listeners:
            await stack.enter_async_context(_listening(listener))
        on_ready()
        await stop.wait()
    return 0


class _PlainServer(serving._Server):
    async def _listen(self, protocol: Callable[[], asyncio.Protocol]) -> asyncio.Server:
        loop, place = asyncio.get_running_loop(), self._place
        if isinstance(place, LocalPort):
            server = await loop.create_server(protocol, "127.0.0.1", place.number)
            serving._write_port(place.file, server.sockets[0].getsockname()[1])
            return server
        assert isinstance(place, Path)
        return await loop.create_unix_server(protocol, path=place)


class _Introduced:
    """Takes callers for whom they say they are, as a certificate would."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._parse = functools.lru_cache(maxsize=1_000)(Identity.parse)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            said: dict[bytes, bytes] = dict(scope["headers"])
            scope["state"][PEER] = self._parse(said[CALLER.lower().encode()].decode())
        await self._app(scope, receive, send)


@asynccontextmanager
async def _listening(listener: Listener) -> AsyncIterator[None]:
    config = uvicorn.Config(
        _Introduced(listener.app),
        http=HttpToolsProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=5,
    )
    server = _PlainServer(config, listener.socket)
    task = asyncio.create_task(server.serve())
    started = asyncio.create_task(server.listening.wait())
    try:
        await asyncio.wait({task, started}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        yield
    finally:
        started.cancel()
        server.ask_to_stop()
        await asyncio.gather(task, return_exceptions=True)


_REPLACED: Sequence[tuple[Any, str, Any]] = (
    (services_process, "Credential", PlainCredential),
    (services_process, "serve_until_stopped", serve_plain),
    (runner_process, "Credential", PlainCredential),
    (runner_process, "serve_until_stopped", serve_plain),
    *((module, "tls_client", plain_client) for module in (runner_process, service_apps, gateway, dashboard)),
)


def main(what: str) -> int:
    """Run one of the two processes."""
    for module, name, plain in _REPLACED:
        setattr(module, name, plain)
    return {"services": services_process.main, "runner": runner_process.main}[what]()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
