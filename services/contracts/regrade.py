"""Judging work again by another version of a case: first a preview, then, if an admin wants it, in earnest."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from services.contracts.case import Digest, Slug
from services.contracts.feedback import Feedback, Verdict
from services.contracts.model import WireModel

RegradeState = Literal["running", "ready", "applied", "failed"]
Effect = Literal["gain", "loss", "same", "unclear"]
"""`unclear`: the platform or the case could not judge it; nothing changes."""


class Regradable(WireModel):
    """The newest judged submission of one learner in one subtask."""

    user: str
    subtask: Slug
    submission: str
    verdict: Verdict
    points: float


class RegradablePage(WireModel):
    """A part of them, in the order they were recorded."""

    items: tuple[Regradable, ...]
    after: int | None = None
    """Continue behind this; None: that was all."""


class RegradeWrite(WireModel):
    """What a submission's verdict becomes."""

    submission: str
    feedback: Feedback


class ApplyRegrade(WireModel):
    """cases -> progress: take these verdicts over where they are better for the learner."""

    case: Slug
    version: Digest
    """By which version they were judged."""
    by: str = Field(min_length=1, max_length=255)
    items: tuple[RegradeWrite, ...] = Field(max_length=100)


class RegradeApplied(WireModel):
    """How many changed."""

    changed: int


class StartRegrade(WireModel):
    """Judge everybody's newest work of a case by this version."""

    version: Digest


class RegradeItem(WireModel):
    """One changed verdict in a preview."""

    user: str
    subtask: Slug
    before: Verdict
    before_points: float
    after: Verdict
    after_points: float
    effect: Effect
    headline: str


class RegradeView(WireModel):
    """How a regrade stands."""

    id: str
    case: Slug
    version: Digest
    by: str
    state: RegradeState
    begun: datetime
    ended: datetime | None = None
    done: int
    """Submissions judged so far."""
    gains: int
    losses: int
    """Shown, never applied: an approval is not taken away."""
    unclear: int
    applied: int | None = None
    """How many verdicts changed in earnest."""
    detail: str = ""
    """Why it failed."""
    changes: tuple[RegradeItem, ...] = ()
    """What is not `same`, at most 500; of one regrade only, not in lists."""
