from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.middleware import Middleware

from services.kit import health, metrics
from services.kit.body_limit import MAX_BODY_BYTES, BodyLimit
from services.kit.boundary import Boundary
from services.kit.errors import install_error_handlers
from services.kit.health import Ping
from services.kit.peer import TrustGuard, refuse_open_routes
from services.kit.recycle import Recycle
from services.kit.request_id import RequestId
from services.kit.request_traces import TraceRequests
from services.kit.scope import ScopeVerifier

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
_NONE_OF_ITS_OWN: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""FastAPI's own traces and logs hold paths, queries and messages of errors, take any caller's trace for theirs, and one
variable of the environment would have them sent away. Ours are made by TraceRequests."""


def create_service(
    name: str,
    routers: Sequence[APIRouter],
    *,
    service: object | None = None,
    scope_verifier: ScopeVerifier | None = None,
    pings: Mapping[str, Ping] | None = None,
    lifespan: Lifespan | None = None,
    max_body_bytes: int = MAX_BODY_BYTES,
) -> FastAPI:
    """Make the app of the service `name`, with everything that services share.

    `service` becomes `app.state.service`; a lifespan may set it instead. `pings` are asked by /health/ready, each
    raises when its part is away. A request body over `max_body_bytes` is answered 413. Raises `ValueError` for a route
    without `require_peer`.
    """
    observed = metrics.Metrics(name)
    app = FastAPI(
        title=name,
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=_NONE_OF_ITS_OWN,
        middleware=[
            Middleware(RequestId, service=name),
            Middleware(TraceRequests, service=name, metrics=observed),
            Middleware(Boundary, metrics=observed),
            Middleware(Recycle),
            Middleware(TrustGuard, service=name),
            Middleware(BodyLimit, max_bytes=max_body_bytes),
        ],
    )
    app.state.name, app.state.service, app.state.scope_verifier = name, service, scope_verifier
    app.state.metrics = observed
    install_error_handlers(app)
    for router in (health.router(name, pings or {}), metrics.router(observed), *routers):
        # As they are: `include_router` would make each of them, and what validates its values, anew for every app.
        app.router.routes.extend(router.routes)
    refuse_open_routes(app.routes)
    observed.learn_templates(app.routes)
    return app


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[FastAPI]:
    """Run the app's lifespan around the block, as the server would; for tests and in-process use."""
    async with app.router.lifespan_context(app):
        yield app
