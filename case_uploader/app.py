import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from fastapi import FastAPI

from case_uploader import endpoints
from case_uploader.authoring import Authoring
from case_uploader.regrades import endpoints as regrade_endpoints
from case_uploader.service import CaseService
from case_uploader.uploads import endpoints as upload_endpoints
from case_uploader.versions import endpoints as version_endpoints
from case_uploader.wiring import Backends
from services.kit.app import create_service
from services.kit.scope import ScopeVerifier

_BODY_BYTES: Final = 17 * 1024 * 1024
"""Above the largest part of an archive."""


def create_app(
    service: CaseService,
    backends: Backends,
    authoring: Authoring | None = None,
    scope_verifier: ScopeVerifier | None = None,
) -> FastAPI:
    """The app of the service `cases`; `service` comes from `wiring.reading_service` or `publishing_service`.

    With `authoring` (and a verifier of scopes) admins may also change cases; its work is done while the app runs.
    """
    if authoring is None:
        return create_service("cases", [endpoints.router], service=service, pings={"database": backends.database.ping})

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.uploads, app.state.versions = authoring.office.uploads, authoring.versions
        app.state.regrades = authoring.regrades
        working = asyncio.create_task(authoring.work())
        try:
            yield
        finally:
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working

    return create_service(
        "cases",
        [endpoints.router, upload_endpoints.router, version_endpoints.router, regrade_endpoints.router],
        service=service,
        scope_verifier=scope_verifier,
        pings={"database": backends.database.ping},
        lifespan=lifespan,
        max_body_bytes=_BODY_BYTES,
    )
