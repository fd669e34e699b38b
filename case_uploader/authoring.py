"""What admins may do with cases, and the work that follows from it, in one process."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from case_uploader.environments.tidying import Tidying
from case_uploader.regrades.service import REGRADE_QUEUE, Regrades
from case_uploader.uploads.office import Office
from case_uploader.versions.service import Versions
from services.kit.jobs import Handler, JobQueue


@dataclass(frozen=True)
class Authoring:
    """Uploads, versions and regrades over one database."""

    office: Office
    versions: Versions
    regrades: Regrades
    jobs: JobQueue
    regrading: Mapping[str, Handler]
    tidying: Tidying | None = None
    """Of environments, where this machine makes them."""

    async def work(self) -> None:
        """Do jobs until cancelled."""
        # ends when all of it has ended, also when cancelled: the database is closed right after
        async with asyncio.TaskGroup() as group:
            group.create_task(self.office.work())
            group.create_task(self.jobs.work(REGRADE_QUEUE, self.regrading))
            if self.tidying is not None:
                group.create_task(self.tidying.work())
