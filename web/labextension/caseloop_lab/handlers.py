"""The learner's Jupyter server forwards to the gateway; server-sent events pass unbuffered."""

import asyncio
import json
import uuid
from typing import Any

import httpx
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web
from tornado.iostream import StreamClosedError

from caseloop_lab.gateway import Gateway, GatewayAway
from caseloop_lab.keeper import NotebookKeeper, NotebookUnreadable
from caseloop_lab.routes import Route, find

MAX_BODY = 16 * 1024 * 1024
"""Bytes of a request's body: 80 times a notebook of 1,000 well-filled cells without outputs."""
_PASSED_ON = ("Content-Type", "X-Request-ID", "Retry-After")
_AWAY = "Caseloop cannot be reached. Your work is safe on disk; try again in a moment."


def error_body(error: str, detail: str) -> dict[str, str]:
    """The one shape of every error answer (`services.contracts.errors.ErrorBody`)."""
    return {"error": error, "detail": detail, "request_id": uuid.uuid4().hex}


class CaseloopHandler(APIHandler):  # type: ignore[misc]
    """Login, XSRF and authorization are jupyter_server's own; errors have Caseloop's shape."""

    auth_resource = "caseloop"

    @property
    def gateway(self) -> Gateway:
        """The connection made when the server started."""
        gateway: Gateway = self.settings["caseloop_gateway"]
        return gateway

    async def refuse(self, status: int, error: str, detail: str) -> None:
        """Answer with an error."""
        self.set_status(status)
        await self.finish(json.dumps(error_body(error, detail)))


class ForwardHandler(CaseloopHandler):
    """`<base>/caseloop/api/<path>` -> the gateway's `/api/<path>`."""

    _work: asyncio.Task[None] | None = None

    @web.authenticated
    @authorized
    async def get(self, path: str) -> None:
        """Forward a read."""
        await self._forward(path)

    @web.authenticated
    @authorized
    async def post(self, path: str) -> None:
        """Forward a check, a review, or what is said to the assistant, to a mentor or to the recorder."""
        await self._forward(path)

    @web.authenticated
    @authorized
    async def delete(self, path: str) -> None:
        """Forward the wish to have recorded sessions deleted, or a dismissal taken back."""
        await self._forward(path)

    async def _forward(self, path: str) -> None:
        route = find(self.request.method or "", path)
        if route == "unknown_path":
            return await self.refuse(404, "unknown_path", f"There is nothing at {path!r}.")
        if not isinstance(route, Route):
            return await self.refuse(405, route, f"{self.request.method} is not allowed at {path!r}.")
        if len(self.request.body) > MAX_BODY:
            megabytes = len(self.request.body) / 1024 / 1024
            return await self.refuse(
                413, "request_too_large", f"The notebook's code has {megabytes:.0f} MB; 16 MB are allowed."
            )
        self._work = asyncio.ensure_future(self._relay(route, path))
        try:
            await self._work
        except asyncio.CancelledError:
            self.log.debug("caseloop: the browser left %s", path)
        return None

    async def _relay(self, route: Route, path: str) -> None:
        query = {name: value for name in route.query if (value := self.get_query_argument(name, ""))}
        body = self.request.body if route.method == "POST" else None
        try:
            async with self.gateway.stream(route.method, f"/api/{path}", query=query, body=body) as answer:
                await self._copy(answer)
        except StreamClosedError:
            return  # the browser has gone; leaving the block has ended the gateway's request
        except GatewayAway as error:
            self.log.warning("caseloop: %s %s: %s", route.method, path, error)
            await self._tell_away()

    async def _copy(self, answer: httpx.Response) -> None:
        self.set_status(answer.status_code)
        for name in _PASSED_ON:
            if name in answer.headers:
                self.set_header(name, answer.headers[name])
        self.set_header("Cache-Control", "no-store, no-transform")
        self.set_header("X-Accel-Buffering", "no")
        # The head goes out at once, so that the browser's fetch() answers before the first event.
        await self.flush()
        async for part in answer.aiter_bytes():
            self.write(part)
            await self.flush()

    async def _tell_away(self) -> None:
        """503 before the head went out; afterwards the stream's own `error` event."""
        if not self._headers_written:
            return await self.refuse(503, "service_unavailable", _AWAY)
        event = json.dumps(error_body("service_unavailable", _AWAY))
        try:
            self.write(f"\n\nevent: error\ndata: {event}\n\n")
            await self.flush()
        except StreamClosedError:
            pass
        return None

    def on_connection_close(self) -> None:
        """End the gateway's request when the browser leaves."""
        if self._work:
            self._work.cancel()
        super().on_connection_close()


class KeepHandler(CaseloopHandler):
    """POST `<base>/caseloop/keep`: hand the notebook on disk to Caseloop now, before something replaces it."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Answer with what the gateway says to PUT /api/notebook."""
        keeper: NotebookKeeper = self.settings["caseloop_keeper"]
        try:
            answer = await keeper.keep()
        except NotebookUnreadable as error:
            return await self.refuse(409, "notebook_unreadable", str(error))
        except GatewayAway as error:
            self.log.warning("caseloop: keeping the notebook: %s", error)
            return await self.refuse(503, "service_unavailable", _AWAY)
        self.set_status(answer.status_code)
        await self.finish(answer.content)
        return None


def handlers(base_url: str) -> list[tuple[str, Any]]:
    """The addresses below the server's base URL."""
    base = base_url.rstrip("/")
    return [(rf"{base}/caseloop/api/(.+)", ForwardHandler), (rf"{base}/caseloop/keep", KeepHandler)]
