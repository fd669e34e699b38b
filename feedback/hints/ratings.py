"""What learners said of hints: numbers for mentors, of nobody in particular."""

from datetime import datetime

from sqlalchemy import case, func, select

from feedback.hints.models import HintRow
from feedback.mentors import require_mentor
from services.contracts.identity import ScopeClaims
from services.contracts.measures import WeekRatings
from services.kit.database import Database
from services.kit.spans import WHOLE, require_period, spans_of


class HintRatings:
    """Ratings of everybody's hints."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def by_week(
        self, scope: ScopeClaims, case_id: str | None, since: datetime, until: datetime
    ) -> tuple[WeekRatings, ...]:
        """How many were rated in each week that has any, of one case or all. Raises NotAMentor, PeriodRefused."""
        require_mentor(scope)
        require_period(since, until)
        spans = spans_of(since, until)
        query = (
            select(spans.number, func.count(), func.sum(case((HintRow.helpful.is_(True), 1), else_=0)))
            .select_from(spans.table)
            .join(HintRow, spans.holds(HintRow.rated))
            .where(HintRow.helpful.is_not(None), spans.number != WHOLE)
            .group_by(spans.number)
            .order_by(spans.number)
        )
        reach = [one for one in (case_id, None if scope.case == "*" else scope.case) if one is not None]
        query = query.where(*(HintRow.case_id == one for one in reach))
        async with self._db.read() as session:
            rows = (await session.execute(query)).all()
        return tuple(
            WeekRatings(begins=spans.begins[number - 1], rated=rated, helpful=helpful)
            for number, rated, helpful in rows
        )
