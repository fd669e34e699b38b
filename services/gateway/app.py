from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.gateway.endpoints import router
from services.gateway.metrics import CheckMetrics
from services.gateway.private_answers import PrivateAnswers
from services.gateway.service import Backends, GatewayService
from services.gateway.settings import GatewaySettings
from services.kit.app import create_service
from services.kit.scope import ScopeMinter


async def _nothing() -> None:
    pass


def create_app(
    backends: Backends,
    minter: ScopeMinter,
    settings: GatewaySettings | None = None,
    close: Callable[[], Awaitable[None]] = _nothing,
) -> FastAPI:
    """Make the app of the gateway. At its end, checks under way get their grace; then `close` ends the backends.

    The services behind it must outlive it: a check that ends in the grace is still written down.
    """
    settings = settings or GatewaySettings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await app.state.service.checks.close()
            await close()

    app = create_service("gateway", [router], lifespan=lifespan, max_body_bytes=settings.body_bytes)
    app.state.service = GatewayService(backends, minter, settings, CheckMetrics(app.state.metrics.registry))
    app.add_middleware(PrivateAnswers)
    return app
