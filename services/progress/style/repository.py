"""All SQL of dismissals. Every read is bound to the owner, a learner and a case."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.progress.models import ReviewRow
from services.progress.repository import Owner
from services.progress.style.models import DismissalRow


class DismissalRepository:
    """What one owner dismissed and took back."""

    def __init__(self, session: AsyncSession, owner: Owner) -> None:
        self._session = session
        self._mine = (DismissalRow.learner == owner.user, DismissalRow.case_id == owner.case)

    async def in_force(self, subtask: str) -> Sequence[DismissalRow]:
        """The dismissals of a subtask that were not taken back, newest first."""
        mine = select(func.max(DismissalRow.seq)).where(*self._mine, DismissalRow.subtask == subtask)
        newest = mine.group_by(DismissalRow.finding)
        rows = select(DismissalRow).where(DismissalRow.seq.in_(newest), DismissalRow.reason.is_not(None))
        return (await self._session.scalars(rows.order_by(DismissalRow.seq.desc()))).all()

    async def all(self) -> Sequence[DismissalRow]:
        """Every change, oldest first."""
        rows = select(DismissalRow).where(*self._mine).order_by(DismissalRow.seq)
        return (await self._session.scalars(rows)).all()

    async def count(self) -> int:
        """How many changes are kept."""
        return (await self._session.scalars(select(func.count(DismissalRow.seq)).where(*self._mine))).one()

    async def add(self, row: DismissalRow) -> None:
        """Keep a change."""
        self._session.add(row)
        await self._session.flush()


async def forget(session: AsyncSession, learner: str) -> int:
    """Delete a learner's newest reviews and all that they dismissed or took back, in every case; returns how many rows.

    Space on the disk is given free by `Database.compact`.
    """
    dismissals = delete(DismissalRow).where(DismissalRow.learner == learner).returning(DismissalRow.seq)
    reviews = delete(ReviewRow).where(ReviewRow.learner == learner).returning(ReviewRow.subtask)
    return len((await session.execute(dismissals)).all()) + len((await session.execute(reviews)).all())
