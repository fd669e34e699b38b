"""How much mentors are asked, and what their answers are worth."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.escalation import Measures
from services.kit.clock import Clock
from services.kit.database import Database
from services.mentoring.metrics import MentoringMetrics
from services.mentoring.models import EscalationRow, RatingRow, ShowingRow
from services.mentoring.repository import Mentor, Queue


@dataclass(frozen=True)
class Measuring:
    """Figures over a period, and how the queue stands."""

    db: Database
    metrics: MentoringMetrics
    clock: Clock

    async def measures(self, mentor: Mentor, case: str | None, days: int) -> Measures:
        """The last days, of one case or all within reach. Another case than the mentor's gives zeros."""
        since = self.clock() - timedelta(days=days)
        cases = [one for one in (mentor.case, case) if one is not None]
        async with self.db.read() as session:
            return await measures_of(session, cases, case or mentor.case, since)

    async def observe_queue(self) -> None:
        """Bring the gauges up to date."""
        async with self.db.read() as session:
            waiting, since = await Queue(session, None).waiting()
        self.metrics.queue(waiting, 0.0 if since is None else (self.clock() - since).total_seconds())


async def measures_of(session: AsyncSession, cases: Sequence[str], case: str | None, since: datetime) -> Measures:
    """Figures since then, of what is in all of `cases` (none: everything); `case` is what the answer says it is of."""
    asked: list[ColumnElement[bool]] = [EscalationRow.about_memory.is_(None)]
    asked += [EscalationRow.case_id == one for one in cases]
    given = [ShowingRow.case_id == one for one in cases]
    answered = select(EscalationRow.opened, EscalationRow.first_answer, EscalationRow.handled_seconds).where(
        *asked, EscalationRow.first_answer >= since
    )
    rows = (await session.execute(answered)).all()
    of_cases = [RatingRow.case_id == one for one in cases]
    rated = await session.scalars(select(RatingRow.helpful).where(*of_cases, RatingRow.rated >= since))
    remembered_rated = await session.scalars(
        select(ShowingRow.helpful).where(*given, ShowingRow.rated >= since, ShowingRow.helpful.is_not(None))
    )
    opened = select(func.count()).select_from(EscalationRow).where(*asked, EscalationRow.opened >= since)
    shown = select(func.count()).select_from(ShowingRow).where(*given, ShowingRow.first >= since)
    remembered = await session.scalar(shown) or 0
    handling = [row.handled_seconds for row in rows if row.handled_seconds is not None]
    return Measures(
        case=case,
        since=since,
        escalated=await session.scalar(opened) or 0,
        remembered=remembered,
        answered=len(rows),
        first_answer_seconds_median=_median([(row.first_answer - row.opened).total_seconds() for row in rows]),
        helpful_share=_share(rated.all()),
        remembered_helpful_share=_share(remembered_rated.all()),
        minutes_saved=round(remembered * (_median(handling) or 0.0) / 60, 1),
    )


def _median(values: list[float]) -> float | None:
    return statistics.median(values) if values else None


def _share(ratings: Sequence[bool | None]) -> float | None:
    return sum(map(bool, ratings)) / len(ratings) if ratings else None
