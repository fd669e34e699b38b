"""One learner's work on a step, for a mentor who comes from the class."""

from collections.abc import Sequence
from typing import Final

from services.contracts.classroom import ClassSubtask, LearnersWork
from services.contracts.progress import SubtaskState
from services.kit.database import Database
from services.progress.attempts import Attempts
from services.progress.models import StandingRow
from services.progress.repository import AttemptRepository, Owner
from services.progress.sessions.summaries import Summaries
from services.progress.states import is_approved

_VERSIONS: Final = 200


class Work:
    """All of it together, so that looking at it is one call and one line in the record of looks."""

    def __init__(self, db: Database, attempts: Attempts, summaries: Summaries) -> None:
        self._db, self._attempts, self._summaries = db, attempts, summaries

    async def of(self, owner: Owner, subtask: str | None) -> LearnersWork:
        """The work on one step; None: the one that is worked on, else the one that was checked last."""
        async with self._db.read() as session:
            standings = await AttemptRepository(session, owner).standings()
        subtask = subtask or _worked_on(standings)
        versions = await self._attempts.history_of(owner, subtask, None, _VERSIONS) if subtask else ()
        latest = await self._attempts.version_of(owner, versions[0].submission) if versions else None
        return LearnersWork(
            user=owner.user,
            case=owner.case,
            subtask=subtask,
            subtasks=tuple(
                ClassSubtask(
                    subtask=row.subtask,
                    state=SubtaskState(row.state),
                    attempts=row.attempts,
                    points=row.points,
                    updated=row.updated,
                )
                for row in standings
            ),
            latest=latest,
            versions=versions,
            sessions=await self._summaries.of(owner),
        )


def _worked_on(standings: Sequence[StandingRow]) -> str | None:
    if not standings:
        return None
    return max(standings, key=lambda row: (not is_approved(SubtaskState(row.state)), row.updated)).subtask
