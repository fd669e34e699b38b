from services.contracts.classroom import ClassView
from services.kit.clock import Clock
from services.kit.database import Database
from services.progress.classroom.repository import learners_by_version, learners_of
from services.progress.classroom.rules import is_silent, is_stuck, row_of, watch_of


class Classroom:
    """Who is where in a case."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    async def by_version(self, case: str) -> dict[str, int]:
        """How many learners are on each version of a case, by their newest check."""
        async with self._db.read() as session:
            return await learners_by_version(session, case)

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
        async with self._db.read() as session:
            learners = await learners_of(session, case)
        now = self._clock()
        watched = [(learner, watch_of(learner, now, case_steps)) for learner in learners]
        asked = [one for one in watched if one[1]] if watch else watched
        following = [one for one in asked if one[0].user > after]
        part = following[:limit]
        return ClassView(
            case=case,
            at=now,
            rows=tuple(row_of(learner, why) for learner, why in part),
            total=len(asked),
            learners=len(learners),
            stuck=sum(is_stuck(why) for _, why in watched),
            silent=sum(is_silent(why) for _, why in watched),
            finished=sum(learner.has_finished(case_steps) for learner in learners),
            next=part[-1][0].user if part and len(part) < len(following) else None,
        )
