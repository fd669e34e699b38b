"""Words that a model writes for feedback which was judged, worded by rules and written down before."""

from typing import Annotated, Literal

from pydantic import Field

from services.contracts.assistance import WordsBy
from services.contracts.case import Slug
from services.contracts.feedback import Feedback, LocalizedWarning
from services.contracts.model import WireModel
from services.contracts.notebook import MAX_CELLS, Cell

MAX_WARNINGS = 5
MAX_REMARKS = 4


class WordsRequest(WireModel):
    """gateway -> feedback: word this feedback anew. Its verdict, points, findings and places stay as they are."""

    subtask: Slug
    cells: tuple[Cell, ...] = Field(max_length=MAX_CELLS)
    feedback: Feedback
    """As it was judged, with the evidence's facts."""


class WordsPart(WireModel):
    """Stream part: one sentence that has passed the reference firewall, in the order it was written."""

    kind: Literal["words"] = "words"
    text: str
    finding: str | None = None
    """Id of the finding it is about; None: a conceptual remark."""


class Words(WireModel):
    """The words of a feedback, and nothing else of it: all that wording can change."""

    headline: str = Field(max_length=400)
    warnings: tuple[LocalizedWarning, ...] = Field(default=(), max_length=MAX_WARNINGS)
    remarks: tuple[Annotated[str, Field(max_length=1_000)], ...] = Field(default=(), max_length=MAX_REMARKS)
    words_by: WordsBy
    truncated: bool = False


class Worded(WireModel):
    """Last stream part. `words.words_by` is `rules` when the model was away, late, wrong or gave something away."""

    kind: Literal["worded"] = "worded"
    words: Words


WordsEvent = WordsPart | Worded


class Reword(WireModel):
    """gateway -> progress: keep a model's words with a submission that is judged; its verdict cannot be touched."""

    submission: str = Field(pattern=r"^[0-9a-f]{32}$")
    words: Words
