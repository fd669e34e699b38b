"""What the class view reads. For mentors only, so it is bound to a case and not to a learner."""

from datetime import datetime
from itertools import groupby
from typing import Final

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.progress import SubtaskState
from services.progress.classroom.rules import Learner, Step
from services.progress.models import StandingRow, SubmissionRow
from services.progress.sessions.models import SessionRow

_STATES: Final = {state.value: state for state in SubtaskState}


async def learners_of(session: AsyncSession, case: str) -> list[Learner]:
    """Everybody who checked a step of the case or was recorded in it, by name."""
    steps = await _steps(session, case)
    recorded = await _recorded(session, case)
    names = sorted(steps.keys() | recorded.keys())
    return [Learner(name, steps.get(name, ()), recorded.get(name)) for name in names]


async def learners_by_version(session: AsyncSession, case: str) -> dict[str, int]:
    """Case version -> how many learners made their newest check of the case in it."""
    newest = select(func.max(SubmissionRow.seq)).where(SubmissionRow.case_id == case).group_by(SubmissionRow.learner)
    query = select(SubmissionRow.case_version, func.count()).where(SubmissionRow.seq.in_(newest))
    rows = await session.execute(query.group_by(SubmissionRow.case_version))
    return {row[0]: row[1] for row in rows}


async def _steps(session: AsyncSession, case: str) -> dict[str, list[Step]]:
    # Only a step in progress is ever asked for its beginning.
    first = and_(
        SubmissionRow.learner == StandingRow.learner,
        SubmissionRow.case_id == StandingRow.case_id,
        SubmissionRow.subtask == StandingRow.subtask,
        SubmissionRow.number == 1,
        StandingRow.state == SubtaskState.IN_PROGRESS,
    )
    query = (
        select(
            StandingRow.learner,
            StandingRow.subtask,
            StandingRow.state,
            StandingRow.attempts,
            StandingRow.points,
            StandingRow.updated,
            SubmissionRow.recorded,
        )
        .outerjoin(SubmissionRow, first)
        .where(StandingRow.case_id == case)
        .order_by(StandingRow.learner, StandingRow.subtask)
    )
    rows = (await session.execute(query)).all()
    return {name: [_step(*row[1:]) for row in mine] for name, mine in groupby(rows, key=lambda row: row[0])}


def _step(subtask: str, state: str, attempts: int, points: float, updated: datetime, begun: datetime | None) -> Step:
    return Step(subtask, _STATES[state], attempts, points, updated, begun or updated)


async def _recorded(session: AsyncSession, case: str) -> dict[str, datetime]:
    newest = select(SessionRow.learner, func.max(SessionRow.received)).where(SessionRow.case_id == case)
    rows = await session.execute(newest.group_by(SessionRow.learner))
    return {row[0]: row[1] for row in rows}
