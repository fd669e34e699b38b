from typing import Final

from sqlalchemy import func, select

from services.contracts.feedback import Feedback, Verdict
from services.contracts.progress import SubtaskState
from services.contracts.regrade import ApplyRegrade, Regradable, RegradablePage, RegradeApplied
from services.kit.clock import Clock
from services.kit.database import Database
from services.progress.models import RegradeRow, SubmissionRow
from services.progress.repository import AttemptRepository, Owner
from services.progress.states import furthest, reached_by

_PAGE: Final = 200
_JUDGED: Final = (Verdict.APPROVED, Verdict.NEEDS_WORK)


class Regrading:
    """Lists work to judge again and takes better verdicts over. A verdict only ever becomes better for a learner."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    async def regradable(self, case: str, after: int) -> RegradablePage:
        """The newest judged submission of every learner and subtask, behind the one with sequence number `after`."""
        newest = select(func.max(SubmissionRow.seq)).where(
            SubmissionRow.case_id == case, SubmissionRow.verdict.in_(_JUDGED)
        )
        newest = newest.group_by(SubmissionRow.learner, SubmissionRow.subtask)
        query = select(SubmissionRow).where(SubmissionRow.seq.in_(newest), SubmissionRow.seq > after)
        async with self._db.read() as session:
            rows = (await session.scalars(query.order_by(SubmissionRow.seq).limit(_PAGE))).all()
        items = tuple(
            Regradable(
                user=row.learner,
                subtask=row.subtask,
                submission=row.id,
                verdict=Verdict(row.verdict or ""),
                points=row.points,
            )
            for row in rows
        )
        return RegradablePage(items=items, after=rows[-1].seq if len(rows) == _PAGE else None)

    async def apply(self, regrade: ApplyRegrade) -> RegradeApplied:
        """Take over what is better, in one transaction, and write each change down."""
        changed, now = 0, self._clock()
        async with self._db.write() as session:
            for item in regrade.items:
                query = select(SubmissionRow).where(SubmissionRow.id == item.submission)
                row = (await session.scalars(query.with_for_update())).one_or_none()
                if row is None or row.case_id != regrade.case or not _better(row, item.feedback):
                    continue
                session.add(
                    RegradeRow(
                        submission=row.id,
                        case_version=regrade.version,
                        at=now,
                        by=regrade.by,
                        before=row.verdict or "",
                        before_points=row.points,
                        after=item.feedback.verdict,
                        after_points=item.feedback.points,
                    )
                )
                row.verdict, row.points = item.feedback.verdict, item.feedback.points
                row.headline, row.feedback = item.feedback.headline, item.feedback.model_dump_json()
                attempts = AttemptRepository(session, Owner(row.learner, row.case_id))
                standing = await attempts.standing_or_new(row.subtask, now)
                standing.state = furthest(SubtaskState(standing.state), reached_by(item.feedback.verdict))
                standing.points, standing.updated = max(standing.points, item.feedback.points), now
                changed += 1
        return RegradeApplied(changed=changed)


def _better(row: SubmissionRow, feedback: Feedback) -> bool:
    if row.verdict not in _JUDGED or feedback.verdict not in _JUDGED:
        return False
    before, after = (verdict == Verdict.APPROVED for verdict in (row.verdict, feedback.verdict))
    return (after, feedback.points) > (before, row.points) and after >= before
