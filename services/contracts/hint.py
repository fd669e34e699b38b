"""Hints that a learner asks for: of a kind, rationed, thought about first, rated after."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from services.contracts.assistance import WordsBy
from services.contracts.case import Slug
from services.contracts.model import WireModel
from services.contracts.notebook import MAX_CELLS, Cell, Place

HintKind = Literal["plan", "debug", "optimize"]
"""How to go about it; what is wrong; how to do it better or faster (after approval)."""
HintState = Literal["working", "reflect", "ready", "failed"]
"""`reflect`: it is written, and shown once the learner has written down a thought of three words or more.
`failed`: the platform could not make it; it costs nothing."""

MIN_REFLECTION_WORDS = 3
MAX_REFLECTION = 2_000


class AskHint(WireModel):
    """POST /hints. Asking again with the same kind and cells while it is made is the same hint."""

    subtask: Slug
    kind: HintKind
    cells: tuple[Cell, ...] = Field(max_length=MAX_CELLS)


class Reflect(WireModel):
    """POST /hints/{id}/reflection: what the learner thinks. Used when it has three words or more."""

    text: str = Field(max_length=MAX_REFLECTION)


class RateHint(WireModel):
    """POST /hints/{id}/rating."""

    helpful: bool


class HintView(WireModel):
    """A hint as its learner may see it."""

    id: str = Field(pattern=r"^[0-9a-f]{32}$")
    subtask: Slug
    kind: HintKind
    state: HintState
    stage: Literal["waiting", "checking", "repairing", "wording", "trying", "done"] = "waiting"
    """How far the pipeline is, for the progress line."""
    asked: datetime
    text: str | None = None
    """None until it is ready (and, in the mode lead_and_reveal, until the learner has reflected)."""
    place: Place | None = None
    words_by: WordsBy = "rules"
    reflection: str | None = None
    helpful: bool | None = None
    """The learner's rating; None: not rated yet."""
    counted: bool = True
    """Whether it takes a place of the quota: work that was right already, and failures, do not."""
    problem: str | None = None
    """Why it failed, for a person."""


class HintsLeft(WireModel):
    """Places left in the quota of a subtask; None is unlimited."""

    plan: int | None
    debug: int | None
    optimize: int | None
    overall: int | None


class HintShelf(WireModel):
    """GET /hints: a learner's hints of one subtask, oldest first, and what is left."""

    subtask: Slug
    hints: tuple[HintView, ...]
    left: HintsLeft
    unrated: str | None
    """Id of the earliest hint that waits for its rating: the next one is given after that."""
