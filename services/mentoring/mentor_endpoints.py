from typing import Annotated

from fastapi import APIRouter, Depends, Query

from services.contracts.case import Slug
from services.contracts.escalation import (
    AnswerEscalation,
    AskQueue,
    EscalationFull,
    Phrase,
    QueuePage,
    WriteNote,
    WritePhrase,
)
from services.contracts.measures import Measures
from services.kit.peer import require_peer
from services.mentoring.access import CurrentMentor
from services.mentoring.learner_endpoints import EscalationKey
from services.mentoring.service import Service

router = APIRouter(dependencies=[Depends(require_peer("dashboard"))])
"""For the dashboard, which speaks for the mentor that the scope token names."""


@router.get("/queue")
async def queue(service: Service, mentor: CurrentMentor, asked: Annotated[AskQueue, Query()]) -> QueuePage:
    """A part of the queue, most urgent first; of what is over, the newest first."""
    return await service.desk.page(mentor, asked)


@router.post("/queue/next")
async def take_next(service: Service, mentor: CurrentMentor) -> EscalationFull:
    """Take the most urgent one."""
    return await service.desk.take_next(mentor)


@router.get("/queue/{escalation}")
async def escalation_screen(service: Service, mentor: CurrentMentor, escalation: EscalationKey) -> EscalationFull:
    """All about one; the look is kept in the record."""
    return await service.desk.look(mentor, escalation)


@router.get("/queue/{escalation}/same")
async def same(
    service: Service,
    mentor: CurrentMentor,
    escalation: EscalationKey,
    after: Annotated[str | None, Query(max_length=40)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> QueuePage:
    """A part of the others that wait with the same problem, most urgent first."""
    return await service.desk.same(mentor, escalation, after, limit)


@router.post("/queue/{escalation}/lease")
async def lease(service: Service, mentor: CurrentMentor, escalation: EscalationKey) -> EscalationFull:
    """Take this one, or hold it for longer."""
    return await service.desk.lease(mentor, escalation)


@router.delete("/queue/{escalation}/lease", status_code=204)
async def release(service: Service, mentor: CurrentMentor, escalation: EscalationKey) -> None:
    """Give it back."""
    await service.desk.release(mentor, escalation)


@router.post("/queue/{escalation}/notes")
async def write_as_mentor(
    service: Service, mentor: CurrentMentor, escalation: EscalationKey, body: WriteNote
) -> EscalationFull:
    """A turn that is no answer."""
    return await service.answering.write(mentor, escalation, body)


@router.post("/queue/{escalation}/answer")
async def answer(
    service: Service, mentor: CurrentMentor, escalation: EscalationKey, body: AnswerEscalation
) -> EscalationFull:
    """Answer it, and others with the same problem."""
    return await service.answering.answer(mentor, escalation, body)


@router.get("/phrases")
async def phrases(service: Service, mentor: CurrentMentor) -> tuple[Phrase, ...]:
    """The mentor's own comment bank."""
    return await service.phrases.all(mentor)


@router.post("/phrases")
async def add_phrase(service: Service, mentor: CurrentMentor, body: WritePhrase) -> Phrase:
    """Keep words."""
    return await service.phrases.add(mentor, body)


@router.delete("/phrases/{phrase}", status_code=204)
async def drop_phrase(service: Service, mentor: CurrentMentor, phrase: EscalationKey) -> None:
    """Forget words."""
    await service.phrases.drop(mentor, phrase)


@router.get("/measures")
async def measures(
    service: Service,
    mentor: CurrentMentor,
    case: Slug | None = None,
    days: Annotated[int, Query(ge=1, le=365)] = 7,
) -> Measures:
    """How much mentors were asked, and week by week."""
    return await service.measuring.measures(mentor, case, days)
