from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from linting import endpoints, wiring
from services.kit.app import create_service
from services.kit.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """The linting service: stateless but for a cache below `settings.home`."""
    service = wiring.build_service(settings.home)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await service.close()

    return create_service("linting", [endpoints.router], service=service, lifespan=lifespan)
