from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import StreamingResponse

from services.contracts.case import Slug
from services.contracts.model import MOST
from services.contracts.progress import Version, VersionSummary
from services.contracts.session import (
    EventBatch,
    EventsKept,
    Recording,
    RecordingChoice,
    SessionPart,
    SessionSummary,
)
from services.kit.peer import require_peer
from services.kit.scope import Scope
from services.progress.endpoints import LEARNERS_SIDE, Service, SubmissionId, UserName
from services.progress.repository import Owner

SessionId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]

learner_router = APIRouter(dependencies=LEARNERS_SIDE)
"""For the gateway, which speaks for the learner that the scope token names."""
mentor_router = APIRouter(dependencies=[Depends(require_peer("dashboard"))])
"""For the dashboard; the scope token names the mentor. Every call is written down before it is answered."""


@learner_router.post("/events")
async def record(service: Service, scope: Scope, body: EventBatch) -> EventsKept:
    """Keep events of one of the learner's sessions."""
    return await service.recorder.record(scope, body)


@learner_router.get("/recording")
async def recording(service: Service, scope: Scope) -> Recording:
    """Where the learner stands with recording in this case."""
    return await service.recorder.recording(scope)


@learner_router.post("/recording")
async def choose_recording(service: Service, scope: Scope, body: RecordingChoice) -> Recording:
    """Keep the learner's consent, or its end."""
    return await service.recorder.choose(scope, body)


@learner_router.get("/sessions")
async def own_sessions(service: Service, scope: Scope) -> tuple[SessionSummary, ...]:
    """The learner's recorded sessions of this case, newest first."""
    return await service.summaries.of(Owner(scope.user, scope.case))


@learner_router.get("/sessions/export", response_class=StreamingResponse)
async def export_sessions(service: Service, scope: Scope) -> StreamingResponse:
    """All that is kept of them, as one JSON document."""
    return StreamingResponse(service.exports.lines(scope), media_type="application/json")


@learner_router.delete("/sessions")
async def delete_sessions(service: Service, scope: Scope) -> Recording:
    """Delete all of them."""
    return await service.recorder.delete(scope)


@mentor_router.get("/users/{user}/cases/{case}/sessions")
async def sessions_of(service: Service, scope: Scope, user: UserName, case: Slug) -> tuple[SessionSummary, ...]:
    """A learner's recorded sessions, newest first."""
    await service.looks.take(scope, "sessions", case, user)
    return await service.summaries.of(Owner(user, case))


@mentor_router.get("/users/{user}/cases/{case}/sessions/{session}", response_model=SessionPart)
async def session_of(
    service: Service,
    scope: Scope,
    user: UserName,
    case: Slug,
    session: SessionId,
    start: Annotated[int, Query(alias="from", ge=0, le=MOST)] = 0,
) -> Response:
    """Part of a recorded session."""
    await service.looks.take(scope, "session", case, user, session)
    part = await service.replays.part(Owner(user, case), session, start)
    # Made here: the framework would check thousands of events that were checked when they were kept.
    return Response(part.model_dump_json(), media_type="application/json")


@mentor_router.get("/users/{user}/cases/{case}/history")
async def history_of(
    service: Service,
    scope: Scope,
    user: UserName,
    case: Slug,
    subtask: Slug | None = None,
    before: Annotated[str | None, Query(pattern=r"^[0-9a-f]{32}$")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> tuple[VersionSummary, ...]:
    """A learner's checked versions, newest first."""
    await service.looks.take(scope, "history", case, user)
    return await service.attempts.history_of(Owner(user, case), subtask, before, limit)


@mentor_router.get("/users/{user}/cases/{case}/history/{submission}")
async def version_of(service: Service, scope: Scope, user: UserName, case: Slug, submission: SubmissionId) -> Version:
    """One checked version of a learner."""
    await service.looks.take(scope, "version", case, user, submission)
    return await service.attempts.version_of(Owner(user, case), submission)
