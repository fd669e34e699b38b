"""Mentors, remembered answers and the record of a session as the gateway double gives them; tests speak as mentors."""

import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from services.contracts.case import Slug
from services.contracts.escalation import (
    Escalate,
    EscalationView,
    LineComment,
    Note,
    Offer,
    RateAnswer,
    RateMemory,
    Reason,
    WriteNote,
)
from services.contracts.feedback import Verdict
from services.contracts.model import JsonObject
from services.contracts.session import (
    EventBatch,
    EventsKept,
    Recording,
    RecordingChoice,
    SessionEvent,
    SessionSummary,
)
from services.kit.errors import CaseloopError
from tests.e2e.lab.case_double import Standing

MENTOR = "mona"
ANSWER = "Look at what `total` holds **after** each price. What should stay from one round to the next?"
REMEMBERED = "Many meet this one: the running sum begins anew in every round."
OPEN_STATES = ("waiting", "leased")


class EscalationNotFound(CaseloopError):
    """There is no such question of the learner's."""

    status, error = 404, "escalation_not_found"


class NotOffered(CaseloopError):
    """A mentor is not offered yet."""

    status, error = 409, "not_offered"


class EscalationClosed(CaseloopError):
    """It was cancelled."""

    status, error = 409, "escalation_closed"


class AnotherOpen(CaseloopError):
    """A newer question about the step waits."""

    status, error = 409, "another_open"


class NothingToRate(CaseloopError):
    """There is nothing to rate yet."""

    status, error = 409, "nothing_to_rate"


class SessionDeleted(CaseloopError):
    """The learner has deleted the session; what comes late for it is not kept."""

    status, error = 410, "session_deleted"


class NotRecorded(CaseloopError):
    """The learner has not agreed to being recorded."""

    status, error = 409, "not_recorded"


