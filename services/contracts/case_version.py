"""Versions of a case as admins see them."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from services.contracts.case import Digest, ImageDigest, Slug
from services.contracts.model import WireModel

VersionState = Literal["current", "older", "withdrawn", "checked"]
"""`current`: what learners who begin now get. `checked`: passed everything, waits to be published."""
Change = Literal["added", "removed", "changed"]


class CaseVersion(WireModel):
    """One version in a case's history."""

    case: Slug
    version: Digest
    number: int | None = None
    """Of its newest publication; None: it was never published."""
    state: VersionState
    title: str
    at: datetime
    """When it was published, or checked."""
    by: str | None = None
    subtasks: int
    requirements: tuple[str, ...] = ()
    image: ImageDigest | None = None
    """Of learners' containers; None: the common one, or none was made where it was published."""
    withdrawn_by: str | None = None
    reason: str = ""
    """Why it was withdrawn."""
    learners: int | None = None
    """How many are on it, by their newest check; None: not asked for."""


class CellChange(WireModel):
    """One cell that differs. For admins: it may show the reference."""

    cell: str
    subtask: Slug | None = None
    what: Change
    diff: str
    """Unified diff of what the author wrote."""


class CheckChange(WireModel):
    """One check that differs."""

    subtask: Slug
    check: str
    what: Change
    diff: str


class VersionChanges(WireModel):
    """What differs between two versions of a case."""

    before: Digest
    after: Digest
    cells: tuple[CellChange, ...] = ()
    checks: tuple[CheckChange, ...] = ()
    subtasks: tuple[Slug, ...] = ()
    """Subtasks that were added, removed, or are judged differently: work on them may be judged differently."""
    data: tuple[str, ...] = ()
    """`+ data/a.csv`, `- …`, `~ …`."""
    requirements: tuple[str, ...] = ()
    """`+ pandas`, `- …`."""
    settings: tuple[str, ...] = ()
    """Names of other keys of case.yaml that differ."""
    affected: int | None = None
    """Learners whose newest check was of the older one of the two; None: not asked for."""


class Withdraw(WireModel):
    """Let nobody new get a version."""

    reason: str = Field(min_length=1, max_length=2_000)
