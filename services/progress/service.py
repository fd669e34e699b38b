from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from services.kit.database import Database
from services.kit.jobs import JobQueue
from services.kit.objects import ObjectStore
from services.progress.attempts import Attempts
from services.progress.classroom.service import Classroom
from services.progress.classroom.work import Work
from services.progress.notebooks import Notebooks
from services.progress.own_page import OwnPage
from services.progress.regrading.service import Regrading
from services.progress.sessions.exports import Exports
from services.progress.sessions.looks import Looks
from services.progress.sessions.recording import Recorder
from services.progress.sessions.replays import Replays
from services.progress.sessions.summaries import Summaries
from services.progress.settings import ProgressSettings
from services.progress.style.reviews import Reviews


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class ProgressService:
    """All that `progress` does."""

    attempts: Attempts
    reviews: Reviews
    notebooks: Notebooks
    recorder: Recorder
    summaries: Summaries
    exports: Exports
    replays: Replays
    looks: Looks
    classroom: Classroom
    work: Work
    own_page: OwnPage
    regrading: Regrading

    @classmethod
    def over(
        cls,
        db: Database,
        objects: ObjectStore,
        queue: JobQueue,
        settings: ProgressSettings,
        clock: Callable[[], datetime] = utc_now,
    ) -> "ProgressService":
        """Build it over a migrated database, its jobs, and an object store of its own."""
        summaries = Summaries(db)
        attempts = Attempts(db, objects, settings, clock)
        return cls(
            attempts=attempts,
            reviews=Reviews(db, objects, attempts, clock),
            notebooks=Notebooks(db, objects, settings, clock),
            recorder=Recorder(db, queue, settings, clock),
            summaries=summaries,
            exports=Exports(db, summaries, clock),
            replays=Replays(db, summaries),
            looks=Looks(db, clock),
            classroom=Classroom(db, clock),
            work=Work(db, attempts, summaries),
            own_page=OwnPage(db),
            regrading=Regrading(db, clock),
        )
