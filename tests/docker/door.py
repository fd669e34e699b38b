"""A filtering door on the real engine, for tests and for the benchmark of starting learners' containers."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn
from starlette.types import ASGIApp

from tests.e2e.system.caseloop_system import eventually

_PATIENCE = httpx.Timeout(60, read=None)
"""Some calls wait for the end of a container."""


@contextmanager
def open_door(socket: Path, make: Callable[[httpx.AsyncClient], ASGIApp]) -> Iterator[None]:
    """Open while the block runs; `make` gets a client of the engine."""
    transport = httpx.AsyncHTTPTransport(uds="/var/run/docker.sock")

    async def serve() -> None:
        async with httpx.AsyncClient(transport=transport, base_url="http://engine", timeout=_PATIENCE) as engine:
            server = uvicorn.Server(uvicorn.Config(make(engine), uds=str(socket), lifespan="off", log_config=None))
            servers.append(server)
            await server.serve()

    servers: list[uvicorn.Server] = []
    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    eventually(socket.exists, "the door opens")
    try:
        yield
    finally:
        servers[0].should_exit = True
        thread.join()
