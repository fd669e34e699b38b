from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit.metrics import Metrics, counted_method
from services.kit.peer import OPERATIONS
from services.kit.request_id import current_request_id
from services.kit.scope_state import passes_ids_on, peer_of
from services.kit.tracing import TRACEPARENT, Attributes, Span, Tracer, active_tracer, within
from vault.identity import host_name
from vault.trust import ENV

_OTHER: Final = "_OTHER"
"""What OpenTelemetry's conventions call a method that nobody honest asks with."""


class TraceRequests:
    """ASGI middleware: a span for every request, where traces are made.

    It belongs to the trace of a service that calls. Whoever else calls gets a new trace: a learner's environment can
    neither choose a trace's id, nor have one recorded that would not be. Paths, queries and headers are the caller's
    own text, so none of them stands in a span: the route's template does.
    """

    def __init__(self, app: ASGIApp, service: str, metrics: Metrics) -> None:
        self._app, self._service, self._metrics = app, service, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on within its span."""
        tracer = active_tracer()
        if tracer is None or scope["type"] != "http" or scope["path"] in OPERATIONS:
            await self._app(scope, receive, send)
            return
        span, status, error = self._begin(tracer, scope), 0, ""

        async def watched_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            with within(span):
                await self._app(scope, receive, watched_send)
        except BaseException as broken:
            error = type(broken).__name__
            raise
        finally:
            self._end(span, scope, status, error)

    def _begin(self, tracer: Tracer, scope: Scope) -> Span:
        method, peer = _method(scope), peer_of(scope)
        given = Headers(scope=scope).get(TRACEPARENT, "") if passes_ids_on(peer) else ""
        attributes: Attributes = {
            "http.request.method": method,
            "url.scheme": "https",
            "server.address": host_name(self._service),
            "network.protocol.version": str(scope.get("http_version", "")),
            "caseloop.request_id": current_request_id(),
            "caseloop.caller": "" if peer is None else peer.name if peer.is_service else ENV,
        }
        return tracer.request(self._service, _named(method), given, attributes)

    def _end(self, span: Span, scope: Scope, status: int, error: str) -> None:
        route = self._metrics.known_template(scope)
        if route is not None:
            span.rename(f"{_named(_method(scope))} {route}")
            span.note({"http.route": route})
        if status:
            span.note({"http.response.status_code": status})
        span.end(error or (str(status) if status >= 500 else ""))


def _method(scope: Scope) -> str:
    return counted_method(scope["method"], other=_OTHER)


def _named(method: str) -> str:
    return "HTTP" if method == _OTHER else method
