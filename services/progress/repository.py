"""All SQL of `progress`. Every read is bound to the owner: a learner and a case."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Select, and_, case, delete, func, or_, select, union_all
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.feedback import Verdict
from services.contracts.progress import SubtaskState
from services.progress.models import NotebookRow, ReviewRow, StandingRow, SubmissionRow
from services.progress.thinning import KeptState

_PAGE: Final = 10_000
"""Digests that are in memory at a time."""


@dataclass(frozen=True)
class Owner:
    """Whose and of which case: what a scope token states, or the Hub says."""

    user: str
    case: str


async def standing_by_case(session: AsyncSession, user: str) -> Sequence[tuple[str, int, int]]:
    """(case, subtasks touched, subtasks approved) of one learner, by case."""
    done = case((StandingRow.state.in_((SubtaskState.APPROVED, SubtaskState.POLISHED)), 1), else_=0)
    counted = select(StandingRow.case_id, func.count(), func.coalesce(func.sum(done), 0))
    mine = counted.where(StandingRow.learner == user).group_by(StandingRow.case_id).order_by(StandingRow.case_id)
    return [(row[0], row[1], row[2]) for row in (await session.execute(mine)).all()]


class OwnStanding(NamedTuple):
    """A standing with what a learner wants to know besides."""

    standing: StandingRow
    checked: datetime | None
    """When the newest submission was sent in last."""
    verdict: str | None
    headline: str | None
    approved: datetime | None
    """When the first approved one was."""


async def own_standings(session: AsyncSession, user: str) -> Sequence[OwnStanding]:
    """Of every subtask of every case that one learner has checked, in one statement."""
    key = (SubmissionRow.case_id, SubmissionRow.subtask)
    approved = (
        select(*key, func.min(SubmissionRow.opened).label("at"))
        .where(SubmissionRow.learner == user, SubmissionRow.verdict == Verdict.APPROVED)
        .group_by(*key)
        .subquery()
    )
    newest = and_(
        SubmissionRow.learner == StandingRow.learner,
        SubmissionRow.case_id == StandingRow.case_id,
        SubmissionRow.subtask == StandingRow.subtask,
        SubmissionRow.number == StandingRow.last_number,
    )
    first = and_(approved.c.case_id == StandingRow.case_id, approved.c.subtask == StandingRow.subtask)
    mine = (
        select(StandingRow, SubmissionRow.opened, SubmissionRow.verdict, SubmissionRow.headline, approved.c.at)
        .outerjoin(SubmissionRow, newest)
        .outerjoin(approved, first)
        .where(StandingRow.learner == user)
        .order_by(StandingRow.case_id, StandingRow.subtask)
    )
    return [OwnStanding(*row) for row in (await session.execute(mine)).all()]


class AttemptRepository:
    """Standings, submissions and reviews of one owner."""

    def __init__(self, session: AsyncSession, owner: Owner) -> None:
        self._session = session
        self._owner = owner

    async def standings(self) -> Sequence[StandingRow]:
        """All subtasks that were ever touched."""
        mine = select(StandingRow).where(
            StandingRow.learner == self._owner.user, StandingRow.case_id == self._owner.case
        )
        return (await self._session.scalars(mine.order_by(StandingRow.subtask))).all()

    async def standing(self, subtask: str) -> StandingRow | None:
        """One subtask, locked until the transaction ends where the database locks rows."""
        row = select(StandingRow).where(
            StandingRow.learner == self._owner.user,
            StandingRow.case_id == self._owner.case,
            StandingRow.subtask == subtask,
        )
        # populate_existing: after waiting for the lock, what another transaction wrote must be seen.
        locked = row.with_for_update().execution_options(populate_existing=True)
        return (await self._session.scalars(locked)).one_or_none()

    async def standing_or_new(self, subtask: str, now: datetime) -> StandingRow:
        """As `standing`; made when absent, also when two transactions make it at once."""
        found = await self.standing(subtask)
        if found is not None:
            return found
        new = StandingRow(
            learner=self._owner.user,
            case_id=self._owner.case,
            subtask=subtask,
            state=SubtaskState.NOT_STARTED,
            attempts=0,
            points=0.0,
            last_number=0,
            quota=None,
            updated=now,
        )
        try:
            async with self._session.begin_nested():
                self._session.add(new)
        except IntegrityError:
            found = await self.standing(subtask)
            if found is None:
                raise
            return found
        return new

    async def same(self, version: str, subtask: str, digest: str) -> SubmissionRow | None:
        """The submission of exactly these cells, if it was ever made."""
        return (
            await self._session.scalars(
                self._mine().where(
                    SubmissionRow.case_version == version,
                    SubmissionRow.subtask == subtask,
                    SubmissionRow.digest == digest,
                )
            )
        ).one_or_none()

    async def places_taken(self, subtask: str, opened_after: datetime, except_id: str | None = None) -> int:
        """How many places of the quota are taken: judged submissions, and open ones younger than `opened_after`."""
        judged = SubmissionRow.verdict.in_((Verdict.APPROVED, Verdict.NEEDS_WORK))
        under_way = and_(SubmissionRow.verdict.is_(None), SubmissionRow.opened > opened_after)
        query = (
            select(func.count())
            .select_from(SubmissionRow)
            .where(
                SubmissionRow.learner == self._owner.user,
                SubmissionRow.case_id == self._owner.case,
                SubmissionRow.subtask == subtask,
                or_(judged, under_way),
            )
        )
        if except_id is not None:
            query = query.where(SubmissionRow.id != except_id)
        return (await self._session.scalars(query)).one()

    async def submission(self, submission: str) -> SubmissionRow | None:
        """One submission of the owner's own."""
        return (await self._session.scalars(self._mine().where(SubmissionRow.id == submission))).one_or_none()

    async def submission_to_change(self, submission: str) -> SubmissionRow | None:
        """As `submission`, locked until the transaction ends where the database locks rows."""
        row = self._mine().where(SubmissionRow.id == submission)
        locked = row.with_for_update().execution_options(populate_existing=True)
        return (await self._session.scalars(locked)).one_or_none()

    async def history(self, subtask: str | None, before: int | None, limit: int) -> Sequence[SubmissionRow]:
        """Submissions, newest first; `before`: older than that sequence number."""
        query = self._mine()
        if subtask is not None:
            query = query.where(SubmissionRow.subtask == subtask)
        if before is not None:
            query = query.where(SubmissionRow.seq < before)
        return (await self._session.scalars(query.order_by(SubmissionRow.seq.desc()).limit(limit))).all()

    async def add(self, submission: SubmissionRow) -> None:
        """Write a new submission down."""
        self._session.add(submission)
        await self._session.flush()

    async def approved(self, subtask: str, limit: int) -> Sequence[SubmissionRow]:
        """Approved submissions of a subtask, of every case version, newest first."""
        rows = self._mine().where(SubmissionRow.subtask == subtask, SubmissionRow.verdict == Verdict.APPROVED)
        return (await self._session.scalars(rows.order_by(SubmissionRow.seq.desc()).limit(limit))).all()

    async def review(self, subtask: str) -> ReviewRow | None:
        """The newest style review of a subtask."""
        return await self._session.get(ReviewRow, (self._owner.user, self._owner.case, subtask))

    async def keep_review(self, review: ReviewRow) -> ReviewRow:
        """Keep the newest style review of a subtask, in the place of the one before."""
        return await self._session.merge(review)

    def _mine(self) -> Select[SubmissionRow]:
        return select(SubmissionRow).where(
            SubmissionRow.learner == self._owner.user, SubmissionRow.case_id == self._owner.case
        )


