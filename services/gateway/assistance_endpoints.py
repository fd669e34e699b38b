from collections.abc import AsyncIterator

from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from services.contracts.assistance import AiChoice, Assistance
from services.contracts.case import Slug
from services.contracts.chat import AskChat, ChatDelta, ChatEvent, ChatRetracted, Conversation
from services.contracts.hint import AskHint, HintShelf, HintView, RateHint, Reflect
from services.contracts.lab import LabChatReset, LabWorded, LabWords
from services.contracts.words import WordsPart
from services.gateway.admission import EVENTS, Admitted, Assisted, Hex32, Service, lab_router
from services.gateway.words import WordsSaid
from services.kit.request_id import current_request_id
from services.kit.stream import sse

router = lab_router()


@router.get("/assistance")
async def assistance(service: Service, learner: Admitted) -> Assistance:
    """Where the learner stands with AI in this case."""
    return await service.choices.standing(learner)


@router.post("/assistance/choice")
async def choose(service: Service, learner: Admitted, body: AiChoice) -> Assistance:
    """Record the learner's decision about AI."""
    return await service.choices.choose(learner, body)


@router.post("/words", response_class=StreamingResponse, responses=EVENTS)
async def words(service: Service, learner: Assisted, body: LabWords) -> StreamingResponse:
    """Word a judged version anew: `words` events, then one `worded` or `error` event."""
    parts = await service.wordings.words(learner, body, current_request_id())
    return sse(_named_words(parts), keep_alive=service.settings.heartbeat)


@router.post("/hints")
async def ask_hint(service: Service, learner: Assisted, body: AskHint) -> HintView:
    """Ask for a hint."""
    return await service.hints.ask(learner, body)


@router.get("/hints")
async def hints(service: Service, learner: Admitted, subtask: Slug) -> HintShelf:
    """The hints of a subtask, oldest first, and what is left."""
    return await service.hints.shelf(learner, subtask)


@router.get("/hints/{hint}/events", response_class=StreamingResponse, responses=EVENTS)
async def follow_hint(service: Service, learner: Admitted, hint: Hex32) -> StreamingResponse:
    """Follow a hint that is being made: a `hint` event each time it changes."""
    return sse(_named_hints(service.hints.follow(learner, hint)), keep_alive=service.settings.heartbeat)


@router.post("/hints/{hint}/reflection")
async def reflect(service: Service, learner: Admitted, hint: Hex32, body: Reflect) -> HintView:
    """Keep what the learner thinks."""
    return await service.hints.reflect(learner, hint, body)


@router.post("/hints/{hint}/rating")
async def rate_hint(service: Service, learner: Admitted, hint: Hex32, body: RateHint) -> HintView:
    """Keep whether a hint helped."""
    return await service.hints.rate(learner, hint, body)


@router.post("/chat", response_class=StreamingResponse, responses=EVENTS)
async def chat(service: Service, learner: Assisted, body: AskChat) -> StreamingResponse:
    """Answer a message: `delta` and `retracted` events, then one `answer` or `error` event."""
    return sse(_named_chat(service.chats.ask(learner, body)), keep_alive=service.settings.heartbeat)


@router.get("/chat")
async def conversation(service: Service, learner: Admitted, subtask: Slug) -> Conversation:
    """What was said about a subtask since the last reset."""
    return await service.chats.conversation(learner, subtask)


@router.post("/chat/reset")
async def reset_chat(service: Service, learner: Admitted, body: LabChatReset) -> Conversation:
    """Begin the conversation of a subtask anew."""
    return await service.chats.reset(learner, body.subtask)


async def _named_words(parts: AsyncIterator[WordsSaid]) -> AsyncIterator[tuple[str, BaseModel]]:
    async for part in parts:
        match part:
            case WordsPart():
                yield "words", part
            case LabWorded():
                yield "worded", part
            case _:
                yield "error", part


async def _named_hints(views: AsyncIterator[HintView]) -> AsyncIterator[tuple[str, BaseModel]]:
    async for view in views:
        yield "hint", view


async def _named_chat(events: AsyncIterator[ChatEvent]) -> AsyncIterator[tuple[str, BaseModel]]:
    async for event in events:
        match event:
            case ChatDelta():
                yield "delta", event
            case ChatRetracted():
                yield "retracted", event
            case _:
                yield "answer", event
