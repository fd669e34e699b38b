import time
from collections.abc import AsyncIterator

from services.contracts.chat import AskChat, ChatDone, ChatEvent, Conversation
from services.contracts.errors import ServiceError
from services.gateway.asking import Asking
from services.gateway.assistance import told_refusals
from services.gateway.deadline import within
from services.gateway.errors import AnswerLate
from services.gateway.learner import Learner


class Chats:
    """A learner's conversations, one a subtask."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def ask(self, learner: Learner, ask: AskChat) -> AsyncIterator[ChatEvent]:
        """Answer a message; the last part is ChatDone. A learner who leaves ends the call behind the gateway, too.

        Raises SubtaskNotFound, TooManyRequests, AiOff, AiDeclined, AnswerLate, ServiceError.
        """
        scope = await self._asking.scope(learner, ask.subtask)
        seconds = self._asking.settings.answer_seconds
        with self._asking.seats.taken(learner.user):
            try:
                with told_refusals():
                    async for event in self._counted(within(seconds, self._asking.feedback.chat(ask, scope))):
                        yield event
            except TimeoutError:
                self._asking.metrics.chat_failed(AnswerLate.error)
                raise AnswerLate(
                    f"The assistant took longer than {seconds:g} seconds. Ask again in a moment."
                ) from None
            except ServiceError as error:
                self._asking.metrics.chat_failed(error.error)
                raise

    async def conversation(self, learner: Learner, subtask: str) -> Conversation:
        """What was said about a subtask. Raises SubtaskNotFound, ServiceError."""
        return await self._asking.feedback.conversation(await self._asking.scope(learner, subtask))

    async def reset(self, learner: Learner, subtask: str) -> Conversation:
        """Begin a conversation anew. Raises SubtaskNotFound, ServiceError."""
        return await self._asking.feedback.reset_chat(await self._asking.scope(learner, subtask))

    async def _counted(self, events: AsyncIterator[ChatEvent]) -> AsyncIterator[ChatEvent]:
        began, first = time.perf_counter(), True
        async for event in events:
            if first:
                self._asking.metrics.chat_first(time.perf_counter() - began)
                first = False
            if isinstance(event, ChatDone):
                self._asking.metrics.chat_answered(event.answer.words_by)
            yield event