class Mentors:
    """What the double's mentors and recorder know and how they behave; tests read and change it."""

    def __init__(self) -> None:
        self.reasons: dict[str, tuple[Reason, ...]] = {}
        """Subtask -> why a mentor may be asked; nothing: not yet."""
        self.open_to: Reason | None = None
        """A reason that holds for every subtask."""
        self.escalations: list[EscalationView] = []
        self.asked: list[Escalate] = []
        self.taken: dict[str, str] = {}
        """Request -> the question that it is in."""
        self.rated: list[tuple[str, RateAnswer]] = []
        self.memory_rated: list[tuple[str, RateMemory]] = []
        self.remembers = False
        """A mentor has answered before what checks find: findings carry it."""
        self.refusal: CaseloopError | None = None
        """Refuse every call to a mentor with this."""
        self.record: bool | None = None
        self.choices: list[bool] = []
        self.batches: list[EventBatch] = []
        self.deleted: set[str] = set()
        self.lost: CaseloopError | None = None
        """Answer POST /api/events with this."""

    def offer(self, subtask: str) -> Offer:
        under_way = next((e.id for e in self.escalations if e.subtask == subtask and e.state in OPEN_STATES), None)
        reasons = self.reasons.get(subtask, ()) or ((self.open_to,) if self.open_to else ())
        return Offer(subtask=subtask, reasons=reasons, open=under_way)

    def open(self, ask: Escalate) -> EscalationView:
        """As gateway and service: the open question of the step, or that of the same version, goes on."""
        offer = self.offer(ask.subtask)
        if not (offer.open or offer.reasons):
            raise NotOffered("Try a hint first; a mentor is there when hints and checks have not helped.")
        if ask.request in self.taken:
            return self.one(self.taken[ask.request])
        self.asked.append(ask)
        known = next((e for e in self.escalations if e.id == offer.open or self._same_version(e, ask)), None)
        view = self._new(ask, offer.reasons[0]) if known is None else self._go_on(known, ask, offer)
        if ask.request:
            self.taken[ask.request] = view.id
        return view

    def _new(self, ask: Escalate, reason: Reason) -> EscalationView:
        now = datetime.now(UTC)
        view = EscalationView(
            id=uuid.uuid4().hex, subtask=ask.subtask, submission=ask.submission, state="waiting",
            reason=reason, opened=now, updated=now, notes=(_note("learner", "ada", ask.notes),) if ask.notes else (),
        )  # fmt: skip
        self.escalations.append(view)
        return view

    def _go_on(self, known: EscalationView, ask: Escalate, offer: Offer) -> EscalationView:
        notes = (*known.notes, _note("learner", "ada", ask.notes)) if ask.notes else known.notes
        if known.state in OPEN_STATES:
            return self._change(known.id, notes=notes)
        return self._change(known.id, notes=notes, state="waiting", reason=offer.reasons[0])

    def _same_version(self, known: EscalationView, ask: Escalate) -> bool:
        """Whether it goes on there: only while nothing else about the step is open."""
        return known.submission == ask.submission and known.state != "cancelled" and not self.offer(ask.subtask).open

    def one(self, escalation: str) -> EscalationView:
        known = next((known for known in self.escalations if known.id == escalation), None)
        if known is None:
            raise EscalationNotFound("There is no such question of yours.")
        return known

    def write(self, escalation: str, note: WriteNote) -> EscalationView:
        known = self.one(escalation)
        if known.state == "cancelled":
            raise EscalationClosed("You have cancelled this question.")
        if known.state not in OPEN_STATES and self.offer(known.subtask).open:
            raise AnotherOpen("You have asked about this step anew since.")
        notes = (*known.notes, _note("learner", "ada", note.text, note.comments))
        return self._change(escalation, notes=notes, state=known.state if known.state in OPEN_STATES else "waiting")

    def rate(self, escalation: str, rating: RateAnswer) -> EscalationView:
        known = self.one(escalation)
        if known.state not in ("answered", "rated"):
            raise NothingToRate("A mentor has not answered yet.")
        self.rated.append((escalation, rating))
        notes = (*known.notes, _note("learner", "ada", rating.text)) if rating.text else known.notes
        if rating.helpful or self.offer(known.subtask).open:
            return self._change(escalation, state="rated", helpful=rating.helpful, notes=notes)
        return self._change(
            escalation, state="waiting", reason="unhelpful_answer", helpful=False, reopened=known.reopened + 1,
            notes=notes,
        )  # fmt: skip

    def cancel(self, escalation: str) -> EscalationView:
        return self._change(escalation, state="cancelled")

    def take(self, escalation: str, mentor: str = MENTOR) -> EscalationView:
        """A mentor opens it."""
        return self._change(escalation, state="leased", mentor=mentor)

    def say(self, escalation: str, text: str, mentor: str = MENTOR) -> EscalationView:
        """A mentor asks back."""
        notes = (*self.one(escalation).notes, _note("mentor", mentor, text))
        return self._change(escalation, mentor=mentor, notes=notes)

    def answer(
        self, escalation: str, text: str = ANSWER, comments: tuple[LineComment, ...] = (), mentor: str = MENTOR
    ) -> EscalationView:
        """A mentor answers."""
        note = _note("mentor", mentor, text, comments).model_copy(update={"is_answer": True})
        return self._change(
            escalation, state="answered", mentor=mentor, notes=(*self.one(escalation).notes, note), helpful=None
        )

    def rate_memory(self, entry: str, rating: RateMemory, standing: Standing) -> Offer:
        self.memory_rated.append((entry, rating))
        version = standing.version(rating.submission)
        assert version is not None
        if not rating.helpful:
            self.reasons[version.subtask] = ("unhelpful_answer",)
        return self.offer(version.subtask)

    def keep(self, batch: EventBatch) -> EventsKept:
        if self.lost:
            raise self.lost
        if not self.record:
            raise NotRecorded("You have not agreed to being recorded in this case.")
        if batch.session in self.deleted:
            raise SessionDeleted("This session was deleted.")
        self.batches.append(batch)
        known = self.events(batch.session)
        return EventsKept(session=batch.session, next_seq=known[-1].seq + 1 if known else 0)

    def choose(self, choice: RecordingChoice) -> Recording:
        self.record = choice.record
        self.choices.append(choice.record)
        return self.recording()

    def recording(self) -> Recording:
        sessions = {batch.session for batch in self.batches}
        events = sum(len(self.events(session)) for session in sessions)
        return Recording(record=self.record, sessions=len(sessions), events=events, retention_days=180)

    def events(self, session: str) -> list[SessionEvent]:
        """What is kept of a session: by number, each once."""
        kept = {event.seq: event for batch in self.batches if batch.session == session for event in batch.events}
        return [kept[seq] for seq in sorted(kept)]

    def sessions(self) -> list[SessionSummary]:
        begun = {batch.session: batch.started for batch in self.batches}
        return [self._summary(session, started) for session, started in begun.items()]

    def export(self) -> JsonObject:
        return {
            "sessions": [
                {
                    "summary": summary.model_dump(mode="json"),
                    "events": [_plain(e) for e in self.events(summary.session)],
                }
                for summary in self.sessions()
            ]
        }

    def forget(self) -> Recording:
        self.deleted.update(batch.session for batch in self.batches)
        self.batches.clear()
        return self.recording()

    def _summary(self, session: str, started: datetime) -> SessionSummary:
        events = self.events(session)
        kinds = [event.kind for event in events]
        seconds = events[-1].at / 1000 if events else 0.0
        return SessionSummary(
            session=session, started=started, seconds=seconds, events=len(events), active_typing_seconds=0.0,
            idle_seconds=seconds, pastes=kinds.count("paste"), large_pastes=0, pasted_chars=0, runs=kinds.count("run"),
            failed_runs=0, checks=kinds.count("check"), hints=kinds.count("hint"), chats=kinds.count("chat"),
        )  # fmt: skip

    def _change(self, escalation: str, **changes: object) -> EscalationView:
        changed = self.one(escalation).model_copy(update={"updated": datetime.now(UTC), **changes})
        self.escalations = [changed if known.id == escalation else known for known in self.escalations]
        return changed


