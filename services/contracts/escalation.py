"""Escalations: a learner's question to a human mentor, and the conversation about it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from services.contracts.case import Slug
from services.contracts.feedback import Feedback
from services.contracts.model import MOST, JsonObject, WireModel
from services.contracts.notebook import MAX_CELLS, Cell, Place
from services.contracts.output import CellOutputs, NotebookOutputs

EscalationId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
EscalationState = Literal["waiting", "leased", "answered", "rated", "cancelled"]
"""`waiting` again after a lease ran out or was given back, and after an unhelpful rating (`reopened` counts these)."""
QueueState = EscalationState | Literal["all"]
"""What part of the queue is asked for."""
Reason = Literal["unhelpful_hint", "repeated_failure", "low_confidence", "unhelpful_answer"]
MAX_NOTE = 10_000


class LineComment(WireModel):
    """A mentor's words about some lines of the learner's code."""

    place: Place
    text: str = Field(min_length=1, max_length=2_000)


class Note(WireModel):
    """One turn of the conversation; Markdown, shown as text until a sanitiser has had it."""

    id: EscalationId
    author: Literal["learner", "mentor"]
    name: str
    text: str
    written: datetime
    comments: tuple[LineComment, ...] = ()
    is_answer: bool = False


class Offer(WireModel):
    """Whether a learner may ask a mentor about a subtask now, and why."""

    subtask: Slug
    reasons: tuple[Reason, ...]
    """Empty: not yet."""
    open: EscalationId | None = None
    """The one that is under way already."""


class Escalate(WireModel):
    """POST /api/escalations, from the Lab."""

    subtask: Slug
    submission: str = Field(pattern=r"^[0-9a-f]{32}$")
    """The judged version it is about."""
    notes: str = Field(default="", max_length=MAX_NOTE)
    email: str = Field(default="", max_length=254)
    outputs: tuple[NotebookOutputs, ...] = Field(default=(), max_length=MAX_CELLS)
    """What the notebook shows beneath its cells, those of the step first."""
    request: EscalationId | None = None
    """Made by the sender, and the same when the same request is sent again: what arrives twice is taken in once.
    None: the same words about the same version are the same request."""


class Open(WireModel):
    """gateway -> mentoring: all that a mentor needs to see, as it was when the learner asked."""

    subtask: Slug
    subtask_title: str
    case_title: str
    submission: str = Field(pattern=r"^[0-9a-f]{32}$")
    number: int = Field(ge=1, le=MOST)
    cells: tuple[Cell, ...] = Field(max_length=MAX_CELLS)
    feedback: Feedback
    """With the evidence's facts: mentors may see them."""
    signature: str = Field(max_length=256)
    """Of the most consequential finding; empty where there is none."""
    reason: Reason
    notes: str = Field(default="", max_length=MAX_NOTE)
    email: str = Field(default="", max_length=254)
    help: JsonObject = Field(default_factory=dict)
    """Hints and talk so far, and the style report, as plain JSON for the screen."""
    outputs: tuple[CellOutputs, ...] = Field(default=(), max_length=MAX_CELLS)
    request: EscalationId | None = None
    """As in `Escalate`."""


class WriteNote(WireModel):
    """A further turn by the learner, or by the mentor who holds the lease."""

    text: str = Field(min_length=1, max_length=MAX_NOTE)
    comments: tuple[LineComment, ...] = Field(default=(), max_length=100)


class AnswerEscalation(WriteNote):
    """A mentor's answer."""

    remember: bool = False
    """Attach it to the finding's signature: learners who hit it later get it at once."""
    only_version: bool = False
    """Remembered for this case version only."""
    also: tuple[EscalationId, ...] = Field(default=(), max_length=200)
    """Others that wait with the same signature, each looked at by the mentor, to be answered with the same words."""


class RateAnswer(WireModel):
    """The learner's rating; unhelpful reopens."""

    helpful: bool
    text: str = Field(default="", max_length=MAX_NOTE)


class EscalationView(WireModel):
    """As its learner sees it."""

    id: EscalationId
    subtask: Slug
    submission: str
    state: EscalationState
    reason: Reason
    opened: datetime
    updated: datetime
    mentor: str | None = None
    """Who answered or is reading it."""
    notes: tuple[Note, ...]
    helpful: bool | None = None
    reopened: int = 0


class OwnQuestion(WireModel):
    """A learner's question in the list of all they ever asked, whatever the case."""

    id: EscalationId
    case: Slug
    case_title: str
    subtask: Slug
    subtask_title: str
    state: EscalationState
    opened: datetime
    updated: datetime
    mentor: str | None
    """Who answered or is reading it."""
    asked: str
    """The learner's own first words; empty: the question came without any."""
    answer: str
    """The newest answer, in Markdown; empty: there is none."""
    answered: datetime | None
    helpful: bool | None
    """How the learner rated it; None: not yet."""


