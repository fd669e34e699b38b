from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.escalation import AskQueue
from services.kit.adapters.jobs_about import drop_jobs_about
from services.mentoring.models import JOBS, OPEN, ContentRow, EscalationRow, NoteRow, RequestRow, ShowingRow
from services.mentoring.sought import found_by

_MOST = 200
SAME = 50
"""Of those with the same problem the screen of one question shows so many at once."""


@dataclass(frozen=True)
class Owner:
    """Whose escalations of which case."""

    user: str
    case: str


@dataclass(frozen=True)
class Mentor:
    """Who answers, and how far that reaches."""

    name: str
    case: str | None
    """None: every case."""


class OwnEscalations:
    """Escalations of one learner's case."""

    def __init__(self, session: AsyncSession, owner: Owner) -> None:
        self._session, self._owner = session, owner

    async def one(self, escalation: str) -> EscalationRow | None:
        """One of their own."""
        return (await self._session.scalars(self._mine().where(EscalationRow.id == escalation))).one_or_none()

    async def to_change(self, escalation: str) -> EscalationRow | None:
        """As `one`, locked until the transaction ends where the database locks rows."""
        return (await self._session.scalars(_locked(self._mine().where(EscalationRow.id == escalation)))).one_or_none()

    async def all(self, subtask: str | None) -> Sequence[EscalationRow]:
        """The newest, newest first."""
        query = self._mine()
        if subtask is not None:
            query = query.where(EscalationRow.subtask == subtask)
        return (await self._session.scalars(query.order_by(EscalationRow.seq.desc()).limit(_MOST))).all()

    async def going_on(self, subtask: str, submission: str) -> EscalationRow | None:
        """The one that a request belongs to, locked: the open one of the step, else that of the same version."""
        still_open = self._mine().where(EscalationRow.subtask == subtask, OPEN)
        same = self._mine().where(EscalationRow.submission == submission, EscalationRow.state != "cancelled")
        for query in (still_open, same):
            row = (await self._session.scalars(_locked(query))).one_or_none()
            if row is not None:
                return row
        return None

    async def of_request(self, request: str) -> EscalationRow | None:
        """The one that took this request in, unless it is cancelled."""
        query = self._mine().join(RequestRow, RequestRow.escalation == EscalationRow.id)
        query = query.where(RequestRow.request == request, EscalationRow.state != "cancelled")
        return (await self._session.scalars(query)).one_or_none()

    async def open_of(self, subtask: str) -> EscalationRow | None:
        """The one about the subtask that is in the queue."""
        return (await self._session.scalars(self._mine().where(EscalationRow.subtask == subtask, OPEN))).one_or_none()

    def _mine(self) -> Select[EscalationRow]:
        return select(EscalationRow).where(
            EscalationRow.learner == self._owner.user,
            EscalationRow.case_id == self._owner.case,
            EscalationRow.about_memory.is_(None),
        )


async def questions_of(session: AsyncSession, learner: str) -> Sequence[EscalationRow]:
    """A learner's questions in all cases, newest first; remembered answers that came back are nobody's."""
    mine = select(EscalationRow).where(EscalationRow.learner == learner, EscalationRow.about_memory.is_(None))
    return (await session.scalars(mine.order_by(EscalationRow.seq.desc()).limit(_MOST))).all()


