"""All SQL about choices and uses, bound to one learner and case."""

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from feedback.assistance.models import AiChoiceRow, AiUseRow


class AssistanceRepository:
    """Choices and uses of one learner in one case."""

    def __init__(self, session: AsyncSession, learner: str, case: str) -> None:
        self._session, self._learner, self._case = session, learner, case

    async def newest_choice(self) -> AiChoiceRow | None:
        """What the learner decided last."""
        mine = and_(AiChoiceRow.learner == self._learner, AiChoiceRow.case_id == self._case)
        newest = select(AiChoiceRow).where(mine).order_by(AiChoiceRow.seq.desc()).limit(1)
        return (await self._session.scalars(newest)).one_or_none()

    async def uses_of_a_model(self) -> int:
        """How much of what the learner got was written by a model."""
        counted = select(func.count()).select_from(AiUseRow).where(self._my_uses(), AiUseRow.words_by == "model")
        return (await self._session.scalars(counted)).one()

    async def add(self, row: AiChoiceRow | AiUseRow) -> None:
        """Write a choice or a use down."""
        self._session.add(row)
        await self._session.flush()

    def _my_uses(self) -> ColumnElement[bool]:
        return and_(AiUseRow.learner == self._learner, AiUseRow.case_id == self._case)
