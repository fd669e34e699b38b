"""The one place where `case_uploader` chooses its adapters."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from case_uploader.adapters.learner_environment import SitePackages
from case_uploader.adapters.uv_environments import UvBuilder
from case_uploader.authoring import Authoring
from case_uploader.drafts import DraftStore
from case_uploader.environments.shelf import EnvironmentShelf
from case_uploader.environments.tidying import Tidying
from case_uploader.errors import NoAdapter
from case_uploader.format.requirements_file import LearnerEnvironment
from case_uploader.models import JOBS
from case_uploader.publish import Publisher
from case_uploader.regrades.job import RegradeJob
from case_uploader.regrades.service import REGRADE_JOB, Regrades
from case_uploader.service import CaseService
from case_uploader.settings import CaseSettings, CiSettings, UploadSettings
from case_uploader.uploads.job import UploadJob
from case_uploader.uploads.office import Office
from case_uploader.uploads.service import UPLOAD_JOB, Uploads
from case_uploader.uploads.storage import UploadStorage
from case_uploader.uploads.turns import CaseTurns
from case_uploader.versions.service import Versions
from case_uploader.workshop import Workshop
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.clients.regrading import RegradingClient
from services.kit.adapters.job_rows import TableTimes
from services.kit.adapters.jobs_table import TableJobQueue
from services.kit.adapters.objects_directory import DirectoryObjectStore
from services.kit.database import Database
from services.kit.migrations import migrate
from services.kit.objects import ObjectStore
from services.kit.settings import Settings
from vault.files import private_folder


@dataclass(frozen=True)
class Backends:
    """What the case service stands on."""

    database: Database
    objects: ObjectStore
    uploads: Path
    """Folder of archives while they are worked on."""


@asynccontextmanager
async def open_backends(settings: Settings) -> AsyncIterator[Backends]:
    """Open database (migrated) and object store; close them at the end. Raises NoAdapter."""
    own = _own(settings)
    if own.mode == "production":
        raise NoAdapter(
            "cases need a PostgreSQL database and an object store in production mode, and this version has no adapter "
            "for either; set CASELOOP_MODE=embedded"
        )
    private_folder(own.cases_home)
    database = Database(f"sqlite+aiosqlite:///{own.cases_database}")
    try:
        await migrate(database, "case_uploader")
        yield Backends(database, DirectoryObjectStore(own.cases_objects), own.uploads_home)
    finally:
        await database.close()


def reading_service(backends: Backends) -> CaseService:
    """The service as it runs: it answers about cases and publishes nothing."""
    return CaseService(backends.database, backends.objects)


def publishing_service(
    backends: Backends,
    feedback: FeedbackClient,
    environment: LearnerEnvironment | None,
    shelf: EnvironmentShelf | None = None,
) -> CaseService:
    """The service of the command line: it can also check and publish. What fails there is not tried again."""
    office = open_office(backends, feedback, environment, shelf, attempts=1)
    workshop = _workshop(backends, feedback, environment, shelf)
    return CaseService(backends.database, backends.objects, workshop, office)


def open_office(
    backends: Backends,
    feedback: FeedbackClient,
    environment: LearnerEnvironment | None,
    shelf: EnvironmentShelf | None = None,
    *,
    attempts: int = 3,
    times: TableTimes | None = None,
) -> Office:
    """Those who take uploads and work on them."""
    jobs = TableJobQueue(backends.database, JOBS, times)
    storage = UploadStorage(backends.uploads)
    storage.prepare()
    uploads = Uploads(backends.database, jobs, storage, UploadSettings(), attempts=attempts)
    workshop = _workshop(backends, feedback, environment, shelf)
    job = UploadJob(backends.database, storage, workshop, CaseTurns(backends.database))
    return Office(uploads, jobs, {UPLOAD_JOB: job}, backends.uploads)


def open_authoring(
    backends: Backends,
    feedback: FeedbackClient,
    progress: RegradingClient,
    environment: LearnerEnvironment | None,
    times: TableTimes | None = None,
    shelf: EnvironmentShelf | None = None,
) -> Authoring:
    """What admins may do, and those who do the work."""
    db, jobs = backends.database, TableJobQueue(backends.database, JOBS, times)
    job = RegradeJob(db, reading_service(backends), feedback, progress)
    return Authoring(
        office=open_office(backends, feedback, environment, shelf, times=times),
        versions=Versions(db, backends.objects),
        regrades=Regrades(db, jobs, progress),
        jobs=jobs,
        regrading={REGRADE_JOB: job},
        tidying=None if shelf is None else Tidying(db, shelf),
    )


def _workshop(
    backends: Backends, feedback: FeedbackClient, environment: LearnerEnvironment | None, shelf: EnvironmentShelf | None
) -> Workshop:
    mutants = CiSettings().mutants

    def publisher(environment: LearnerEnvironment | None, digest: str | None) -> Publisher:
        drafts = DraftStore(backends.database, backends.objects, digest)
        return Publisher(drafts, environment, feedback, mutants=mutants)

    return Workshop(environment, publisher, shelf, SitePackages)


def open_shelf(settings: Settings, environments: Path, set_up: Path) -> EnvironmentShelf | None:
    """What makes environments below `environments`; None where set-up has left no installer."""
    uv = set_up / "uv" / "bin" / "uv"
    if not uv.exists():
        return None
    return EnvironmentShelf(environments, UvBuilder(uv, settings.learner_env, set_up / "wheels"))


def learner_environment(settings: Settings) -> LearnerEnvironment:
    """The environment learners' code runs in. Raises `LearnerEnvironmentMissing`."""
    return SitePackages(settings.learner_env)


def _own(settings: Settings) -> CaseSettings:
    return CaseSettings.model_validate(settings.model_dump())
