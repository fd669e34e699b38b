from typing import Annotated

from fastapi import APIRouter, Depends, Path

from services.contracts.case import Slug
from services.contracts.progress import Reviewed
from services.contracts.style import Dismiss, Dismissal, StyleKept, StyleStanding
from services.kit.peer import require_peer
from services.kit.scope import Scope
from services.progress.endpoints import LEARNERS_SIDE, Service, UserName
from services.progress.repository import Owner

FindingInPath = Annotated[str, Path(pattern=r"^[0-9A-Za-z-]{1,64}$")]

learner_router = APIRouter(dependencies=LEARNERS_SIDE)
"""For the gateway, which speaks for the learner that the scope token names."""
mentor_router = APIRouter(dependencies=[Depends(require_peer("dashboard"))])
"""For the dashboard; the scope token names the mentor. Every call is written down before it is answered."""


@learner_router.post("/reviews")
async def reviewed(service: Service, scope: Scope, body: Reviewed) -> StyleKept:
    """Keep the style review of an approved subtask."""
    return await service.reviews.reviewed(scope, body)


@learner_router.post("/dismissals")
async def dismiss(service: Service, scope: Scope, body: Dismiss) -> StyleStanding:
    """Leave a remark of the newest review as it is, with a reason."""
    return await service.reviews.dismiss(scope, body)


@learner_router.delete("/dismissals/{finding}")
async def take_back(service: Service, scope: Scope, finding: FindingInPath, subtask: Slug) -> StyleStanding:
    """Take a dismissal back."""
    return await service.reviews.take_back(scope, subtask, finding)


@mentor_router.get("/users/{user}/cases/{case}/dismissals")
async def dismissals_of(
    service: Service, scope: Scope, user: UserName, case: Slug, subtask: Slug
) -> tuple[Dismissal, ...]:
    """Remarks that a learner left as they are, newest first."""
    await service.looks.take(scope, "dismissals", case, user, subtask)
    return await service.reviews.dismissals_of(Owner(user, case), subtask)
