from typing import Literal, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.assistance import WordsBy
from services.contracts.case import AuthorCase
from services.contracts.feedback import CheckRequest, Feedback
from services.contracts.identity import ScopeClaims


class Choices(Protocol):
    """Whether AI may help a learner, and how often it did; `AssistanceService` is one."""

    async def require(self, scope: ScopeClaims) -> None:
        """Raise AiOff, ChoiceMissing or AiDeclined where it may not."""
        ...

    async def used(
        self, session: AsyncSession, scope: ScopeClaims, kind: Literal["hint", "chat", "words"], words_by: WordsBy
    ) -> None:
        """Count a use in the caller's transaction."""
        ...


class Judgements(Protocol):
    """What the check says about code. Asked only when the code has changed since the conversation last heard of it."""

    async def of(self, scope: ScopeClaims, case: AuthorCase, request: CheckRequest) -> Feedback:
        """The verdict with its findings: one that is stored somewhere, or a new one."""
        ...
