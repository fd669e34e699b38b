from typing import Annotated, Final, cast

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from services.contracts.case import Digest, Slug
from services.contracts.feedback import Feedback
from services.contracts.progress import (
    CaseProgress,
    CaseStanding,
    Conclude,
    OwnSubtask,
    Recorded,
    SavedNotebook,
    SavedSummary,
    Submit,
    SubtaskProgress,
    Version,
    VersionSummary,
)
from services.contracts.words import Reword
from services.kit.peer import require_peer
from services.kit.scope import Scope
from services.progress.errors import OutsideScope
from services.progress.repository import Owner
from services.progress.service import ProgressService
from services.progress.sessions.looks import ALL_CASES


async def _service(request: Request) -> ProgressService:
    return cast("ProgressService", request.app.state.service)


Service = Annotated[ProgressService, Depends(_service)]
SubmissionId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
UserName = Annotated[str, Path(min_length=1, max_length=255)]


async def of_one_case(scope: Scope) -> None:
    """Dependency: a learner's call is about one case. Raises OutsideScope for a mentor's token, which is for all."""
    if scope.case == ALL_CASES:
        raise OutsideScope("This permission is for all cases; what a learner does is done in one.")


LEARNERS_SIDE: Final = (Depends(require_peer("gateway")), Depends(of_one_case))
learner_router = APIRouter(dependencies=LEARNERS_SIDE)
"""For the gateway, which speaks for the learner that the scope token names."""
hub_router = APIRouter(dependencies=[Depends(require_peer("hub"))])
"""For the spawner, which keeps and restores the notebook of every environment it starts."""


@learner_router.post("/submissions")
async def submit(service: Service, scope: Scope, body: Submit) -> Recorded:
    """Record a submission, idempotent by digest."""
    return await service.attempts.submit(scope, body)


@learner_router.post("/conclusions")
async def conclude(service: Service, scope: Scope, body: Conclude) -> SubtaskProgress:
    """Store a submission's feedback and move the subtask's state."""
    return await service.attempts.conclude(scope, body)


@learner_router.post("/rewordings")
async def reword(service: Service, scope: Scope, body: Reword) -> Feedback:
    """Keep a model's words with a submission that needs work; nothing else of it changes."""
    return await service.attempts.reword(scope, body)


@learner_router.get("/progress")
async def progress(service: Service, scope: Scope) -> CaseProgress:
    """Where the learner stands in the case."""
    return await service.attempts.progress(scope)


@learner_router.get("/history")
async def history(
    service: Service,
    scope: Scope,
    subtask: Slug | None = None,
    before: Annotated[str | None, Query(pattern=r"^[0-9a-f]{32}$")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 200,
) -> tuple[VersionSummary, ...]:
    """Checked versions, newest first; `before` continues after the last one seen."""
    return await service.attempts.history(scope, subtask, before, limit)


@learner_router.get("/history/{submission}")
async def version(service: Service, scope: Scope, submission: SubmissionId) -> Version:
    """One checked version of the learner's own."""
    return await service.attempts.version(scope, submission)


@learner_router.put("/notebook")
async def save_notebook(service: Service, scope: Scope, body: SavedNotebook) -> SavedSummary:
    """Keep this state of the notebook."""
    return await service.notebooks.save(Owner(scope.user, scope.case), body)


@learner_router.get("/notebook/versions")
async def saved_notebooks(service: Service, scope: Scope) -> tuple[SavedSummary, ...]:
    """All kept states of the notebook, newest first."""
    return await service.notebooks.saved(Owner(scope.user, scope.case))


@learner_router.get("/notebook/versions/{digest}")
async def saved_notebook(service: Service, scope: Scope, digest: Digest) -> SavedNotebook:
    """One kept state of the learner's own."""
    return await service.notebooks.get(Owner(scope.user, scope.case), digest)


@hub_router.put("/users/{user}/cases/{case}/notebook")
async def keep_for(service: Service, user: UserName, case: Slug, body: SavedNotebook) -> SavedSummary:
    """As `PUT /notebook`, for any learner."""
    return await service.notebooks.save(Owner(user, case), body)


@hub_router.get("/users/{user}/cases/{case}/notebook", response_model=SavedNotebook | None)
async def newest_for(service: Service, user: UserName, case: Slug) -> SavedNotebook | Response:
    """The newest kept state of a learner's notebook; 204 when there is none."""
    return await service.notebooks.newest(Owner(user, case)) or Response(status_code=204)


@hub_router.get("/users/{user}/standing")
async def standing_of(service: Service, user: UserName) -> tuple[CaseStanding, ...]:
    """How far any learner has come in every case they touched, by case."""
    return await service.attempts.standing_of(user)


@hub_router.get("/users/{user}/subtasks")
async def subtasks_of(service: Service, user: UserName) -> tuple[OwnSubtask, ...]:
    """Every subtask that any learner has checked, in all cases, for their own page."""
    return await service.own_page.of(user)
