from datetime import datetime

from services.contracts.classroom import ClassView
from services.contracts.measures import WeekCount
from services.kit.clock import Clock
from services.kit.database import Database
from services.progress.classroom.repository import ClassRepository, failing_by_week, learners_by_version
from services.progress.classroom.rules import row_of, watch_of


class Classroom:
    """Who is where in a case."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    async def by_version(self, case: str) -> dict[str, int]:
        """How many learners are on each version of a case, by their newest check."""
        async with self._db.read() as session:
            return await learners_by_version(session, case)

    async def failing(self, case: str | None, since: datetime, until: datetime) -> tuple[WeekCount, ...]:
        """Failing submissions by week, of one case or all."""
        async with self._db.read() as session:
            return await failing_by_week(session, case, since, until)

    async def view(
        self, case: str, case_steps: int | None, *, watch: bool = False, after: str = "", limit: int | None = None
    ) -> ClassView:
        """The class by name, from the one after `after` on, at most `limit` of it; the counts are of the whole class.

        Args:
            case: which case.
            case_steps: how many steps it has, if known: nobody has finished before as many are approved.
            watch: only those on the watch list.
            after: the name of the last learner of the part before.
            limit: learners in the part; None: all.
        """
        now = self._clock()
        async with self._db.read() as session:
            repository = ClassRepository(session, case, case_steps, now)
            counts = await repository.counts()
            # One more than fits tells whether there is another part.
            following = await repository.names(watch=watch, after=after, limit=None if limit is None else limit + 1)
            part = following[:limit]
            people = await repository.people(None if limit is None else part)
        learners = [people[name] for name in part]
        return ClassView(
            case=case,
            at=now,
            rows=tuple(row_of(learner, watch_of(learner, now, case_steps)) for learner in learners),
            total=counts.watched if watch else counts.learners,
            learners=counts.learners,
            stuck=counts.stuck,
            silent=counts.silent,
            finished=counts.finished,
            next=part[-1] if len(part) < len(following) else None,
        )
