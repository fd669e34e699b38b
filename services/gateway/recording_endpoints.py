from collections.abc import AsyncIterator

from fastapi.responses import StreamingResponse

from services.contracts.session import EventBatch, EventsKept, Recording, RecordingChoice, SessionSummary
from services.gateway.admission import Admitted, Service, lab_router
from services.kit.stream import PrimedResponse

router = lab_router()


@router.post("/events")
async def record(service: Service, learner: Admitted, body: EventBatch) -> EventsKept:
    """Keep events of a session."""
    return await service.recordings.record(learner, body)


@router.get("/recording")
async def standing(service: Service, learner: Admitted) -> Recording:
    """Whether the learner is recorded, and what there is."""
    return await service.recordings.standing(learner)


@router.post("/recording")
async def choose(service: Service, learner: Admitted, body: RecordingChoice) -> Recording:
    """Keep the learner's consent, or its end."""
    return await service.recordings.choose(learner, body)


@router.get("/sessions")
async def sessions(service: Service, learner: Admitted) -> tuple[SessionSummary, ...]:
    """The learner's recorded sessions, newest first."""
    return await service.recordings.sessions(learner)


@router.get("/sessions/export", response_class=StreamingResponse)
async def export(service: Service, learner: Admitted) -> StreamingResponse:
    """All that is kept of the learner's sessions, as one JSON document."""
    return PrimedResponse(_bytes(service.recordings.export(learner)), media_type="application/json")


@router.delete("/sessions")
async def delete(service: Service, learner: Admitted) -> Recording:
    """Delete all recorded sessions of this case."""
    return await service.recordings.delete(learner)


async def _bytes(lines: AsyncIterator[str]) -> AsyncIterator[bytes]:
    async for line in lines:
        yield line.encode() + b"\n"