class AskQueue(WireModel):
    """GET /queue: what part of the queue a mentor asks for. All that is said must hold of a question."""

    state: QueueState | None = None
    """None: what waits or is leased; with `mine`, whatever became of it."""
    case: Slug | None = None
    subtask: Slug | None = None
    reason: Reason | None = None
    learner: str = Field(default="", max_length=255)
    """How the learner's name begins."""
    q: str = Field(default="", max_length=200)
    """Words, or beginnings of words, of titles, headline and what the learner wrote."""
    mine: bool = False
    """Only what this mentor holds or has answered."""
    after: str | None = Field(default=None, max_length=40)
    """`next` of the part before."""
    limit: int = Field(default=50, ge=1, le=200)

    @property
    def by_urgency(self) -> bool:
        """Whether the part is what mentors work off; the rest is history, the newest first."""
        return self.state in ("waiting", "leased") or (self.state is None and not self.mine)


class QueueItem(WireModel):
    """One line of the mentors' queue."""

    id: EscalationId
    case: Slug
    case_title: str
    subtask: Slug
    subtask_title: str
    learner: str
    state: EscalationState
    reason: Reason
    opened: datetime
    waited_seconds: float
    mentor: str | None = None
    leased_until: datetime | None = None
    signature: str
    same: int = 0
    """How many others wait with the same signature."""
    headline: str = ""
    reopened: int = 0
    about_memory: EscalationId | None = None
    """The remembered answer that came back, since it did not help: nobody asked, and `learner` is whose code it was
    written for. None: a learner's question."""


class QueuePage(WireModel):
    """Part of the queue, most urgent first."""

    items: tuple[QueueItem, ...]
    total: int
    next: str | None = None
    """Pass it as `after` for the next part."""


class MemoryEntry(WireModel):
    """A mentor's answer, tied to a signature."""

    id: EscalationId
    case: Slug
    case_version: str | None
    """None: every version."""
    subtask: Slug
    signature: str
    text: str
    mentor: str
    written: datetime
    edited: datetime | None = None
    withdrawn: datetime | None = None
    set_aside: datetime | None = None
    """Since when it is given to nobody, until a mentor confirms it: it did not help several learners in a row."""
    shown: int = 0
    helpful: int = 0
    unhelpful: int = 0
    mistake: str = ""
    """What the first learner had been told of it; for mentors only, and empty where that learner was forgotten."""
    origin: EscalationId | None = None
    """The question that it answered first, with the code it was written for; for mentors only."""


class MemoryPage(WireModel):
    """Part of the remembered answers: those first that wait for a mentor's confirmation, then the newest."""

    items: tuple[MemoryEntry, ...]
    total: int
    next: str | None = None
    """Pass it as `after` for the next part."""


class EscalationFull(WireModel):
    """All that a mentor sees on the screen of one escalation, besides what other services add."""

    item: QueueItem
    case_version: str
    submission: str
    number: int
    cells: tuple[Cell, ...]
    outputs: tuple[CellOutputs, ...] = ()
    """What the learner's notebook showed beneath some of them when they asked."""
    feedback: Feedback
    help: JsonObject
    notes: tuple[Note, ...]
    same: tuple[QueueItem, ...] = ()
    remembered: tuple[MemoryEntry, ...] = ()
    """Entries for the same signature, withdrawn ones left out."""
    similar: tuple[MemoryEntry, ...] = ()
    """Where there is none: entries of the step for a mistake of the same kind. No learner is ever given these."""


class EditMemory(WireModel):
    """Change a remembered answer; what was said before stays in the audit log."""

    text: str = Field(min_length=1, max_length=MAX_NOTE)
    only_version: bool = False


class Recall(WireModel):
    """feedback -> mentoring: what mentors have answered to these signatures. The scope says which case and version."""

    subtask: Slug
    signatures: tuple[str, ...] = Field(max_length=20)
    look_only: bool = False
    """Only say whether anything is remembered for the step: nothing is given, and nothing counts as shown."""


class Recalled(WireModel):
    """Signature -> the entry that is given."""

    entries: dict[str, MemoryEntry]
    known: bool = False
    """Whether the learner's version of the step has any entry at all."""


class RateMemory(WireModel):
    """A learner's rating of a remembered answer; unhelpful brings it back to a mentor."""

    helpful: bool
    submission: str = Field(pattern=r"^[0-9a-f]{32}$")


class Phrase(WireModel):
    """An entry of a mentor's own comment bank."""

    id: EscalationId
    text: str = Field(min_length=1, max_length=2_000)
    used: int = 0


class WritePhrase(WireModel):
    """A new entry of a mentor's own comment bank."""

    text: str = Field(min_length=1, max_length=2_000)
