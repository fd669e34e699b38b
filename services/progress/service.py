from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from services.kit.database import Database
from services.kit.objects import ObjectStore
from services.progress.attempts import Attempts
from services.progress.notebooks import Notebooks
from services.progress.settings import ProgressSettings


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class ProgressService:
    """All that `progress` does."""

    attempts: Attempts
    notebooks: Notebooks

    @classmethod
    def over(
        cls,
        db: Database,
        objects: ObjectStore,
        settings: ProgressSettings,
        clock: Callable[[], datetime] = utc_now,
    ) -> "ProgressService":
        """Build it over a migrated database and an object store of its own."""
        return cls(Attempts(db, objects, settings, clock), Notebooks(db, objects, settings, clock))
