from collections.abc import AsyncIterator
from contextlib import aclosing

from services.contracts.hint import AskHint, HintShelf, HintView, RateHint, Reflect
from services.gateway.asking import Asking
from services.gateway.assistance import told_refusals
from services.gateway.deadline import within
from services.gateway.learner import Learner


class Hints:
    """A learner's hints. `feedback` makes them whether somebody follows or not.

    A hint's id does not say which subtask it is of: calls about one are about the whole case.
    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def ask(self, learner: Learner, ask: AskHint) -> HintView:
        """Ask for a hint. Raises SubtaskNotFound, AiOff, AiDeclined, ServiceError."""
        scope = await self._asking.scope(learner, ask.subtask)
        with told_refusals():
            hint = await self._asking.feedback.ask_hint(ask, scope)
        self._asking.metrics.hint_asked(ask.kind)
        return hint

    async def shelf(self, learner: Learner, subtask: str) -> HintShelf:
        """All hints of a subtask, and what is left. Raises SubtaskNotFound, ServiceError."""
        return await self._asking.feedback.hints(subtask, await self._asking.scope(learner, subtask))

    async def follow(self, learner: Learner, hint: str) -> AsyncIterator[HintView]:
        """The hint each time it changes while it is being made, or until `follow_seconds` have passed.

        What waits for its learner's thought needs no connection: writing that down answers with the hint.
        Raises TooManyRequests, and ServiceError, also for a hint that is not the learner's.
        """
        with self._asking.seats.taken(learner.user):
            views = self._asking.feedback.follow_hint(hint, await self._asking.scope(learner))
            async with aclosing(within(self._asking.settings.follow_seconds, views)) as changes:
                try:
                    async for view in changes:
                        yield view
                        if view.state != "working":
                            return
                except TimeoutError:
                    return

    async def reflect(self, learner: Learner, hint: str, reflection: Reflect) -> HintView:
        """Keep what the learner thinks. Raises AiOff, AiDeclined, ServiceError."""
        scope = await self._asking.scope(learner)
        with told_refusals():
            return await self._asking.feedback.reflect(hint, reflection, scope)

    async def rate(self, learner: Learner, hint: str, rating: RateHint) -> HintView:
        """Keep whether it helped. Raises AiOff, AiDeclined, ServiceError."""
        scope = await self._asking.scope(learner)
        with told_refusals():
            return await self._asking.feedback.rate_hint(hint, rating, scope)
