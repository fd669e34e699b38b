from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI

from services.gateway import assistance_endpoints, endpoints, mentor_endpoints, recording_endpoints
from services.gateway.answer_headers import AnswerHeaders
from services.gateway.assistance_metrics import AssistanceMetrics
from services.gateway.metrics import CheckMetrics
from services.gateway.service import Backends, GatewayService
from services.gateway.settings import GatewaySettings
from services.kit.app import create_service
from services.kit.scope import ScopeMinter

_PRIVATE: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
"""No answer of ours may be kept by a cache, guessed at by a browser, or framed."""


async def _nothing() -> None:
    pass


def create_app(
    backends: Backends,
    minter: ScopeMinter,
    settings: GatewaySettings | None = None,
    close: Callable[[], Awaitable[None]] = _nothing,
) -> FastAPI:
    """Make the app of the gateway. At its end, what is under way gets its grace; then `close` ends the backends.

    The services behind it must outlive it: a check, or words, that end in the grace are still written down.
    """
    settings = settings or GatewaySettings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await app.state.service.close()
            await close()

    routers = [endpoints.router, assistance_endpoints.router, mentor_endpoints.router, recording_endpoints.router]
    app = create_service("gateway", routers, lifespan=lifespan, max_body_bytes=settings.body_bytes)
    registry = app.state.metrics.registry
    app.state.service = GatewayService(backends, minter, settings, CheckMetrics(registry), AssistanceMetrics(registry))
    app.add_middleware(AnswerHeaders, always=_PRIVATE)
    return app