class Queue:
    """Escalations as mentors reach them."""

    def __init__(self, session: AsyncSession, case: str | None) -> None:
        self._session, self._case = session, case

    async def page(
        self, mentor: str, asked: AskQueue, after: tuple[int, int] | None, now: datetime
    ) -> tuple[Sequence[EscalationRow], int]:
        """(rows after that place, one more than asked for where there is one; how many there are in all)."""
        wanted = self._wanted(mentor, asked, now)
        total = await self._session.scalar(select(func.count()).select_from(EscalationRow).where(*wanted)) or 0
        query = select(EscalationRow).where(*wanted)
        if asked.by_urgency:
            place = tuple_(EscalationRow.rank, EscalationRow.seq)
            query = query.order_by(EscalationRow.rank, EscalationRow.seq)
            if after is not None:
                query = query.where(place > after)
        else:
            query = query.order_by(EscalationRow.seq.desc())
            if after is not None:
                query = query.where(EscalationRow.seq < after[1])
        return (await self._session.scalars(query.limit(asked.limit + 1))).all(), total

    async def most_urgent(self) -> EscalationRow | None:
        """The first that waits; leases that ran out must have been ended before. One taker gets it."""
        query = self._reach(select(EscalationRow)).where(OPEN, EscalationRow.state == "waiting")
        first = query.order_by(EscalationRow.rank, EscalationRow.seq).limit(1).with_for_update(skip_locked=True)
        return (await self._session.scalars(first.execution_options(populate_existing=True))).one_or_none()

    async def one(self, escalation: str) -> EscalationRow | None:
        """One, within reach."""
        query = self._reach(select(EscalationRow)).where(EscalationRow.id == escalation)
        return (await self._session.scalars(query)).one_or_none()

    async def to_change(self, escalation: str) -> EscalationRow | None:
        """As `one`, locked until the transaction ends where the database locks rows."""
        query = self._reach(select(EscalationRow)).where(EscalationRow.id == escalation)
        return (await self._session.scalars(_locked(query))).one_or_none()

    async def same(
        self, row: EscalationRow, after: tuple[int, int] | None = None, limit: int = SAME
    ) -> Sequence[EscalationRow]:
        """Others in the queue with the same problem, most urgent first, those after that place."""
        if not row.signature:
            return ()
        query = select(EscalationRow).where(
            OPEN,
            EscalationRow.signature == row.signature,
            EscalationRow.case_id == row.case_id,
            EscalationRow.subtask == row.subtask,
            EscalationRow.about_memory.is_(None),
            EscalationRow.id != row.id,
        )
        if after is not None:
            query = query.where(tuple_(EscalationRow.rank, EscalationRow.seq) > after)
        return (await self._session.scalars(query.order_by(EscalationRow.rank, EscalationRow.seq).limit(limit))).all()

    async def same_counts(self, rows: Sequence[EscalationRow]) -> dict[tuple[str, str, str], int]:
        """(case, subtask, signature) -> how many are in the queue with it, of those in `rows`."""
        signatures = {row.signature for row in rows if row.signature}
        key = (EscalationRow.case_id, EscalationRow.subtask, EscalationRow.signature)
        counted = (
            select(*key, func.count())
            .where(OPEN, EscalationRow.signature.in_(signatures), EscalationRow.about_memory.is_(None))
            .group_by(*key)
        )
        return {(row[0], row[1], row[2]): row[3] for row in (await self._session.execute(counted)).all()}

    async def waiting(self) -> tuple[int, datetime | None]:
        """(how many are in the queue, since when the one waits that waits longest)."""
        figures = select(func.count(), func.min(EscalationRow.waiting_since)).where(OPEN)
        if self._case is not None:
            figures = figures.where(EscalationRow.case_id == self._case)
        count, since = (await self._session.execute(figures)).one()
        return count, since

    def _reach(self, query: Select[EscalationRow]) -> Select[EscalationRow]:
        return query if self._case is None else query.where(EscalationRow.case_id == self._case)

    def _wanted(self, mentor: str, asked: AskQueue, now: datetime) -> list[ColumnElement[bool]]:
        wanted: list[Any] = [EscalationRow.case_id == case for case in (self._case, asked.case) if case is not None]
        ran_out = and_(EscalationRow.state == "leased", EscalationRow.leased_until <= now)
        match asked.state:
            case None if not asked.mine:
                wanted.append(OPEN)
            case None | "all":
                pass
            case "waiting":
                wanted += [OPEN, or_(EscalationRow.state == "waiting", ran_out)]
            case "leased":
                wanted += [OPEN, EscalationRow.state == "leased", EscalationRow.leased_until > now]
            case _:
                wanted.append(EscalationRow.state == asked.state)
        if asked.mine:
            holds = and_(EscalationRow.holder == mentor, EscalationRow.leased_until > now)
            wanted.append(or_(holds, EscalationRow.mentor == mentor))
        if asked.subtask is not None:
            wanted.append(EscalationRow.subtask == asked.subtask)
        if asked.reason is not None:
            wanted.append(EscalationRow.reason == asked.reason)
        return [*wanted, *found_by(asked.q, asked.learner)]


async def end_leases(session: AsyncSession, now: datetime) -> int:
    """Put everything back whose lease has run out; returns how many. Every change of the queue begins with this."""
    over = (
        update(EscalationRow)
        .where(OPEN, EscalationRow.state == "leased", EscalationRow.leased_until <= now)
        .values(state="waiting", holder=None, leased_until=None, taken=None)
        .returning(EscalationRow.id)
    )
    return len((await session.scalars(over)).all())


async def notes_of(session: AsyncSession, escalations: Sequence[str]) -> dict[str, list[NoteRow]]:
    """Escalation -> its turns, oldest first."""
    found: dict[str, list[NoteRow]] = {escalation: [] for escalation in escalations}
    query = select(NoteRow).where(NoteRow.escalation.in_(escalations)).order_by(NoteRow.seq)
    for row in await session.scalars(query):
        found[row.escalation].append(row)
    return found


async def count_notes(session: AsyncSession, escalation: str) -> int:
    """How many turns a conversation has."""
    counted = select(func.count()).select_from(NoteRow).where(NoteRow.escalation == escalation)
    return await session.scalar(counted) or 0


async def content_of(session: AsyncSession, escalation: str) -> ContentRow | None:
    """What a mentor sees of it."""
    return await session.get(ContentRow, escalation)


async def is_somebodys(session: AsyncSession, escalation: str) -> bool:
    """Whether there is an escalation of that id at all."""
    return await session.scalar(select(EscalationRow.seq).where(EscalationRow.id == escalation)) is not None


async def review_of(session: AsyncSession, entry: str) -> EscalationRow | None:
    """The open escalation that asks to look at a remembered answer again."""
    query = select(EscalationRow).where(OPEN, EscalationRow.about_memory == entry)
    return (await session.scalars(query)).one_or_none()


async def forget(session: AsyncSession, learner: str) -> int:
    """Delete a learner's questions, with conversations, ratings and samples of their code, and what they were given.

    Jobs about these questions go, too. Mentors' remembered answers stay: they hold no word of a learner's. Returns how
    many rows the two tables lost that name the learner. Space on the disk is given free by `Database.compact`.
    """
    own = delete(EscalationRow).where(EscalationRow.learner == learner).returning(EscalationRow.id)
    questions = (await session.scalars(own)).all()
    given = await session.scalars(delete(ShowingRow).where(ShowingRow.learner == learner).returning(ShowingRow.seq))
    if questions:
        await drop_jobs_about(session, JOBS, questions)
    return len(questions) + len(given.all())


def _locked(query: Select[EscalationRow]) -> Select[EscalationRow]:
    # populate_existing: after waiting for the lock, what another transaction wrote must be seen.
    return query.with_for_update().execution_options(populate_existing=True)
