"""Session events: what a learner did in a notebook, for a replay; recorded with consent only."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from services.contracts.model import JsonObject, WireModel

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
    """

    seq: int = Field(ge=0)
    """Counts up within a session; order and gaps are told by it, never by the clock."""
    at: int = Field(ge=0)
    """Milliseconds since the session began."""
    kind: EventKind
    cell: str | None = Field(default=None, max_length=64)
    data: JsonObject = Field(default_factory=dict)


class EventBatch(WireModel):
    """POST /api/events: events of one session, in order; sent again they change nothing."""

    session: str = Field(pattern=r"^[0-9a-f]{32}$")
    started: datetime
    events: tuple[SessionEvent, ...] = Field(max_length=MAX_EVENTS)


class EventsKept(WireModel):
    """What is kept of a session by now."""

    session: str
    next_seq: int


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
    seconds: float
    events: int
    active_typing_seconds: float
    """Without stretches of more than 30 s in which nothing was done."""
    idle_seconds: float
    pastes: int
    large_pastes: int
    """Over 100 characters."""
    pasted_chars: int
    runs: int
    failed_runs: int
    checks: int
    hints: int
    chats: int


class SessionPart(WireModel):
    """Events of a session in order, from `seq` on."""

    summary: SessionSummary
    events: tuple[SessionEvent, ...]
    next: int | None = None
