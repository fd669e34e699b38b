from services.contracts.case import Slug
from services.contracts.escalation import Escalate, EscalationView, Offer, RateAnswer, RateMemory, WriteNote
from services.gateway.admission import Admitted, Hex32, Service, Working, lab_router

router = lab_router()


@router.get("/escalations/offer")
async def offer(service: Service, learner: Admitted, subtask: Slug) -> Offer:
    """Whether a mentor may be asked about a step now, and why."""
    return await service.mentors.offer(learner, subtask)


@router.get("/escalations")
async def mine(service: Service, learner: Admitted, subtask: Slug) -> tuple[EscalationView, ...]:
    """The learner's questions about a step, newest first."""
    return await service.mentors.mine(learner, subtask)


@router.post("/escalations")
async def ask(service: Service, learner: Working, body: Escalate) -> EscalationView:
    """Ask a mentor about a judged version."""
    return await service.mentors.ask(learner, body)


@router.get("/escalations/{escalation}")
async def one(service: Service, learner: Admitted, escalation: Hex32) -> EscalationView:
    """One question and its conversation."""
    return await service.mentors.one(learner, escalation)


@router.post("/escalations/{escalation}/notes")
async def write(service: Service, learner: Admitted, escalation: Hex32, body: WriteNote) -> EscalationView:
    """Say more."""
    return await service.mentors.write(learner, escalation, body)


@router.post("/escalations/{escalation}/rating")
async def rate(service: Service, learner: Admitted, escalation: Hex32, body: RateAnswer) -> EscalationView:
    """Say whether the answer helped."""
    return await service.mentors.rate(learner, escalation, body)


@router.post("/escalations/{escalation}/cancellation")
async def cancel(service: Service, learner: Admitted, escalation: Hex32) -> EscalationView:
    """Need no mentor any more."""
    return await service.mentors.cancel(learner, escalation)


@router.post("/remembered/{entry}/rating")
async def rate_memory(service: Service, learner: Admitted, entry: Hex32, body: RateMemory) -> Offer:
    """Say whether a remembered answer helped; answers with what the learner may do now."""
    return await service.mentors.rate_memory(learner, entry, body)
