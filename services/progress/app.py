import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from fastapi import FastAPI

from services.kit.adapters.jobs_table import TableJobQueue
from services.kit.app import create_service
from services.kit.database import Database
from services.kit.migrations import migrate
from services.kit.objects import ObjectStore
from services.kit.scope import ScopeVerifier
from services.progress.classroom.endpoints import router as classroom_router
from services.progress.endpoints import hub_router, learner_router
from services.progress.regrading.endpoints import router as regrading_router
from services.progress.service import ProgressService, utc_now
from services.progress.sessions import endpoints as sessions
from services.progress.sessions.models import JOBS
from services.progress.sessions.retention import QUEUE, handlers, retention_job
from services.progress.settings import ProgressSettings
from services.progress.style import endpoints as style

_BODY_BYTES = 24 * 1024 * 1024
"""Above the largest notebook as JSON with every character escaped that may be: its own limit speaks first."""


def create_app(
    db: Database,
    objects: ObjectStore,
    scope_verifier: ScopeVerifier,
    settings: ProgressSettings | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> FastAPI:
    """Make the app of `progress` over a database and an object store that nobody else writes to.

    Its lifespan migrates the tables, does jobs, and closes the database.
    """
    settings = settings or ProgressSettings()
    queue = TableJobQueue(db, JOBS, clock=clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await migrate(db, "services.progress")
        async with db.write() as session:
            await queue.enqueue(session, retention_job())
        work = asyncio.create_task(queue.work(QUEUE, handlers(db, queue, settings, clock)))
        try:
            yield
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            await db.close()

    return create_service(
        "progress",
        [
            learner_router,
            hub_router,
            sessions.learner_router,
            sessions.mentor_router,
            style.learner_router,
            style.mentor_router,
            classroom_router,
            regrading_router,
        ],
        service=ProgressService.over(db, objects, queue, settings, clock),
        scope_verifier=scope_verifier,
        pings={"database": db.ping},
        lifespan=lifespan,
        max_body_bytes=_BODY_BYTES,
    )
