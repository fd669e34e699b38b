from typing import Annotated

from fastapi import APIRouter, Depends, Path

from services.contracts.case import Slug
from services.contracts.escalation import EscalationView, MemoryEntry, Open, RateAnswer, RateMemory, WriteNote
from services.kit.peer import require_peer
from services.kit.scope import Scope
from services.mentoring.service import Service

EscalationKey = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]

router = APIRouter(dependencies=[Depends(require_peer("gateway"))])
"""For the gateway, which speaks for the learner that the scope token names."""


@router.post("/escalations")
async def open_escalation(service: Service, scope: Scope, body: Open) -> EscalationView:
    """Ask a mentor."""
    return await service.escalations.open(scope, body)


@router.get("/escalations")
async def own_escalations(service: Service, scope: Scope, subtask: Slug | None = None) -> tuple[EscalationView, ...]:
    """The learner's own, newest first."""
    return await service.escalations.mine(scope, subtask)


@router.get("/escalations/{escalation}")
async def own_escalation(service: Service, scope: Scope, escalation: EscalationKey) -> EscalationView:
    """One of the learner's own."""
    return await service.escalations.one(scope, escalation)


@router.post("/escalations/{escalation}/notes")
async def write_note(service: Service, scope: Scope, escalation: EscalationKey, body: WriteNote) -> EscalationView:
    """The learner's next turn."""
    return await service.escalations.write(scope, escalation, body)


@router.post("/escalations/{escalation}/rating")
async def rate_answer(service: Service, scope: Scope, escalation: EscalationKey, body: RateAnswer) -> EscalationView:
    """Whether the answer helped."""
    return await service.escalations.rate(scope, escalation, body)


@router.post("/escalations/{escalation}/cancellation")
async def cancel_escalation(service: Service, scope: Scope, escalation: EscalationKey) -> EscalationView:
    """No mentor is needed any more."""
    return await service.escalations.cancel(scope, escalation)


@router.post("/memory/{entry}/rating")
async def rate_remembered(service: Service, scope: Scope, entry: EscalationKey, body: RateMemory) -> MemoryEntry:
    """Whether a remembered answer helped."""
    return await service.memory.rate(scope, entry, body)


@router.get("/memory/unhelpful")
async def unhelpful_to_me(service: Service, scope: Scope) -> tuple[str, ...]:
    """The learner's versions to which a remembered answer did not help."""
    return await service.memory.unhelpful_to(scope)
