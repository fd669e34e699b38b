from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from services.contracts.case import Slug
from services.contracts.classroom import ClassView, LearnersWork
from services.contracts.measures import WeekCount
from services.contracts.model import Moment
from services.kit.peer import require_peer
from services.kit.scope import Scope
from services.kit.spans import require_period
from services.progress.classroom.files import as_csv
from services.progress.endpoints import Service, UserName
from services.progress.repository import Owner
from services.progress.sessions.looks import ALL_CASES, require_mentor

Steps = Annotated[int | None, Query(ge=1, le=1_000)]

router = APIRouter(dependencies=[Depends(require_peer("dashboard"))])
"""For the dashboard; the scope token names the mentor. Every call is written down before it is answered."""


@router.get("/class")
async def class_view(
    service: Service,
    scope: Scope,
    case: Slug,
    steps: Steps = None,
    watch: bool = False,
    after: Annotated[str, Query(max_length=255)] = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> ClassView:
    """Part of a class, by name."""
    await service.looks.take(scope, "class", case)
    return await service.classroom.view(case, steps, watch=watch, after=after, limit=limit)


@router.get("/class/export.csv", response_class=Response)
async def class_csv(service: Service, scope: Scope, case: Slug, steps: Steps = None) -> Response:
    """The whole class as CSV."""
    await service.looks.take(scope, "export", case)
    text = as_csv(await service.classroom.view(case, steps))
    return Response(text.encode(), media_type="text/csv; charset=utf-8")


@router.get("/class/export.json")
async def class_json(service: Service, scope: Scope, case: Slug, steps: Steps = None) -> ClassView:
    """The whole class as JSON."""
    await service.looks.take(scope, "export", case)
    return await service.classroom.view(case, steps)


@router.get("/class/versions")
async def class_versions(service: Service, scope: Scope, case: Slug) -> dict[str, int]:
    """How many learners are on each version of a case."""
    await service.looks.take(scope, "class", case)
    return await service.classroom.by_version(case)


@router.get("/users/{user}/cases/{case}/work")
async def work_of(
    service: Service, scope: Scope, user: UserName, case: Slug, subtask: Slug | None = None
) -> LearnersWork:
    """What a learner has done in a step: one look, however much of it is shown."""
    await service.looks.take(scope, "work", case, user, subtask or "")
    return await service.work.of(Owner(user, case), subtask)


@router.get("/failing")
async def failing(
    service: Service, scope: Scope, since: Moment, until: Moment, case: Slug | None = None
) -> tuple[WeekCount, ...]:
    """Failing submissions by week. A number says nothing of anybody, so this look is not written down."""
    require_mentor(scope, "class", case or ALL_CASES)
    require_period(since, until)
    return await service.classroom.failing(case, since, until)
