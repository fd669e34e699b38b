from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from fastapi import FastAPI

from services.kit.app import create_service
from services.runner.endpoints import router
from services.runner.errors import SandboxUnavailable
from services.runner.service import Runner

_log = structlog.get_logger(__name__)
_BODY_BYTES = 64 * 1024 * 1024


def create_app(runner: Runner) -> FastAPI:
    """Make the app of `runner`. Its lifespan tries a sandbox at the start and ends every one at the stop."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            await runner.check()
        except SandboxUnavailable as error:
            # Readiness and every run say the same; a service that will not start would say nothing.
            _log.error("sandbox_unavailable", detail=error.detail)
        try:
            yield
        finally:
            await runner.close()

    return create_service(
        "runner",
        [router],
        service=runner,
        pings={"sandbox": runner.check},
        lifespan=lifespan,
        max_body_bytes=_BODY_BYTES,
    )
