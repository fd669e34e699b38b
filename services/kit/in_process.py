"""Calling an app without a socket, parts arriving as they are sent: for tests and `caseloop grade`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
from starlette.types import ASGIApp, Message

from services.kit.scope_state import PEER
from vault.identity import Identity

_FAREWELL: Final = 0.5
"""Seconds that a handler has to end when its caller goes away, before the caller stops waiting."""
_unfinished: set[asyncio.Task[None]] = set()


def _forget(task: asyncio.Task[None]) -> None:
    _unfinished.discard(task)
    if not task.cancelled():
        task.exception()


class InProcessTransport(httpx.AsyncBaseTransport):
    """An httpx transport to an ASGI app that sees `caller` as the peer. The app's lifespan is the caller's business."""

    def __init__(self, app: ASGIApp, caller: Identity) -> None:
        self._app, self._caller = app, caller

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Run the app until it starts its answer."""
        exchange = _Exchange(self._app, self._scope(request), request)
        try:
            start = await exchange.started()
        except BaseException:
            await exchange.aclose()
            raise
        return httpx.Response(start["status"], headers=start.get("headers", []), stream=exchange)

    def _scope(self, request: httpx.Request) -> dict[str, Any]:
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": request.method,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "scheme": request.url.scheme,
            "path": request.url.path,
            "raw_path": request.url.raw_path.split(b"?")[0],
            "query_string": request.url.query,
            "server": (request.url.host, request.url.port),
            "client": None,
            "root_path": "",
            "state": {PEER: self._caller},
        }


class _Exchange(httpx.AsyncByteStream):
    """One request under way: a task for the app, and the parts it has sent so far."""

    def __init__(self, app: ASGIApp, scope: dict[str, Any], request: httpx.Request) -> None:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        self._body = aiter(request.stream)
        self._gone = asyncio.Event()
        # One part at a time: an app must not run ahead of a slow reader, as it could not on a socket.
        self._parts: asyncio.Queue[Message | None] = asyncio.Queue(maxsize=1)
        self._sent_all = self._read_all = False
        self._task = asyncio.create_task(self._run(app, scope))

    async def started(self) -> Message:
        message = await self._parts.get()
        if message is None:
            await self._ended()
            raise httpx.RemoteProtocolError("the app ended without an answer")
        return message

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (message := await self._parts.get()) is not None:
            yield message.get("body", b"")
        await self._ended()
        if not self._sent_all:
            raise httpx.RemoteProtocolError("the app broke its answer off")

    async def aclose(self) -> None:
        self._gone.set()
        # The handler hears of the disconnect as on a socket; a part it was about to hand over is thrown away.
        with contextlib.suppress(asyncio.QueueEmpty):
            self._parts.get_nowait()
        await asyncio.wait({self._task}, timeout=_FAREWELL)
        # One that takes no notice goes on by itself, as it would in a server.
        _unfinished.add(self._task)
        self._task.add_done_callback(_forget)

    async def _ended(self) -> None:
        try:
            await self._task
        except Exception as error:
            # As on a socket: the caller learns that the answer broke off; the reason is the app's to log.
            raise httpx.RemoteProtocolError("the app broke its answer off") from error

    async def _run(self, app: ASGIApp, scope: dict[str, Any]) -> None:
        try:
            await app(scope, self._receive, self._send)
        finally:
            if not self._gone.is_set():
                await self._parts.put(None)

    async def _receive(self) -> Message:
        if self._read_all:
            await self._gone.wait()
            return {"type": "http.disconnect"}
        try:
            return {"type": "http.request", "body": await anext(self._body), "more_body": True}
        except StopAsyncIteration:
            self._read_all = True
            return {"type": "http.request", "body": b"", "more_body": False}

    async def _send(self, message: Message) -> None:
        self._sent_all = message["type"] == "http.response.body" and not message.get("more_body", False)
        if not self._gone.is_set():
            await self._parts.put(message)
