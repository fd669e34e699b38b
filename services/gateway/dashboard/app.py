from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI

from services.gateway.answer_headers import AnswerHeaders
from services.gateway.dashboard import (
    authoring_endpoints,
    class_endpoints,
    memory_endpoints,
    page_endpoints,
    quality_endpoints,
    queue_endpoints,
    sign_in_endpoints,
)
from services.gateway.dashboard.backends import Backends
from services.gateway.dashboard.built_pages import BuiltPages
from services.gateway.dashboard.own_host import OwnHost
from services.gateway.dashboard.page_headers import PAGE_HEADERS, UNLESS_SAID
from services.gateway.dashboard.place import DeskPlace
from services.gateway.dashboard.service import DashboardService
from services.gateway.dashboard.sessions import Sessions, utc_now
from services.gateway.dashboard.settings import DashboardSettings
from services.kit.app import create_service
from services.kit.database import Database
from services.kit.migrations import migrate
from services.kit.scope import ScopeMinter


async def _nothing() -> None:
    pass


def create_dashboard(
    backends: Backends,
    minter: ScopeMinter,
    settings: DashboardSettings,
    db: Database,
    pages: Path,
    *,
    clock: Callable[[], datetime] = utc_now,
    close: Callable[[], Awaitable[None]] = _nothing,
) -> FastAPI:
    """Make the app of the mentors' desk over a database that nobody else writes to.

    `pages`: the folder of the built page. The lifespan migrates the table; at its end `close` ends the backends.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await migrate(db, "services.gateway.dashboard")
        try:
            yield
        finally:
            await db.close()
            await close()

    app = create_service(
        "dashboard",
        [
            sign_in_endpoints.router,
            queue_endpoints.router,
            memory_endpoints.router,
            class_endpoints.router,
            authoring_endpoints.router,
            quality_endpoints.router,
            # it answers for every path below ours that is left
            page_endpoints.router,
            page_endpoints.front,
        ],
        service=DashboardService(backends, minter, settings, Sessions(db, settings.session_lifetime, clock)),
        pings={"database": db.ping},
        lifespan=lifespan,
        max_body_bytes=settings.body_bytes,
    )
    app.state.pages = BuiltPages(pages)
    app.add_middleware(OwnHost, place=DeskPlace.told_by(settings))
    app.add_middleware(AnswerHeaders, always=PAGE_HEADERS, otherwise=UNLESS_SAID)
    return app
