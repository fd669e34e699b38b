"""The one place where `case_uploader` chooses its adapters."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from case_uploader.adapters.learner_environment import SitePackages
from case_uploader.drafts import DraftStore
from case_uploader.errors import NoAdapter
from case_uploader.format.requirements_file import LearnerEnvironment
from case_uploader.publish import Publisher
from case_uploader.service import CaseService
from case_uploader.settings import CaseSettings
from services.contracts.clients.feedback import FeedbackClient
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
        yield Backends(database, DirectoryObjectStore(own.cases_objects))
    finally:
        await database.close()


def reading_service(backends: Backends) -> CaseService:
    """The service as it runs: it answers about cases and publishes nothing."""
    return CaseService(backends.database, backends.objects)


def publishing_service(
    backends: Backends, feedback: FeedbackClient, environment: LearnerEnvironment | None
) -> CaseService:
    """The service of the command line: it can also check and publish."""
    publisher = Publisher(DraftStore(backends.database, backends.objects), environment, feedback)
    return CaseService(backends.database, backends.objects, publisher)


def learner_environment(settings: Settings) -> LearnerEnvironment:
    """The environment learners' code runs in. Raises `LearnerEnvironmentMissing`."""
    return SitePackages(settings.learner_env)


def _own(settings: Settings) -> CaseSettings:
    return CaseSettings.model_validate(settings.model_dump())
