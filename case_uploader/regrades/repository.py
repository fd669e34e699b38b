"""All SQL of regrades."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from case_uploader.models import RegradeItemRow, RegradeRow


class RegradeRepository:
    """Regrades and what they found, in one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, regrade: str) -> RegradeRow | None:
        """One regrade."""
        return await self._session.get(RegradeRow, regrade)

    def add(self, row: RegradeRow | RegradeItemRow) -> None:
        """Add one, or something it found."""
        self._session.add(row)

    async def of_case(self, case: str, limit: int) -> Sequence[RegradeRow]:
        """The last regrades of a case, newest first."""
        query = select(RegradeRow).where(RegradeRow.case_id == case).order_by(RegradeRow.begun.desc()).limit(limit)
        return (await self._session.scalars(query)).all()

    async def judged(self, regrade: str) -> set[str]:
        """Submissions that are judged already."""
        query = select(RegradeItemRow.submission).where(RegradeItemRow.regrade == regrade)
        return set(await self._session.scalars(query))

    async def counts(self, regrade: str) -> Counter[str]:
        """How many submissions have which effect."""
        query = select(RegradeItemRow.effect, func.count()).where(RegradeItemRow.regrade == regrade)
        return Counter({row[0]: row[1] for row in await self._session.execute(query.group_by(RegradeItemRow.effect))})

    async def items(self, regrade: str, effects: Sequence[str], limit: int) -> Sequence[RegradeItemRow]:
        """What it found, of these effects, by learner."""
        query = select(RegradeItemRow).where(RegradeItemRow.regrade == regrade, RegradeItemRow.effect.in_(effects))
        query = query.order_by(RegradeItemRow.effect, RegradeItemRow.learner, RegradeItemRow.subtask).limit(limit)
        return (await self._session.scalars(query)).all()
