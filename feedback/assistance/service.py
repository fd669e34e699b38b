from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from feedback.assistance.errors import AiDeclined, AiOff, ChoiceMissing
from feedback.assistance.models import AiChoiceRow, AiUseRow
from feedback.assistance.repository import AssistanceRepository
from services.contracts.assistance import AiChoice, Assistance, WordsBy
from services.contracts.identity import ScopeClaims
from services.kit.clock import Clock, utc_now
from services.kit.database import Database

UseKind = Literal["hint", "chat", "words"]


class AssistanceService:
    """Whether AI may help a learner, and how often it did. Who and which case: the scope.

    Args:
        db: the database of `feedback`, migrated.
        model_name: name of the model that writes; None: rules write everything.
        remote: whether its server is another machine.
    """

    def __init__(self, db: Database, model_name: str | None, remote: bool, clock: Clock = utc_now) -> None:
        self._db, self._model, self._remote, self._clock = db, model_name, remote, clock

    async def of(self, scope: ScopeClaims) -> Assistance:
        """Where the learner stands."""
        async with self._db.read(brief=True) as session:
            return await self._assistance(session, scope)

    async def choose(self, scope: ScopeClaims, choice: AiChoice) -> Assistance:
        """Write the learner's decision down; earlier ones are kept."""
        async with self._db.write(brief=True) as session:
            await _of(session, scope).add(
                AiChoiceRow(
                    learner=scope.user,
                    case_id=scope.case,
                    case_version=scope.case_version,
                    ai=choice.ai,
                    chosen=self._clock(),
                    model=self._model,
                    remote=self._remote,
                )
            )
            return await self._assistance(session, scope)

    async def require(self, scope: ScopeClaims) -> None:
        """Go on only where both the case and the learner allow AI. Raises AiOff, ChoiceMissing, AiDeclined."""
        if scope.ai_mode == "none":
            raise AiOff("This case is meant to be solved without AI. The steps of each finding's own hints stay open.")
        async with self._db.read(brief=True) as session:
            choice = await _of(session, scope).newest_choice()
        if choice is None:
            raise ChoiceMissing("Choose first whether AI may help you in this case; you can change your mind any time.")
        if not choice.ai:
            raise AiDeclined("You chose to work on this case without AI. Change that choice to ask for its help.")

    async def allows(self, scope: ScopeClaims) -> bool:
        """Whether `require` would let the learner through."""
        try:
            await self.require(scope)
        except (AiOff, ChoiceMissing, AiDeclined):
            return False
        return True

    async def used(self, session: AsyncSession, scope: ScopeClaims, kind: UseKind, words_by: WordsBy) -> None:
        """Count something that was written for the learner, in the transaction that keeps it."""
        await _of(session, scope).add(
            AiUseRow(
                learner=scope.user,
                case_id=scope.case,
                case_version=scope.case_version,
                subtask=scope.subtask,
                kind=kind,
                words_by=words_by,
                model=self._model if words_by == "model" else None,
                used=self._clock(),
            )
        )

    async def _assistance(self, session: AsyncSession, scope: ScopeClaims) -> Assistance:
        choices = _of(session, scope)
        choice = await choices.newest_choice()
        return Assistance(
            mode=scope.ai_mode,
            choice=choice.ai if choice else None,
            chosen=choice.chosen if choice else None,
            uses=await choices.uses_of_a_model(),
            model=self._model,
            remote=self._remote,
        )


def _of(session: AsyncSession, scope: ScopeClaims) -> AssistanceRepository:
    return AssistanceRepository(session, scope.user, scope.case)
