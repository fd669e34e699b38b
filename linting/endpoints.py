from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request

from linting.service import ReviewService
from services.contracts.lint import LintReport, ReviewRequest
from services.kit.peer import require_peer

router = APIRouter(dependencies=[Depends(require_peer("gateway", "dashboard"))])


async def _service(request: Request) -> ReviewService:
    return cast("ReviewService", request.app.state.service)


Service = Annotated[ReviewService, Depends(_service)]


@router.post("/reviews")
async def review(request: ReviewRequest, service: Service) -> LintReport:
    """Review a notebook's code cells as one module."""
    return await service.review(request)
