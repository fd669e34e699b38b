from collections.abc import Iterator
from contextlib import contextmanager

from services.contracts.assistance import AiChoice, Assistance
from services.contracts.errors import ServiceError
from services.gateway.asking import Asking
from services.gateway.errors import AiDeclined, AiOff
from services.gateway.learner import Learner

_REFUSALS = {refusal.error: refusal for refusal in (AiOff, AiDeclined)}


class Choices:
    """What a learner has decided about AI in a case, and how much of it was used."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def standing(self, learner: Learner) -> Assistance:
        """Where the learner stands with AI. Raises ServiceError."""
        return await self._asking.feedback.assistance(await self._asking.scope(learner))

    async def choose(self, learner: Learner, choice: AiChoice) -> Assistance:
        """Record the learner's decision. Raises ServiceError."""
        return await self._asking.feedback.choose(choice, await self._asking.scope(learner))


@contextmanager
def told_refusals() -> Iterator[None]:
    """Let the case's and the learner's own no reach the learner; any other 403 between services is our mistake."""
    try:
        yield
    except ServiceError as error:
        if error.status != 403 or error.error not in _REFUSALS:
            raise
        raise _REFUSALS[error.error](error.detail) from error
