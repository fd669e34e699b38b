from typing import Final

from fastapi import APIRouter, Depends
from fastapi.routing import iter_route_contexts
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Scope

from services.kit.peer import require_peer
from vault.trust import SUPERVISOR

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_NO_ROUTE: Final = "(none)"


class Metrics:
    """Figures of one service, in a registry of its own: several services share a process."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        self._service = service
        self._templates: dict[int, str] = {}
        labels = ("service", "method", "route")
        self._requests = Counter("caseloop_requests", "Requests answered.", (*labels, "status"), registry=self.registry)
        self._seconds = Histogram(
            "caseloop_request_seconds", "From first to last byte.", labels, registry=self.registry, buckets=_SECONDS
        )

    def learn_templates(self, routes: list[BaseRoute]) -> None:
        """Remember the full path template of every route, prefixes of its routers included."""
        for context in iter_route_contexts(routes):
            if context.path is not None:
                self._templates[id(context.original_route)] = context.path

    def template(self, scope: Scope) -> str:
        """The path template of a handled request; one constant for everything that matched no route."""
        return self.known_template(scope) or _NO_ROUTE

    def known_template(self, scope: Scope) -> str | None:
        """The path template of a handled request; None for everything that matched no route."""
        return self._templates.get(id(scope.get("route")))

    def observe(self, method: str, template: str, status: int, seconds: float) -> None:
        """Count one request. Status 0 stands for a connection that ended before an answer began."""
        method = counted_method(method, other="OTHER")
        self._requests.labels(self._service, method, template, str(status)).inc()
        self._seconds.labels(self._service, method, template).observe(seconds)


_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


def counted_method(method: str, other: str) -> str:
    """The method, or one word for all that nobody honest asks with: there would be no end of labels."""
    return method if method in _METHODS else other


def router(metrics: Metrics) -> APIRouter:
    """Make the route /metrics, in Prometheus' text format."""
    routes = APIRouter()

    @routes.get("/metrics", dependencies=[Depends(require_peer(SUPERVISOR))])
    async def figures() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return routes
