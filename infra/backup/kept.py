"""What each service keeps, and which of it belongs together."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession

from case_uploader import repository as cases_repository
from case_uploader import wiring as cases_wiring
from feedback import wiring as feedback_wiring
from infra.audit.logs import LOGS
from services.gateway.dashboard import wiring as dashboard_wiring
from services.kit.audit_chain import Chained
from services.kit.database import Database
from services.kit.settings import Settings
from services.mentoring import wiring as mentoring_wiring
from services.progress import repository as progress_repository
from services.progress import wiring as progress_wiring


@dataclass(frozen=True)
class Objects:
    """A service's objects, and those of them that its rows cannot do without.

    An object is put before the row that names it is there for others to see, and it is deleted, if ever, when no row
    names it any more. So whatever the rows of one moment name was there at that moment, and what a backup copies
    before and after it can lack only what was deleted in between.
    """

    folder: Callable[[Settings], Path]
    named: Callable[[AsyncSession], AsyncIterator[str]]


@dataclass(frozen=True)
class Kept:
    """What one service keeps."""

    service: str
    package: str
    database: Callable[[Settings], Database]
    objects: Objects | None = None

    @property
    def log(self) -> type[Chained] | None:
        """Its log of deeds."""
        return next((log.row for log in LOGS if log.service == self.service), None)

    def file(self, settings: Settings) -> Path:
        """Where its tables are on SQLite."""
        return Path(str(make_url(self.database(settings).url).database))


KEPT: Final = (
    Kept(
        "cases",
        "case_uploader",
        cases_wiring.open_tables,
        Objects(cases_wiring.objects_folder, cases_repository.named_objects),
    ),
    Kept(
        "progress",
        "services.progress",
        progress_wiring.open_database,
        Objects(progress_wiring.objects_folder, progress_repository.named_objects),
    ),
    Kept("mentoring", "services.mentoring", mentoring_wiring.open_database),
    Kept("feedback", "feedback", feedback_wiring.open_database),
    Kept("dashboard", "services.gateway.dashboard", dashboard_wiring.open_database),
)
