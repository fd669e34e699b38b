from typing import Annotated

from fastapi import APIRouter, Depends, Query

from services.contracts.case import Slug
from services.contracts.model import MOST
from services.contracts.progress import Version
from services.contracts.regrade import ApplyRegrade, RegradablePage, RegradeApplied
from services.kit.peer import require_peer
from services.progress.endpoints import Service, SubmissionId
from services.progress.repository import Owner

router = APIRouter(dependencies=[Depends(require_peer("cases"))])
"""For the case service, whose admins have work judged again; it holds the reference that judges it."""


@router.get("/cases/{case}/regradable")
async def regradable(service: Service, case: Slug, after: Annotated[int, Query(ge=0, le=MOST)] = 0) -> RegradablePage:
    """The newest judged submission of every learner and subtask of a case."""
    return await service.regrading.regradable(case, after)


@router.get("/cases/{case}/regradable/{submission}")
async def submission(
    service: Service, case: Slug, submission: SubmissionId, user: Annotated[str, Query(max_length=255)]
) -> Version:
    """One of them with its cells."""
    return await service.attempts.version_of(Owner(user, case), submission)


@router.post("/regrades")
async def apply(service: Service, body: ApplyRegrade) -> RegradeApplied:
    """Take verdicts over where they are better for the learner."""
    return await service.regrading.apply(body)
