"""The one place where `case_uploader` chooses its adapters."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from case_uploader.adapters.image_engine import ImageEngine
from case_uploader.adapters.learner_environment import SitePackages
from case_uploader.adapters.repo2docker_images import ImageOrder, Repo2DockerImages
from case_uploader.adapters.stock_packs import StockPacks
from case_uploader.adapters.uv_environments import UvBuilder
from case_uploader.adapters.wheel_downloads import WheelDownloads
from case_uploader.authoring import Authoring
from case_uploader.drafts import DraftStore
from case_uploader.environments.furnishing import Furnished, Furnisher
from case_uploader.environments.shelf import EnvironmentShelf
from case_uploader.environments.tidying import Tidying
from case_uploader.format.requirements_file import LearnerEnvironment
from case_uploader.images.shelf import ImageShelf
from case_uploader.models import JOBS
from case_uploader.publish import Publisher
from case_uploader.regrades.job import RegradeJob
from case_uploader.regrades.service import REGRADE_JOB, Regrades
from case_uploader.service import CaseService
from case_uploader.settings import CaseSettings, CiSettings, ImageSettings, UploadSettings
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
from services.kit.database import Database
from services.kit.migrations import migrated
from services.kit.objects import ObjectStore
from services.kit.settings import Settings
from services.kit.wiring import open_database, open_objects
from vault.files import private_folder


@dataclass(frozen=True)
class Backends:
    """What the case service stands on."""

    database: Database
    objects: ObjectStore
    uploads: Path
    """Folder of archives while they are worked on."""


def open_tables(settings: Settings) -> Database:
    """The database of `cases`, to be migrated. Raises DatabaseMisconfigured."""
    own = _own(settings)
    # Whoever removes files or objects that no row refers to must know that nobody is just writing such a row.
    return open_database(own.mode, "cases", own.cases_database, one_writer=True)


def objects_folder(settings: Settings) -> Path:
    """Where the objects of `cases` are, or streams on their way into its bucket."""
    return _own(settings).cases_objects


@asynccontextmanager
async def open_backends(settings: Settings) -> AsyncIterator[Backends]:
    """Open database (migrated) and object store; close them at the end.

    Raises DatabaseMisconfigured, MigrationFailed, ObjectStoreFailed.
    """
    own = _own(settings)
    private_folder(own.cases_home)
    async with migrated(open_tables(settings), "case_uploader") as database:
        objects = await asyncio.to_thread(open_objects, own.mode, "cases", own.cases_objects)
        yield Backends(database, objects, own.uploads_home)


def reading_service(backends: Backends) -> CaseService:
    """The service as it runs: it answers about cases and publishes nothing."""
    return CaseService(backends.database, backends.objects)


def publishing_service(
    backends: Backends,
    feedback: FeedbackClient,
    environment: LearnerEnvironment | None,
    shelf: EnvironmentShelf | None = None,
    images: ImageShelf | None = None,
) -> CaseService:
    """The service of the command line: it can also check and publish. What fails there is not tried again."""
    office = open_office(backends, feedback, environment, shelf, images, attempts=1)
    workshop = _workshop(backends, feedback, environment, shelf, images)
    return CaseService(backends.database, backends.objects, workshop, office)


def open_office(
    backends: Backends,
    feedback: FeedbackClient,
    environment: LearnerEnvironment | None,
    shelf: EnvironmentShelf | None = None,
    images: ImageShelf | None = None,
    *,
    attempts: int = 3,
    times: TableTimes | None = None,
) -> Office:
    """Those who take uploads and work on them."""
    jobs = TableJobQueue(backends.database, JOBS, times)
    storage = UploadStorage(backends.uploads)
    storage.prepare()
    uploads = Uploads(backends.database, jobs, storage, UploadSettings(), attempts=attempts)
    workshop = _workshop(backends, feedback, environment, shelf, images)
    job = UploadJob(backends.database, storage, workshop, CaseTurns(backends.database))
    return Office(uploads, jobs, {UPLOAD_JOB: job}, backends.uploads)


def open_authoring(
    backends: Backends,
    feedback: FeedbackClient,
    progress: RegradingClient,
    environment: LearnerEnvironment | None,
    times: TableTimes | None = None,
    shelf: EnvironmentShelf | None = None,
    images: ImageShelf | None = None,
) -> Authoring:
    """What admins may do, and those who do the work."""
    db, jobs = backends.database, TableJobQueue(backends.database, JOBS, times)
    job = RegradeJob(db, reading_service(backends), feedback, progress)
    return Authoring(
        office=open_office(backends, feedback, environment, shelf, images, times=times),
        versions=Versions(db, backends.objects),
        regrades=Regrades(db, jobs, progress),
        jobs=jobs,
        regrading={REGRADE_JOB: job},
        tidying=None if shelf is None else Tidying(db, shelf, images),
    )


def _workshop(
    backends: Backends,
    feedback: FeedbackClient,
    environment: LearnerEnvironment | None,
    shelf: EnvironmentShelf | None,
    images: ImageShelf | None,
) -> Workshop:
    mutants = CiSettings().mutants

    def publisher(furnished: Furnished) -> Publisher:
        drafts = DraftStore(backends.database, backends.objects, furnished.digest, furnished.image)
        return Publisher(drafts, furnished.environment, feedback, mutants=mutants)

    return Workshop(Furnisher(environment, shelf, SitePackages, images), publisher)


def open_shelf(settings: Settings, environments: Path, set_up: Path) -> EnvironmentShelf | None:
    """What makes environments below `environments`; None where set-up has left no installer."""
    uv = set_up / "uv" / "bin" / "uv"
    if not uv.exists():
        return None
    return EnvironmentShelf(environments, UvBuilder(uv, settings.learner_env, set_up / "wheels"))


def open_images(folder: Path, learner_image: str, set_up: Path) -> ImageShelf:
    """What makes images of cases for learners' containers, with its notes in `folder`.

    `learner_image` is the common one, with its tag: images of cases have its repository.
    """
    own = ImageSettings()
    order = ImageOrder(
        repository=learner_image.rpartition(":")[0],
        base=own.base or learner_image,
        installation=hashlib.sha256(os.fsencode(folder)).hexdigest()[:12],
        seconds=own.seconds,
        most_bytes=own.most_mb << 20,
        memory_bytes=own.memory_mb << 20,
    )
    downloads = WheelDownloads(set_up / "uv" / "bin" / "python", set_up / "wheels")
    engine = ImageEngine()
    stock = StockPacks(engine, own.stock_base) if own.stock_packs else None
    return ImageShelf(folder, Repo2DockerImages(engine, downloads, order, stock), stock_packs=own.stock_packs)


def open_furnisher(settings: Settings, environments: Path, set_up: Path) -> Furnisher:
    """What finds and makes the environments of case folders. Raises `LearnerEnvironmentMissing`."""
    return Furnisher(learner_environment(settings), open_shelf(settings, environments, set_up), SitePackages)


def learner_environment(settings: Settings) -> LearnerEnvironment:
    """The environment learners' code runs in. Raises `LearnerEnvironmentMissing`."""
    return SitePackages(settings.learner_env)


def _own(settings: Settings) -> CaseSettings:
    return CaseSettings.model_validate(settings.model_dump())
