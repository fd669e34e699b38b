from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from services.contracts.brief import Brief
from services.contracts.escalation import AnswerEscalation, AskQueue, EscalationFull, QueuePage, WriteNote
from services.contracts.feedback import CheckEvent, Judged
from services.contracts.lint import LintReport
from services.contracts.model import MOST
from services.contracts.progress import Version, VersionSummary
from services.contracts.session import SessionPart, SessionSummary
from services.contracts.style import Dismissal
from services.gateway.dashboard.admission import EVENTS, Asking, Desk, Hex32, Working, api_router
from services.gateway.dashboard.runs import RunCode
from services.kit.stream import sse

router = api_router()
After = Annotated[str | None, Query(max_length=512)]
Limit = Annotated[int | None, Query(ge=1, le=200)]


@router.get("/queue")
async def page(desk: Desk, mentor: Asking, asked: Annotated[AskQueue, Query()]) -> QueuePage:
    """A part of the queue, most urgent first; `after` continues where the last part ended."""
    return await desk.queue.page(mentor, asked)


@router.post("/queue/next")
async def take_next(desk: Desk, mentor: Asking) -> EscalationFull:
    """Lease the most urgent one."""
    return await desk.queue.take_next(mentor)


@router.get("/queue/{escalation}")
async def full(desk: Desk, mentor: Asking, escalation: Hex32) -> EscalationFull:
    """All that is kept about one."""
    return await desk.queue.full(mentor, escalation)


@router.get("/queue/{escalation}/same")
async def same(desk: Desk, mentor: Asking, escalation: Hex32, after: After = None, limit: Limit = None) -> QueuePage:
    """A part of the others that wait with the same problem, most urgent first."""
    return await desk.queue.same(mentor, escalation, after, limit)


@router.post("/queue/{escalation}/lease")
async def lease(desk: Desk, mentor: Asking, escalation: Hex32) -> EscalationFull:
    """Take one, or hold it for longer."""
    return await desk.queue.lease(mentor, escalation)


@router.delete("/queue/{escalation}/lease", status_code=204)
async def release(desk: Desk, mentor: Asking, escalation: Hex32) -> None:
    """Give one back."""
    await desk.queue.release(mentor, escalation)


@router.post("/queue/{escalation}/notes")
async def write(desk: Desk, mentor: Asking, escalation: Hex32, body: WriteNote) -> EscalationFull:
    """Say something that is no answer yet."""
    return await desk.queue.write(mentor, escalation, body)


@router.post("/queue/{escalation}/answer")
async def answer(desk: Desk, mentor: Asking, escalation: Hex32, body: AnswerEscalation) -> EscalationFull:
    """Answer one, and those in `also`."""
    return await desk.queue.answer(mentor, escalation, body)


@router.get("/queue/{escalation}/brief")
async def brief(desk: Desk, mentor: Working, escalation: Hex32) -> Brief:
    """How the learner's code differs from the reference, what was found, and a draft where a model writes one."""
    return await desk.queue.brief(mentor, escalation)


@router.get("/queue/{escalation}/style")
async def style(desk: Desk, mentor: Working, escalation: Hex32) -> LintReport:
    """The style review of the learner's code."""
    return await desk.queue.style(mentor, escalation)


@router.get("/queue/{escalation}/dismissals")
async def dismissals(desk: Desk, mentor: Asking, escalation: Hex32) -> tuple[Dismissal, ...]:
    """Remarks of the style review that the learner left as they are, with the reasons."""
    return await desk.queue.dismissals(mentor, escalation)


@router.get("/queue/{escalation}/versions")
async def versions(desk: Desk, mentor: Asking, escalation: Hex32) -> tuple[VersionSummary, ...]:
    """The learner's checked versions of the step, newest first."""
    return await desk.queue.versions(mentor, escalation)


@router.get("/queue/{escalation}/versions/{submission}")
async def version(desk: Desk, mentor: Asking, escalation: Hex32, submission: Hex32) -> Version:
    """One of these versions, with its cells."""
    return await desk.queue.version(mentor, escalation, submission)


@router.get("/queue/{escalation}/sessions")
async def sessions(desk: Desk, mentor: Asking, escalation: Hex32) -> tuple[SessionSummary, ...]:
    """The learner's recorded sessions of the case, newest first."""
    return await desk.queue.sessions(mentor, escalation)


@router.get("/queue/{escalation}/sessions/{session}")
async def session(
    desk: Desk,
    mentor: Asking,
    escalation: Hex32,
    session: Hex32,
    start: Annotated[int, Query(alias="from", ge=0, le=MOST)] = 0,
) -> SessionPart:
    """Part of a session, from a sequence number on."""
    return await desk.queue.session(mentor, escalation, session, start)


@router.post("/queue/{escalation}/run", response_class=StreamingResponse, responses=EVENTS)
async def run(desk: Desk, mentor: Working, escalation: Hex32, body: RunCode) -> StreamingResponse:
    """Judge the cells by the case's checks: `stage` events, then one `feedback` or `error` event."""
    return sse(_named(desk.runs.run(mentor, escalation, body)), keep_alive=desk.settings.heartbeat)


async def _named(parts: AsyncIterator[CheckEvent]) -> AsyncIterator[tuple[str, BaseModel]]:
    async for part in parts:
        if isinstance(part, Judged):
            yield "feedback", part.feedback
        else:
            yield "stage", part
