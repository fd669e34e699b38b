from typing import Annotated

from fastapi import APIRouter, Depends, Query

from services.contracts.case import Slug
from services.contracts.escalation import EditMemory, MemoryEntry, MemoryPage, Recall, Recalled
from services.kit.peer import require_peer
from services.kit.scope import Scope
from services.mentoring.access import CurrentMentor
from services.mentoring.learner_endpoints import EscalationKey
from services.mentoring.memory_repository import Sought
from services.mentoring.service import Service

feedback_router = APIRouter(dependencies=[Depends(require_peer("feedback"))])
"""For `feedback`, in the middle of a check of the learner that the scope token names."""
mentor_router = APIRouter(dependencies=[Depends(require_peer("dashboard"))])
"""For the dashboard, which speaks for the mentor that the scope token names."""


@feedback_router.post("/memory/recalls")
async def recall(service: Service, scope: Scope, body: Recall) -> Recalled:
    """What mentors have answered to these signatures."""
    return await service.memory.recall(scope, body)


@mentor_router.get("/memory")
async def remembered(
    service: Service,
    mentor: CurrentMentor,
    case: Slug | None = None,
    subtask: Slug | None = None,
    q: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> MemoryPage:
    """A part of the remembered answers."""
    return await service.memory.found(mentor, Sought(case, subtask, q), after, limit)


@mentor_router.put("/memory/{entry}")
async def edit_remembered(
    service: Service, mentor: CurrentMentor, entry: EscalationKey, body: EditMemory
) -> MemoryEntry:
    """Change a remembered answer, or stand by it."""
    return await service.memory.edit(mentor, entry, body)


@mentor_router.delete("/memory/{entry}", status_code=204)
async def withdraw_remembered(service: Service, mentor: CurrentMentor, entry: EscalationKey) -> None:
    """Give it to nobody any more."""
    await service.memory.withdraw(mentor, entry)