class NotebookRepository:
    """Kept states of one owner's notebook."""

    def __init__(self, session: AsyncSession, owner: Owner) -> None:
        self._session = session
        self._owner = owner

    async def newest(self) -> NotebookRow | None:
        """The state kept last."""
        return (await self._session.scalars(self._mine().order_by(NotebookRow.seq.desc()).limit(1))).one_or_none()

    async def by_digest(self, digest: str) -> NotebookRow | None:
        """The newest state with that content."""
        query = self._mine().where(NotebookRow.digest == digest).order_by(NotebookRow.seq.desc()).limit(1)
        return (await self._session.scalars(query)).one_or_none()

    async def all(self) -> Sequence[NotebookRow]:
        """All kept states, oldest first."""
        return (await self._session.scalars(self._mine().order_by(NotebookRow.seq))).all()

    async def kept(self) -> Sequence[tuple[KeptState, str]]:
        """What thinning needs of all kept states, oldest first, each with its digest."""
        columns = select(NotebookRow.seq, NotebookRow.saved, NotebookRow.size, NotebookRow.digest).where(
            NotebookRow.learner == self._owner.user, NotebookRow.case_id == self._owner.case
        )
        rows = await self._session.execute(columns.order_by(NotebookRow.seq))
        return [(KeptState(seq, saved, size), digest) for seq, saved, size, digest in rows]

    async def add(self, state: NotebookRow) -> None:
        """Write a new state down."""
        self._session.add(state)
        await self._session.flush()

    async def drop(self, keys: Collection[int]) -> None:
        """Forget these states; their content stays until `unreferenced` says that nobody needs it."""
        await self._session.execute(
            delete(NotebookRow).where(
                NotebookRow.learner == self._owner.user,
                NotebookRow.case_id == self._owner.case,
                NotebookRow.seq.in_(keys),
            )
        )

    def _mine(self) -> Select[NotebookRow]:
        return select(NotebookRow).where(
            NotebookRow.learner == self._owner.user, NotebookRow.case_id == self._owner.case
        )


async def named_objects(session: AsyncSession) -> AsyncIterator[str]:
    """Objects that any row points to; one that rows of both kinds do comes twice."""
    for column in (NotebookRow.digest, SubmissionRow.cells):
        last = ""
        while True:
            query = select(column).where(column > last).distinct().order_by(column).limit(_PAGE)
            page = (await session.scalars(query)).all()
            for digest in page:
                yield digest
            if len(page) < _PAGE:
                break
            last = page[-1]


async def unreferenced(session: AsyncSession, digests: Collection[str]) -> set[str]:
    """Which of these objects no row of anybody points to."""
    used = union_all(
        select(NotebookRow.digest).where(NotebookRow.digest.in_(digests)),
        select(SubmissionRow.cells).where(SubmissionRow.cells.in_(digests)),
    )
    return set(digests) - set((await session.scalars(used)).all())
