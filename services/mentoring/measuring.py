"""How much mentors are asked, and what their answers are worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from services.contracts.measures import Figures, Measures, WeekFigures
from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.spans import WHOLE, Moment, Spans, spans_of
from services.mentoring.metrics import MentoringMetrics
from services.mentoring.models import EscalationRow, RatingRow, ShowingRow
from services.mentoring.repository import Mentor, Queue
from services.mentoring.spared import minutes_saved

_WEEK: Final = timedelta(days=7)
"""Of the gauge of minutes saved."""


@dataclass(frozen=True)
class Measuring:
    """Figures over a period, and how the queue stands."""

    db: Database
    metrics: MentoringMetrics
    clock: Clock

    async def measures(self, mentor: Mentor, case: str | None, days: int) -> Measures:
        """The last days, of one case or all within reach. Another case than the mentor's gives zeros."""
        now = self.clock()
        cases = [one for one in (mentor.case, case) if one is not None]
        async with self.db.read() as session:
            return await measures_of(session, cases, case or mentor.case, now - timedelta(days=days), now)

    async def observe_queue(self) -> None:
        """Bring the gauges up to date."""
        now = self.clock()
        async with self.db.read() as session:
            waiting, since = await Queue(session, None).waiting()
            saved = await minutes_saved(session, now - _WEEK)
        self.metrics.queue(waiting, 0.0 if since is None else (now - since).total_seconds())
        self.metrics.saved(saved)


async def measures_of(
    session: AsyncSession, cases: Sequence[str], case: str | None, since: datetime, until: datetime
) -> Measures:
    """Figures from `since` to `until`, of what is in all of `cases` (none: everything), in a few statements.

    `case` is what the answer says it is of.
    """
    counted = _Counted(session, spans_of(since, until), cases)
    figures = await counted.figures()
    weeks = [
        WeekFigures(begins=begins, **figures.get(number, {}))
        for number, begins in enumerate(counted.spans.begins, WHOLE + 1)
    ]
    return Measures(case=case, since=since, until=until, weeks=tuple(weeks), **figures.get(WHOLE, {}))


@dataclass(frozen=True)
class _Counted:
    """Everything by number of its span."""

    session: AsyncSession
    spans: Spans
    cases: Sequence[str]

    async def figures(self) -> dict[int, dict[str, Any]]:
        """Span -> the figures of it that are not nothing."""
        question = EscalationRow.about_memory.is_(None)
        escalated = await self._count(EscalationRow.opened, EscalationRow.case_id, question)
        remembered = await self._count(ShowingRow.first, ShowingRow.case_id)
        first = await self._medians(EscalationRow.first_answer_seconds)
        handling = await self._medians(EscalationRow.handled_seconds)
        helpful = await self._shares(RatingRow.rated, RatingRow.case_id, RatingRow.helpful)
        again = await self._shares(ShowingRow.rated, ShowingRow.case_id, ShowingRow.helpful)
        found: dict[int, dict[str, Any]] = {}
        for number in escalated.keys() | remembered.keys() | first.keys() | helpful.keys() | again.keys():
            answered, median = first.get(number, (0, None))
            saved = remembered.get(number, 0) * (handling.get(number, (0, 0.0))[1] or 0.0) / 60
            found[number] = Figures(
                escalated=escalated.get(number, 0),
                remembered=remembered.get(number, 0),
                answered=answered,
                first_answer_seconds_median=median,
                helpful_share=helpful.get(number),
                remembered_helpful_share=again.get(number),
                minutes_saved=round(saved, 1),
            ).model_dump()
        return found

    async def _count(
        self, moment: InstrumentedAttribute[datetime], of_case: InstrumentedAttribute[str], *more: ColumnElement[bool]
    ) -> dict[int, int]:
        query = (
            select(self.spans.number, func.count())
            .select_from(self.spans.table)
            .join(moment.class_, self.spans.holds(moment))
            .where(*more, *self._within(of_case))
            .group_by(self.spans.number)
        )
        return {row[0]: row[1] for row in await self.session.execute(query)}

    async def _shares(
        self,
        moment: Moment,
        of_case: InstrumentedAttribute[str],
        helpful: InstrumentedAttribute[bool] | InstrumentedAttribute[bool | None],
    ) -> dict[int, float]:
        query = (
            select(self.spans.number, func.sum(case((helpful.is_(True), 1), else_=0)), func.count())
            .select_from(self.spans.table)
            .join(moment.class_, self.spans.holds(moment))
            .where(helpful.is_not(None), *self._within(of_case))
            .group_by(self.spans.number)
        )
        return {row[0]: row[1] / row[2] for row in await self.session.execute(query)}

    async def _medians(self, value: InstrumentedAttribute[float | None]) -> dict[int, tuple[int, float]]:
        """(how many first answers have the value, their median)."""
        number = self.spans.number
        ranked = (
            select(
                number.label("number"),
                value.label("value"),
                func.row_number().over(partition_by=number, order_by=value).label("place"),
                func.count().over(partition_by=number).label("many"),
            )
            .select_from(self.spans.table)
            .join(EscalationRow, self.spans.holds(EscalationRow.first_answer))
            .where(EscalationRow.about_memory.is_(None), value.is_not(None), *self._within(EscalationRow.case_id))
            .subquery()
        )
        columns = ranked.c
        middle = or_(columns.place == (columns.many + 1) // 2, columns.place == (columns.many + 2) // 2)
        query = (
            select(columns.number, func.max(columns.many), func.avg(columns.value))
            .where(middle)
            .group_by(columns.number)
        )
        return {row[0]: (row[1], float(row[2])) for row in await self.session.execute(query)}

    def _within(self, of_case: InstrumentedAttribute[str]) -> list[ColumnElement[bool]]:
        return [of_case == one for one in self.cases]
