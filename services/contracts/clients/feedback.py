from collections.abc import AsyncIterator
from datetime import datetime

from pydantic import TypeAdapter

from services.contracts.assistance import AiChoice, Assistance
from services.contracts.brief import AskBrief, Brief
from services.contracts.chat import AskChat, ChatEvent, Conversation
from services.contracts.clients.service import ServiceClient
from services.contracts.feedback import CheckEvent, CheckRequest, MistakeSignature, TrialRequest, TrialResult
from services.contracts.hint import AskHint, HintShelf, HintView, RateHint, Reflect
from services.contracts.measures import WeekRatings, period_query
from services.contracts.mutants import MutantsRequest, MutantsResult
from services.contracts.words import WordsEvent, WordsRequest

_EVENT: TypeAdapter[CheckEvent] = TypeAdapter(CheckEvent)
_WORDS: TypeAdapter[WordsEvent] = TypeAdapter(WordsEvent)
_RATINGS: TypeAdapter[tuple[WeekRatings, ...]] = TypeAdapter(tuple[WeekRatings, ...])
_CHAT: TypeAdapter[ChatEvent] = TypeAdapter(ChatEvent)


class FeedbackClient(ServiceClient):
    """`feedback`: submission + case -> evidence -> verdict and words; hints and conversations.

    `scope` is the scope token of the learner; who asks, and what the case allows, is taken from it alone.
    """

    name = "feedback"

    async def check(self, request: CheckRequest, scope: str) -> AsyncIterator[CheckEvent]:
        """Judge; stages arrive as they begin and the last part is Judged."""
        async for line in self._lines("/checks", request.model_dump_json(), scope):
            yield _EVENT.validate_json(line)

    async def mistake(self, request: CheckRequest, scope: str) -> MistakeSignature:
        """Which mistake a failing submission makes; takes up to `feedback.service.MISTAKE_SECONDS`."""
        response = await self._call("POST", "/mistakes", content=request.model_dump_json(), scope=scope)
        return MistakeSignature.model_validate_json(response.content)

    async def trial(self, request: TrialRequest) -> TrialResult:
        """Judge an author's own material, or a sample; allowed to `case_uploader` and `caseloop eval` only."""
        response = await self._call("POST", "/trials", content=request.model_dump_json())
        return TrialResult.model_validate_json(response.content)

    async def mutants(self, request: MutantsRequest) -> MutantsResult:
        """Judge small faults in an author's reference; allowed to `case_uploader` only."""
        response = await self._call("POST", "/mutants", content=request.model_dump_json())
        return MutantsResult.model_validate_json(response.content)

    async def brief(self, ask: AskBrief, scope: str) -> Brief:
        """What a mentor is shown of a learner's code; allowed to `dashboard` only. 403 `not_a_mentor`.

        It may take a check and a model's draft: half a minute.
        """
        return Brief.model_validate_json(
            (await self._call("POST", "/briefs", content=ask.model_dump_json(), scope=scope)).content
        )

    async def hint_ratings(
        self, case: str | None, since: datetime, until: datetime, scope: str
    ) -> tuple[WeekRatings, ...]:
        """What learners said of hints, by week, of one case or all; allowed to `dashboard` only. 403 `not_a_mentor`."""
        params = period_query(case, since, until)
        return _RATINGS.validate_json((await self._call("GET", "/hint-ratings", scope=scope, params=params)).content)

    async def words(self, request: WordsRequest, scope: str) -> AsyncIterator[WordsEvent]:
        """Word a judged feedback anew; sentences arrive as they pass the firewall and the last part is Worded."""
        async for line in self._lines("/words", request.model_dump_json(), scope):
            yield _WORDS.validate_json(line)

    async def assistance(self, scope: str) -> Assistance:
        """Where the learner stands with AI in the case."""
        return Assistance.model_validate_json((await self._call("GET", "/assistance", scope=scope)).content)

    async def choose(self, choice: AiChoice, scope: str) -> Assistance:
        """Record the learner's decision about AI in the case."""
        response = await self._call("POST", "/assistance/choice", content=choice.model_dump_json(), scope=scope)
        return Assistance.model_validate_json(response.content)

    async def ask_hint(self, ask: AskHint, scope: str) -> HintView:
        """Ask for a hint, of the scope's subtask; it is made while nobody waits, see `follow_hint`.

        403 `ai_off` and `ai_declined`, 409 `choice_missing` and `rating_first`, 429 `hints_spent`.
        """
        response = await self._call("POST", "/hints", content=ask.model_dump_json(), scope=scope)
        return HintView.model_validate_json(response.content)

    async def hints(self, subtask: str, scope: str) -> HintShelf:
        """The learner's hints of a subtask, oldest first, and what is left of the quota."""
        response = await self._call("GET", "/hints", scope=scope, params={"subtask": subtask})
        return HintShelf.model_validate_json(response.content)

    async def hint(self, hint: str, scope: str) -> HintView:
        """One hint of the learner's own, as it is now. 404 `hint_not_found`."""
        return HintView.model_validate_json((await self._call("GET", f"/hints/{hint}", scope=scope)).content)

    async def follow_hint(self, hint: str, scope: str) -> AsyncIterator[HintView]:
        """The hint each time it changes, until it is ready or has failed. 404 `hint_not_found`."""
        async for line in self._lines(f"/hints/{hint}/events", None, scope, method="GET"):
            yield HintView.model_validate_json(line)

    async def reflect(self, hint: str, reflection: Reflect, scope: str) -> HintView:
        """Keep what the learner thinks. 404 `hint_not_found`."""
        path = f"/hints/{hint}/reflection"
        response = await self._call("POST", path, content=reflection.model_dump_json(), scope=scope)
        return HintView.model_validate_json(response.content)

    async def rate_hint(self, hint: str, rating: RateHint, scope: str) -> HintView:
        """Keep whether it helped. 404 `hint_not_found`."""
        path = f"/hints/{hint}/rating"
        response = await self._call("POST", path, content=rating.model_dump_json(), scope=scope)
        return HintView.model_validate_json(response.content)

    async def chat(self, ask: AskChat, scope: str) -> AsyncIterator[ChatEvent]:
        """Say something in the conversation of the scope's subtask; the last part is ChatDone.

        403 `ai_off` and `ai_declined`, 409 `choice_missing` and `reasoning_first`, 429 `messages_spent`.
        """
        async for line in self._lines("/chat", ask.model_dump_json(), scope):
            yield _CHAT.validate_json(line)

    async def conversation(self, scope: str) -> Conversation:
        """What was said about the scope's subtask since the last reset."""
        return Conversation.model_validate_json((await self._call("GET", "/chat", scope=scope)).content)

    async def reset_chat(self, scope: str) -> Conversation:
        """Begin the conversation of the scope's subtask anew."""
        return Conversation.model_validate_json((await self._call("POST", "/chat/reset", scope=scope)).content)
