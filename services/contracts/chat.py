"""A conversation about one subtask."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from services.contracts.assistance import WordsBy
from services.contracts.case import Slug
from services.contracts.model import WireModel
from services.contracts.notebook import MAX_CELLS, Cell

Intent = Literal["debug", "concept", "strategy", "reflection", "status", "general", "off_topic"]
MAX_QUESTION = 4_000
MAX_FOLLOW_UPS = 3


class AskChat(WireModel):
    """POST /chat: a message, with the notebook as it is now."""

    subtask: Slug
    cells: tuple[Cell, ...] = Field(max_length=MAX_CELLS)
    text: str = Field(min_length=1, max_length=MAX_QUESTION)
    reasoning: str | None = Field(default=None, max_length=MAX_QUESTION)
    """What the learner thinks; asked for in the mode lead_and_reveal before the first answer of a conversation."""


class Cited(WireModel):
    """A finding that an answer explains."""

    finding: str
    message: str


class Message(WireModel):
    """One turn of a conversation."""

    id: str = Field(pattern=r"^[0-9a-f]{32}$")
    role: Literal["learner", "assistant"]
    text: str
    sent: datetime
    intent: Intent | None = None
    """Of a learner's message."""
    words_by: WordsBy | None = None
    """Of an answer."""
    cites: tuple[Cited, ...] = ()
    follow_ups: tuple[str, ...] = Field(default=(), max_length=MAX_FOLLOW_UPS)
    truncated: bool = False


class Conversation(WireModel):
    """GET /chat: what was said since the last reset."""

    subtask: Slug
    messages: tuple[Message, ...]
    reasoning_needed: bool
    """The next message must bring the learner's own reasoning."""
    left: int | None = None
    """Messages left in the quota; None: unlimited."""


class ChatDelta(WireModel):
    """Stream part: more of the answer, after the reference firewall."""

    kind: Literal["delta"] = "delta"
    text: str


class ChatRetracted(WireModel):
    """Stream part: what was shown of the answer so far is taken back; other words follow."""

    kind: Literal["retracted"] = "retracted"


class ChatDone(WireModel):
    """Last stream part: the question and the answer as they were kept."""

    kind: Literal["done"] = "done"
    question: Message
    answer: Message
    left: int | None = None


ChatEvent = ChatDelta | ChatRetracted | ChatDone
