"""What a mentor is shown of one learner's code: how it differs, what was found, a draft of an answer."""

from typing import Literal

from pydantic import Field

from services.contracts.case import Slug
from services.contracts.escalation import MAX_NOTE
from services.contracts.feedback import Feedback
from services.contracts.model import WireModel
from services.contracts.notebook import MAX_CELLS, Cell


class AskBrief(WireModel):
    """dashboard -> feedback. Case and version are the scope's, whose role is mentor or admin."""

    subtask: Slug
    cells: tuple[Cell, ...] = Field(max_length=MAX_CELLS)
    learner: str = Field(default="", max_length=255)
    """Whose work it is: a model drafts only for learners who chose AI. Empty: no draft."""
    question: str = Field(default="", max_length=MAX_NOTE)
    """What the learner wrote to the mentor."""


class CellDifference(WireModel):
    """How one answer cell would have to change, as a unified difference. For mentors only: it shows a solution."""

    cell: str
    against: Literal["reference", "variant"]
    """`variant`: the accepted alternative that is nearest to the learner's code."""
    text: str
    """Lines with `-` are the learner's; empty where nothing differs."""


class Brief(WireModel):
    """Answer of POST /briefs."""

    subtask: Slug
    differences: tuple[CellDifference, ...]
    """Per answer cell one against the reference, then, where the case has accepted alternatives, one against the
    nearest of them."""
    feedback: Feedback
    """Judged anew, with the evidence's facts."""
    draft: str | None = None
    """A model's proposal of an answer; None where there is none, or where it was not fit to be shown to a learner."""
    draft_by: str | None = None
    """Name of that model."""
