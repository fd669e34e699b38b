import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from fastapi import FastAPI

from services.kit.adapters.jobs_table import TableJobQueue
from services.kit.app import create_service
from services.kit.clock import Clock, utc_now
from services.kit.database import Database
from services.kit.jobs import Handler, JobQueue
from services.kit.mail import Mailer
from services.kit.migrations import migrate
from services.kit.scope import ScopeVerifier
from services.mentoring import forgetting, hub_endpoints, learner_endpoints, memory_endpoints, mentor_endpoints
from services.mentoring.expiry import DESK_QUEUE, EXPIRY_JOB, ExpiryJob
from services.mentoring.mail_job import DIGEST_JOB, DigestJob, MailJob, digest_job
from services.mentoring.mails import MAIL_JOB, MAIL_QUEUE, Mails
from services.mentoring.measuring import Measuring
from services.mentoring.models import JOBS
from services.mentoring.service import MentoringService
from services.mentoring.settings import MailSettings, MentoringSettings

_BODY_BYTES: Final = 32 * 1024 * 1024
"""Above the largest submission with its feedback, hints and talk as JSON."""
_GAUGES_SECONDS: Final = 15.0

_log = structlog.get_logger(__name__)


def create_app(
    db: Database,
    mailer: Mailer,
    scope_verifier: ScopeVerifier,
    settings: MentoringSettings | None = None,
    mail: MailSettings | None = None,
    queue: JobQueue | None = None,
    clock: Clock = utc_now,
) -> FastAPI:
    """Make the app of `mentoring` over a database that nobody else writes to.

    Its lifespan migrates the tables, does the jobs in them (mail, leases that run out, the digest), and closes the
    database. `queue`: by default the job table of the database.
    """
    settings, mail = settings or MentoringSettings(), mail or MailSettings()
    jobs = queue or TableJobQueue(db, JOBS, clock=clock)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await migrate(db, "services.mentoring")
        service = MentoringService.over(db, jobs, app.state.metrics.registry, settings, mail, clock)
        app.state.service = service
        async with db.write() as session:
            await jobs.enqueue(session, digest_job(clock(), mail.digest_hour))
        desk: dict[str, Handler] = {EXPIRY_JOB: ExpiryJob(db, jobs, clock)}
        post: dict[str, Handler] = {
            MAIL_JOB: MailJob(db, mailer, mail, service.metrics),
            DIGEST_JOB: DigestJob(db, jobs, Mails(jobs, mail), mail, clock),
        }
        work = (
            jobs.work(DESK_QUEUE, desk),
            jobs.work(MAIL_QUEUE, post),
            jobs.work(forgetting.QUEUE, forgetting.handlers(db, jobs, clock)),
            _keep_gauges(service.measuring),
        )
        try:
            async with _working(*work):
                yield
        finally:
            await db.close()

    return create_service(
        "mentoring",
        [
            learner_endpoints.router,
            hub_endpoints.router,
            mentor_endpoints.router,
            memory_endpoints.feedback_router,
            memory_endpoints.mentor_router,
        ],
        scope_verifier=scope_verifier,
        pings={"database": db.ping},
        lifespan=lifespan,
        max_body_bytes=_BODY_BYTES,
    )


async def _keep_gauges(measuring: Measuring) -> None:
    while True:
        try:
            await measuring.observe_queue()
        except Exception:
            # A database that is away for a while is no reason to stop looking.
            _log.exception("the queue could not be looked at for its figures")
        await asyncio.sleep(_GAUGES_SECONDS)


@asynccontextmanager
async def _working(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do the work beside the block; when it ends, jobs under way are given back."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
