from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import StreamingResponse

from feedback.assisted import Assisted
from services.contracts.assistance import AiChoice, Assistance
from services.contracts.brief import AskBrief, Brief
from services.contracts.case import Slug
from services.contracts.chat import AskChat, Conversation
from services.contracts.hint import AskHint, HintShelf, HintView, RateHint, Reflect
from services.contracts.measures import WeekRatings
from services.contracts.model import Moment
from services.contracts.words import WordsRequest
from services.kit.peer import require_peer
from services.kit.scope import Scope
from services.kit.stream import ndjson


async def _assisted(request: Request) -> Assisted:
    return cast("Assisted", request.app.state.assisted)


Services = Annotated[Assisted, Depends(_assisted)]
HintId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]

router = APIRouter(dependencies=[Depends(require_peer("gateway"))])


@router.get("/assistance")
async def assistance(scope: Scope, services: Services) -> Assistance:
    """Where the learner stands with AI in the scope's case."""
    return await services.choices.of(scope)


@router.post("/assistance/choice")
async def choose(request: AiChoice, scope: Scope, services: Services) -> Assistance:
    """Keep what the learner decides."""
    return await services.choices.choose(scope, request)


@router.post("/words")
async def words(request: WordsRequest, scope: Scope, services: Services) -> StreamingResponse:
    """Word a judged feedback anew; one WordsEvent a line, the last is Worded."""
    return ndjson(services.words.words(request, scope))


@router.post("/hints")
async def ask_hint(request: AskHint, scope: Scope, services: Services) -> HintView:
    """Take a place of the quota and begin to make a hint, or join the one being made."""
    return await services.hints.ask(request, scope)


@router.get("/hints")
async def hints(subtask: Slug, scope: Scope, services: Services) -> HintShelf:
    """The learner's hints of a subtask."""
    return await services.hints.shelf(subtask, scope)


@router.get("/hints/{hint}")
async def hint(hint: HintId, scope: Scope, services: Services) -> HintView:
    """One hint as it is now."""
    return await services.hints.get(hint, scope)


@router.get("/hints/{hint}/events")
async def follow_hint(hint: HintId, scope: Scope, services: Services) -> StreamingResponse:
    """The hint each time it changes, one HintView a line, until nothing more will change by itself."""
    return ndjson(services.hints.follow(hint, scope))


@router.post("/hints/{hint}/reflection")
async def reflect(hint: HintId, request: Reflect, scope: Scope, services: Services) -> HintView:
    """Keep what the learner thinks."""
    return await services.hints.reflect(hint, request, scope)


@router.post("/hints/{hint}/rating")
async def rate_hint(hint: HintId, request: RateHint, scope: Scope, services: Services) -> HintView:
    """Keep whether it helped."""
    return await services.hints.rate(hint, request, scope)


@router.post("/chat")
async def chat(request: AskChat, scope: Scope, services: Services) -> StreamingResponse:
    """Answer a message; one ChatEvent a line, the last is ChatDone."""
    return ndjson(services.chat.ask(request, scope))


@router.get("/chat")
async def conversation(scope: Scope, services: Services) -> Conversation:
    """What was said about the scope's subtask since the last reset."""
    return await services.chat.conversation(scope)


@router.post("/chat/reset")
async def reset_chat(scope: Scope, services: Services) -> Conversation:
    """Begin the conversation of the scope's subtask anew."""
    return await services.chat.reset(scope)


mentors_router = APIRouter(dependencies=[Depends(require_peer("dashboard"))])


@mentors_router.post("/briefs")
async def brief(request: AskBrief, scope: Scope, services: Services) -> Brief:
    """What a mentor is shown of a learner's code; 403 `not_a_mentor` for every other role."""
    return await services.briefs.brief(request, scope)


@mentors_router.get("/hint-ratings")
async def hint_ratings(
    scope: Scope, services: Services, since: Moment, until: Moment, case: Slug | None = None
) -> tuple[WeekRatings, ...]:
    """What learners said of hints, by week; 403 `not_a_mentor` for every other role."""
    return await services.ratings.by_week(scope, case, since, until)
