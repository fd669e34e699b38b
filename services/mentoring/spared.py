"""Minutes that remembered answers have spared mentors, case by case: as the measures count them, in two statements."""

from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.mentoring.models import EscalationRow, ShowingRow


async def minutes_saved(session: AsyncSession, since: datetime) -> dict[str, float]:
    """Case -> remembered answers given since, a learner and answer once, times the median handling of that time.

    Cases in which none was given are left out.
    """
    first_given = select(ShowingRow.case_id, func.count()).where(ShowingRow.first >= since).group_by(ShowingRow.case_id)
    given = {row[0]: row[1] for row in await session.execute(first_given)}
    if not given:
        return {}
    handling = await _median_seconds(session, since)
    return {case: count * handling.get(case, 0.0) / 60 for case, count in given.items()}


async def _median_seconds(session: AsyncSession, since: datetime) -> dict[str, float]:
    """Case -> median from taking a question to answering it, of those that were answered first since."""
    case, seconds = EscalationRow.case_id, EscalationRow.handled_seconds
    ranked = (
        select(
            case.label("case_id"),
            seconds.label("seconds"),
            func.row_number().over(partition_by=case, order_by=seconds).label("place"),
            func.count().over(partition_by=case).label("many"),
        )
        .where(EscalationRow.about_memory.is_(None), EscalationRow.first_answer >= since, seconds.is_not(None))
        .subquery()
    )
    columns = ranked.c
    middle = or_(columns.place == (columns.many + 1) // 2, columns.place == (columns.many + 2) // 2)
    medians = select(columns.case_id, func.avg(columns.seconds)).where(middle).group_by(columns.case_id)
    return {row[0]: float(row[1]) for row in await session.execute(medians)}
