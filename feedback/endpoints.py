from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from feedback.service import FeedbackService
from services.contracts.feedback import CheckRequest, TrialRequest, TrialResult
from services.kit.peer import require_peer
from services.kit.scope import Scope
from services.kit.stream import ndjson


def _service(request: Request) -> FeedbackService:
    return cast("FeedbackService", request.app.state.service)


Service = Annotated[FeedbackService, Depends(_service)]
router = APIRouter()


@router.post("/checks", dependencies=[Depends(require_peer("gateway"))])
async def check(request: CheckRequest, scope: Scope, service: Service) -> StreamingResponse:
    """Judge a learner's submission; one CheckEvent a line, the last is Judged."""
    return ndjson(service.check(request, scope))


@router.post("/trials", dependencies=[Depends(require_peer("cases"))])
async def trial(request: TrialRequest, service: Service) -> TrialResult:
    """Judge an author's own material."""
    return await service.trial(request)
