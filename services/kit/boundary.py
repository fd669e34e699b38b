import time

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit.errors import error_body, error_response
from services.kit.metrics import Metrics
from services.kit.peer import OPERATIONS
from services.kit.scope_state import peer_of

_log = structlog.get_logger("services.access")


class Boundary:
    """ASGI middleware: nothing escapes it. Counts and logs every request; an unforeseen exception becomes a 500."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, watching what becomes of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def watched_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched_send)
        except ClientDisconnect:
            _log.info("caller went away")
        except Exception as error:
            if status:
                # Half an answer is out: only a broken connection can still tell the caller.
                _log.error("answer broken off", exc_info=error)
                raise
            code, body = error_body(error)
            await error_response(code, body.error, body.detail)(scope, receive, watched_send)
        finally:
            self._record(scope, status, time.perf_counter() - began)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        template = self._metrics.template(scope)
        self._metrics.observe(scope["method"], template, status, seconds)
        quiet = scope["path"] in OPERATIONS and status < 400
        _log.log(
            10 if quiet else 20,
            "request",
            method=scope["method"],
            route=template,
            status=status,
            ms=round(seconds * 1000, 1),
            peer=str(peer_of(scope) or ""),
        )