def remembered(standing: Standing, subtask: str, entry: str = "e" * 32) -> None:
    """Attach a remembered answer to the findings of a subtask's newest failing version."""
    version = next(v for v in standing.versions if v.subtask == subtask and v.verdict is Verdict.NEEDS_WORK)
    assert version.feedback is not None
    words = {"mentor": REMEMBERED, "remembered": entry, "mentor_name": MENTOR, "mentor_wrote": datetime.now(UTC)}
    findings = tuple(finding.model_copy(update=words) for finding in version.feedback.findings)
    standing.reword(version.submission, version.feedback.model_copy(update={"findings": findings}))


def _note(author: Any, name: str, text: str, comments: tuple[LineComment, ...] = ()) -> Note:
    return Note(
        id=uuid.uuid4().hex, author=author, name=name, text=text, written=datetime.now(UTC), comments=comments
    )  # fmt: skip


def _plain(event: SessionEvent) -> JsonObject:
    return event.model_dump(mode="json")


def _mentors(request: Request) -> Mentors:
    mentors: Mentors = request.app.state.service.mentors
    return mentors


def _asked(mentors: Annotated[Mentors, Depends(_mentors)]) -> Mentors:
    if mentors.refusal:
        raise mentors.refusal
    return mentors


AtMentors = Annotated[Mentors, Depends(_asked)]
Recorder = Annotated[Mentors, Depends(_mentors)]
router = APIRouter()


@router.get("/escalations/offer")
async def offer(mentors: AtMentors, subtask: Slug) -> Offer:
    return mentors.offer(subtask)


@router.get("/escalations")
async def mine(mentors: AtMentors, subtask: Slug) -> list[EscalationView]:
    return [known for known in mentors.escalations if known.subtask == subtask]


@router.post("/escalations")
async def escalate(mentors: AtMentors, body: Escalate) -> EscalationView:
    return mentors.open(body)


@router.get("/escalations/{escalation}")
async def one(mentors: AtMentors, escalation: str) -> EscalationView:
    return mentors.one(escalation)


@router.post("/escalations/{escalation}/notes")
async def write(mentors: AtMentors, escalation: str, body: WriteNote) -> EscalationView:
    return mentors.write(escalation, body)


@router.post("/escalations/{escalation}/rating")
async def rate(mentors: AtMentors, escalation: str, body: RateAnswer) -> EscalationView:
    return mentors.rate(escalation, body)


@router.post("/escalations/{escalation}/cancellation")
async def cancel(mentors: AtMentors, escalation: str) -> EscalationView:
    return mentors.cancel(escalation)


@router.post("/remembered/{entry}/rating")
async def rate_memory(request: Request, mentors: AtMentors, entry: str, body: RateMemory) -> Offer:
    return mentors.rate_memory(entry, body, request.app.state.service.standing)


@router.post("/events")
async def record(mentors: Recorder, body: EventBatch) -> EventsKept:
    return mentors.keep(body)


@router.get("/recording")
async def recording(mentors: Recorder) -> Recording:
    return mentors.recording()


@router.post("/recording")
async def choose_recording(mentors: Recorder, body: RecordingChoice) -> Recording:
    return mentors.choose(body)


@router.get("/sessions")
async def sessions(mentors: Recorder) -> list[SessionSummary]:
    return mentors.sessions()


@router.get("/sessions/export")
async def export(mentors: Recorder) -> JsonObject:
    return mentors.export()


@router.delete("/sessions")
async def forget(mentors: Recorder) -> Recording:
    return mentors.forget()
