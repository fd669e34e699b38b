from typing import Annotated, Final, cast

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import StreamingResponse

from feedback.mentors import require_mentor
from feedback.service import FeedbackService
from services.contracts.clients.service import SCOPE_HEADER
from services.contracts.feedback import CheckRequest, MistakeSignature, TrialRequest, TrialResult
from services.contracts.mutants import MutantsRequest, MutantsResult
from services.kit.peer import PeerIdentity, require_peer
from services.kit.scope import Scope
from services.kit.stream import ndjson


async def _service(request: Request) -> FeedbackService:
    return cast("FeedbackService", request.app.state.service)


_DASHBOARD: Final = "dashboard"
ScopeToken = Annotated[str, Header(alias=SCOPE_HEADER)]
"""The token itself, which `Scope` has verified."""
Service = Annotated[FeedbackService, Depends(_service)]
router = APIRouter()


@router.post("/checks", dependencies=[Depends(require_peer("gateway", _DASHBOARD))])
async def check(
    request: CheckRequest, scope: Scope, token: ScopeToken, peer: PeerIdentity, service: Service
) -> StreamingResponse:
    """Judge a learner's submission; one CheckEvent a line, the last is Judged.

    From the dashboard it is a mentor who tries code out: nobody is given a remembered answer, so none counts as given.
    """
    if peer.name == _DASHBOARD:
        require_mentor(scope)
        return ndjson(service.check(request, scope))
    return ndjson(service.check(request, scope, recall_as=token))


@router.post("/mistakes", dependencies=[Depends(require_peer("gateway"))])
async def mistake(request: CheckRequest, scope: Scope, service: Service) -> MistakeSignature:
    """Which mistake a failing submission makes: equal for learners whom the same answer helps."""
    return await service.mistake(request, scope)


@router.post("/trials", dependencies=[Depends(require_peer("cases", "evaluator"))])
async def trial(request: TrialRequest, service: Service) -> TrialResult:
    """Judge an author's own material, or the samples of a suite."""
    return await service.trial(request)


@router.post("/mutants", dependencies=[Depends(require_peer("cases"))])
async def mutants(request: MutantsRequest, service: Service) -> MutantsResult:
    """Judge small faults in an author's own reference."""
    return await service.mutants(request)
