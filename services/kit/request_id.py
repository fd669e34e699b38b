"""One id follows a request through all services and stands on every log line and every answer."""

import re
import secrets
from contextvars import ContextVar

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.contracts.clients.service import REQUEST_ID_HEADER
from services.kit.scope_state import passes_ids_on, peer_of

_SANE = re.compile(r"[A-Za-z0-9_-]{8,64}")
_current: ContextVar[str] = ContextVar("request_id", default="")


def current_request_id() -> str:
    """The id of the request being answered, or "" outside of any."""
    return _current.get()


def new_request_id() -> str:
    """Make an id."""
    return secrets.token_hex(12)


class RequestId:
    """ASGI middleware: takes over a service's id or makes one, binds it to logs, and puts it on the answer."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on under its id."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _incoming(scope) or new_request_id()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                MutableHeaders(scope=message)[REQUEST_ID_HEADER] = request_id
            await send(message)

        token = _current.set(request_id)
        try:
            with structlog.contextvars.bound_contextvars(request_id=request_id, service=self._service):
                await self._app(scope, receive, send_with_id)
        finally:
            _current.reset(token)


def _incoming(scope: Scope) -> str | None:
    if not passes_ids_on(peer_of(scope)):
        return None
    given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
    return given if _SANE.fullmatch(given) else None
