from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Path, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from services.contracts.case import Digest, Slug
from services.contracts.feedback import Stage
from services.contracts.identity import Principal
from services.contracts.lab import LabCase, LabCheck, LabFeedback, LabReview, LabReviewed
from services.contracts.progress import SavedNotebook, SavedSummary, Version, VersionSummary
from services.contracts.style import Dismiss, StyleStanding
from services.gateway.admission import EVENTS, Admitted, Hex32, Service, Working, lab_router
from services.gateway.check_desk import CheckPart
from services.kit.request_id import current_request_id
from services.kit.stream import sse

router = lab_router()


@router.get("/me")
async def me(learner: Admitted) -> Principal:
    """Who the gateway takes the caller for."""
    return learner.principal


@router.get("/case")
async def case(service: Service, learner: Admitted) -> LabCase:
    """The case of this environment, and where its learner stands."""
    return await service.case(learner)


@router.post("/check", response_class=StreamingResponse, responses=EVENTS)
async def check(service: Service, learner: Working, body: LabCheck) -> StreamingResponse:
    """Check a subtask: `stage` events, then one `feedback` or `error` event."""
    parts = await service.checks.check(learner, body, current_request_id())
    return sse(_named(parts), keep_alive=service.settings.heartbeat)


@router.post("/review")
async def review(service: Service, learner: Working, body: LabReview) -> LabReviewed:
    """Review the style of an approved subtask."""
    return await service.reviews.review(learner, body)


@router.post("/review/dismissals")
async def dismiss(service: Service, learner: Admitted, body: Dismiss) -> StyleStanding:
    """Leave a remark of the newest review as it is, for a reason that mentors see."""
    return await service.reviews.dismiss(learner, body)


@router.delete("/review/dismissals/{finding}")
async def take_back(
    service: Service,
    learner: Admitted,
    finding: Annotated[str, Path(pattern=r"^[0-9A-Za-z-]{1,64}$")],
    subtask: Slug,
) -> StyleStanding:
    """Take a dismissal back."""
    return await service.reviews.take_back(learner, subtask, finding)


@router.get("/history")
async def history(
    service: Service,
    learner: Admitted,
    subtask: Slug | None = None,
    before: Annotated[str | None, Query(pattern=r"^[0-9a-f]{32}$")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> tuple[VersionSummary, ...]:
    """Checked versions, newest first; `before` continues after the last one seen."""
    return await service.history(learner, subtask, before, limit)


@router.get("/history/{submission}")
async def version(service: Service, learner: Admitted, submission: Hex32) -> Version:
    """One checked version with its cells and feedback."""
    return await service.version(learner, submission)


@router.put("/notebook")
async def save_notebook(service: Service, learner: Admitted, body: SavedNotebook) -> SavedSummary:
    """Keep a state of the notebook."""
    return await service.save_notebook(learner, body)


@router.get("/notebook/versions")
async def saved_notebooks(service: Service, learner: Admitted) -> tuple[SavedSummary, ...]:
    """All kept states of the notebook, newest first."""
    return await service.saved_notebooks(learner)


@router.get("/notebook/versions/{digest}")
async def saved_notebook(service: Service, learner: Admitted, digest: Digest) -> SavedNotebook:
    """One kept state of the notebook."""
    return await service.saved_notebook(learner, digest)


async def _named(parts: AsyncIterator[CheckPart]) -> AsyncIterator[tuple[str, BaseModel]]:
    async for part in parts:
        match part:
            case Stage():
                yield "stage", part
            case LabFeedback():
                yield "feedback", part
            case _:
                yield "error", part
