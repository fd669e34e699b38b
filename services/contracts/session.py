"""Session events: what a learner did in a notebook, for a replay; recorded with consent only."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from services.contracts.model import MOST, JsonObject, Moment, WireModel
from services.contracts.notebook import MAX_SOURCE_CHARS

EventKind = Literal[
    "snapshot", "edit", "cursor", "paste", "run", "result", "check", "hint", "chat",
    "cell_created", "cell_deleted", "cell_moved", "focus", "blur",
]  # fmt: skip
MAX_EVENTS = 1_000


class SessionEvent(WireModel):
    """One logged action.

    `data` by kind: snapshot: {cells: [{id, kind, source}]} at the start of a session; edit: {at, removed, inserted} in
    UTF-16 units; paste: {length, large}; result: {ok, error}; check: {verdict};
    cell_created: {index, kind, source}; cell_moved: {index}; the others hold nothing.
    docs/reference/session-events.md is the whole of it.
    """

    seq: int = Field(ge=0, le=MOST)
    """Counts up within a session; order and gaps are told by it, never by the clock."""
    at: int = Field(ge=0, le=MOST)
    """Milliseconds since the session began: up to 24 days."""
    kind: EventKind
    cell: str | None = Field(default=None, max_length=64)
    data: JsonObject = Field(default_factory=dict)


class EventBatch(WireModel):
    """POST /api/events: events of one session, in order; sent again they change nothing."""

    session: str = Field(pattern=r"^[0-9a-f]{32}$")
    started: Moment
    events: tuple[SessionEvent, ...] = Field(max_length=MAX_EVENTS)


class Gap(WireModel):
    """Events that never arrived."""

    first: int
    last: int
    """Inclusive."""


class EventsKept(WireModel):
    """What is kept of a session by now."""

    session: str
    next_seq: int
    """One more than the highest that is kept."""
    missing: tuple[Gap, ...] = ()
    """Below it; the first twenty. A recorder that still has them sends them again."""


class RecordingChoice(WireModel):
    """POST /api/recording: the learner's consent to being recorded; each change is kept."""

    record: bool


class Recording(WireModel):
    """Where a learner stands with recording in one case."""

    record: bool | None
    """None: not asked yet."""
    sessions: int
    events: int
    retention_days: int


class SessionSummary(WireModel):
    """One recorded session and its measures."""

    session: str
    started: datetime
    """As the learner's browser says."""
    seconds: float
    """From the first event to the last."""
    events: int
    active_typing_seconds: float
    """Without stretches of more than 30 s in which nothing was done."""
    idle_seconds: float
    """Together, of all stretches of more than 30 s without an event."""
    idle_stretches: int = 0
    pastes: int
    large_pastes: int
    """Over 100 characters."""
    pasted_chars: int
    runs: int
    failed_runs: int
    checks: int
    hints: int
    chats: int
    gaps: tuple[Gap, ...] = ()
    """The first twenty."""


class ReplayCell(WireModel):
    """One cell of a notebook as it was at some instant of a session."""

    id: str = Field(min_length=1, max_length=64)
    kind: Literal["code", "markdown", "raw"] = "code"
    source: str = Field(max_length=MAX_SOURCE_CHARS)


class Instant(WireModel):
    """A place on the time line of a session."""

    seq: int
    at: int
    kind: EventKind


class SessionPart(WireModel):
    """Events of a session in order, and all it takes to show the notebook at any of them."""

    summary: SessionSummary
    events: tuple[SessionEvent, ...]
    start: tuple[ReplayCell, ...] = ()
    """The notebook before the first of `events`."""
    next: int | None = None
    """Ask with `from` = this for what follows; None: this is the end."""
    marks: tuple[Instant, ...] = ()
    """What one may jump to in the whole session: pastes, runs, checks, hints, chats. With the first part only."""
    keyframes: tuple[Instant, ...] = ()
    """Where parts begin quickly: to seek, ask with `from` = the last one at or before it. With the first part only."""
