"""What a learner's own page shows: where they stand in every subtask of every case."""

from services.contracts.feedback import Verdict
from services.contracts.progress import OwnSubtask, SubtaskState
from services.kit.database import Database
from services.progress.repository import OwnStanding, own_standings


class OwnPage:
    """A learner's standing over all cases, for the Hub, which knows who is signed in."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def of(self, user: str) -> tuple[OwnSubtask, ...]:
        """Every subtask that was ever checked, by case."""
        async with self._db.read() as session:
            return tuple(_own(own) for own in await own_standings(session, user))


def _own(own: OwnStanding) -> OwnSubtask:
    row = own.standing
    return OwnSubtask(
        case=row.case_id,
        subtask=row.subtask,
        state=SubtaskState(row.state),
        attempts=row.attempts,
        points=row.points,
        checks_left=None if row.quota is None else max(0, row.quota - row.attempts),
        checked=own.checked or row.updated,
        approved=own.approved,
        verdict=None if own.verdict is None else Verdict(own.verdict),
        headline=own.headline or "",
    )
