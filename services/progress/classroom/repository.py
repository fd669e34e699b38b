"""What the class view reads. For mentors only, so it is bound to a case and not to a learner."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, and_, case, func, literal, not_, or_, select, text, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.measures import WeekCount
from services.contracts.progress import SubtaskState
from services.kit.spans import WHOLE, spans_of
from services.progress.classroom.rules import APPROVED, LONG_IN_ONE_STEP, MANY_ATTEMPTS, SILENT_AFTER, Learner, Step
from services.progress.models import StandingRow, SubmissionRow
from services.progress.sessions.models import SessionRow

_STATES: Final = {state.value: state for state in SubtaskState}
_BEGINNING: Final = and_(
    SubmissionRow.learner == StandingRow.learner,
    SubmissionRow.case_id == StandingRow.case_id,
    SubmissionRow.subtask == StandingRow.subtask,
    SubmissionRow.number == 1,
    # Only a step in progress is ever asked for its beginning.
    StandingRow.state == SubtaskState.IN_PROGRESS,
)


@dataclass(frozen=True)
class Counts:
    """How many of a class there are, and how many of them a rule speaks for."""

    learners: int
    stuck: int
    silent: int
    watched: int
    finished: int


class ClassRepository:
    """One case's class, at one moment. Only the learners of a part are read; the database counts the others.

    The conditions are those of `rules`, said in SQL.
    """

    def __init__(self, session: AsyncSession, case_id: str, case_steps: int | None, now: datetime) -> None:
        self._session, self._case = session, case_id
        learners = _learners(case_id, now).subquery()
        columns = learners.c
        finished = and_(columns.steps > 0, columns.approved == columns.steps, columns.steps >= (case_steps or 0))
        self._learners: FromClause = learners
        self._finished: ColumnElement[bool] = finished
        self._stuck: ColumnElement[bool] = columns.stuck > 0
        self._silent: ColumnElement[bool] = and_(columns.seen < now - SILENT_AFTER, not_(finished))

    async def counts(self) -> Counts:
        """Of the whole class."""
        watched = or_(self._stuck, self._silent)
        figures = [_how_many(condition) for condition in (self._stuck, self._silent, watched, self._finished)]
        query = select(func.count(), *figures).select_from(self._learners)
        learners, *of_rules = (await self._session.execute(query)).one()
        return Counts(learners, *of_rules)

    async def names(self, *, watch: bool, after: str, limit: int | None) -> Sequence[str]:
        """Of the learners who follow `after`, by name; `watch`: of those on the watch list."""
        name = self._learners.c.learner
        query = select(name).where(name > after).order_by(name).limit(limit)
        if watch:
            query = query.where(or_(self._stuck, self._silent))
        return (await self._session.scalars(query)).all()

    async def people(self, names: Sequence[str] | None) -> dict[str, Learner]:
        """Everybody of these names who checked a step of the case or was recorded in it; None: of any name."""
        steps, recorded = await self._steps(names), await self._recorded(names)
        return {name: Learner(name, steps.get(name, ()), recorded.get(name)) for name in steps.keys() | recorded.keys()}

    async def _steps(self, names: Sequence[str] | None) -> dict[str, list[Step]]:
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
            .outerjoin(SubmissionRow, _BEGINNING)
            .where(StandingRow.case_id == self._case)
            .order_by(StandingRow.learner, StandingRow.subtask)
        )
        if names is not None:
            query = query.where(StandingRow.learner.in_(names))
        rows = (await self._session.execute(query)).all()
        return {name: [_step(*row[1:]) for row in mine] for name, mine in groupby(rows, key=lambda row: row[0])}

    async def _recorded(self, names: Sequence[str] | None) -> dict[str, datetime]:
        newest = select(SessionRow.learner, func.max(SessionRow.received)).where(SessionRow.case_id == self._case)
        if names is not None:
            newest = newest.where(SessionRow.learner.in_(names))
        rows = await self._session.execute(newest.group_by(SessionRow.learner))
        return {row[0]: row[1] for row in rows}


def _learners(case_id: str, now: datetime) -> Select[Any]:
    """A line a learner: when seen last, how many steps, of which approved, and how many reasons to be stuck."""
    in_progress = StandingRow.state == SubtaskState.IN_PROGRESS
    begun = func.coalesce(SubmissionRow.recorded, StandingRow.updated)
    long = and_(StandingRow.attempts > 0, begun < now - LONG_IN_ONE_STEP)
    stuck = and_(in_progress, or_(StandingRow.attempts >= MANY_ATTEMPTS, long))
    checked = (
        select(
            StandingRow.learner.label("learner"),
            StandingRow.updated.label("seen"),
            literal(1).label("steps"),
            case((StandingRow.state.in_(APPROVED), 1), else_=0).label("approved"),
            case((stuck, 1), else_=0).label("stuck"),
        )
        .outerjoin(SubmissionRow, _BEGINNING)
        .where(StandingRow.case_id == case_id)
    )
    nothing = literal(0)
    recorded = select(SessionRow.learner, SessionRow.received, nothing, nothing, nothing).where(
        SessionRow.case_id == case_id
    )
    signs = union_all(checked, recorded).subquery()
    columns = signs.c
    sums = [func.sum(column).label(column.name) for column in (columns.steps, columns.approved, columns.stuck)]
    return select(columns.learner, func.max(columns.seen).label("seen"), *sums).group_by(columns.learner)


def _how_many(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _step(subtask: str, state: str, attempts: int, points: float, updated: datetime, begun: datetime | None) -> Step:
    return Step(subtask, _STATES[state], attempts, points, updated, begun or updated)


async def failing_by_week(
    session: AsyncSession, case_id: str | None, since: datetime, until: datetime
) -> tuple[WeekCount, ...]:
    """How many submissions were judged to need work, of one case or all, in each week that has any."""
    spans = spans_of(since, until)
    query = (
        select(spans.number, func.count())
        .select_from(spans.table)
        .join(SubmissionRow, spans.holds(SubmissionRow.recorded))
        # In these very words the partial index serves it.
        .where(text("verdict = 'needs_work'"), spans.number != WHOLE)
        .group_by(spans.number)
        .order_by(spans.number)
    )
    if case_id is not None:
        query = query.where(SubmissionRow.case_id == case_id)
    rows = (await session.execute(query)).all()
    return tuple(WeekCount(begins=spans.begins[number - 1], count=count) for number, count in rows)


async def learners_by_version(session: AsyncSession, case_id: str) -> dict[str, int]:
    """Case version -> how many learners made their newest check of the case in it."""
    newest = select(func.max(SubmissionRow.seq)).where(SubmissionRow.case_id == case_id).group_by(SubmissionRow.learner)
    query = select(SubmissionRow.case_version, func.count()).where(SubmissionRow.seq.in_(newest))
    rows = await session.execute(query.group_by(SubmissionRow.case_version))
    return {row[0]: row[1] for row in rows}
