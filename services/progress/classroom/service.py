from services.contracts.classroom import ClassRow, ClassView
from services.kit.clock import Clock
from services.kit.database import Database
from services.progress.classroom.repository import learners_of
from services.progress.classroom.rules import is_finished, row_of


class Classroom:
    """Who is where in a case."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

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
        rows = [row_of(learner, now, case_steps) for learner in learners]
        asked = [row for row in rows if row.watch] if watch else rows
        following = [row for row in asked if row.user > after]
        part = following[:limit]
        return ClassView(
            case=case,
            at=now,
            rows=tuple(part),
            total=len(asked),
            learners=len(rows),
            stuck=sum(_is_stuck(row) for row in rows),
            silent=sum(any(watched.rule == "silent" for watched in row.watch) for row in rows),
            finished=sum(is_finished(row.subtasks, case_steps) for row in rows),
            next=part[-1].user if part and len(part) < len(following) else None,
        )


def _is_stuck(row: ClassRow) -> bool:
    return any(watched.rule != "silent" for watched in row.watch)
