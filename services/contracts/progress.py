from datetime import datetime
from enum import StrEnum

from pydantic import Field

from services.contracts.case import Digest, Slug
from services.contracts.feedback import Feedback, Verdict
from services.contracts.lint import LintReport
from services.contracts.model import MOST, JsonObject, WireModel
from services.contracts.notebook import MAX_CELLS, Cell


class SubtaskState(StrEnum):
    """Only ever moves right; a later failing check never takes an approval away."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    APPROVED = "approved"
    POLISHED = "polished"
    """Approved, and the style review left nothing graver than the case allows."""


class SubtaskProgress(WireModel):
    """Where a learner stands in one subtask."""

    subtask: Slug
    state: SubtaskState = SubtaskState.NOT_STARTED
    attempts: int = 0
    """Checks that counted; `could_not_judge` does not."""
    points: float = 0
    """Best of all attempts."""
    checks_left: int | None = None
    """None: unlimited."""
    updated: datetime | None = None


class CaseProgress(WireModel):
    """Where a learner stands in a case."""

    user: str
    case: Slug
    case_version: Digest
    subtasks: tuple[SubtaskProgress, ...]
    """Only those that were ever touched; order is not significant."""


class CaseStanding(WireModel):
    """How far a learner has come in one case, over all its versions; for a list of cases."""

    case: Slug
    touched: int = Field(ge=0)
    """Subtasks that were ever checked."""
    approved: int = Field(ge=0)
    """Of these, how many are approved or polished."""


class OwnSubtask(WireModel):
    """A subtask that a learner has checked, over all versions of its case; for the learner's own page."""

    case: Slug
    subtask: Slug
    state: SubtaskState
    attempts: int
    points: float
    """Best of all attempts."""
    checks_left: int | None
    """None: unlimited. A check that is under way is not counted yet."""
    checked: datetime
    """When it was sent in last."""
    approved: datetime | None
    """When an approved version was sent in first; None: none was approved."""
    verdict: Verdict | None
    """Of the newest version; None: it was never judged to the end."""
    headline: str
    """Of the newest version's feedback."""


class Submit(WireModel):
    """gateway -> progress: record a submission before it is judged. Who and which case: the scope token."""

    subtask: Slug
    digest: Digest
    cells: tuple[Cell, ...] = Field(max_length=MAX_CELLS)
    quota: int | None = Field(default=None, ge=0, le=MOST)


class Recorded(WireModel):
    """The submission as it stands. `feedback` is set when the same digest was judged before."""

    submission: str
    number: int
    """1 for the learner's first version of this subtask, counting up."""
    feedback: Feedback | None = None


class Conclude(WireModel):
    """gateway -> progress: what became of a submission; moves the state."""

    submission: str
    feedback: Feedback


class VersionSummary(WireModel):
    """One checked version in the history."""

    submission: str
    subtask: Slug
    number: int
    recorded: datetime
    verdict: Verdict | None = None
    """None: it was never judged to the end."""
    headline: str = ""
    points: float = 0


class Version(VersionSummary):
    """A checked version with all it takes to restore it."""

    cells: tuple[Cell, ...]
    feedback: Feedback | None = None


class Reviewed(WireModel):
    """gateway -> progress: the style review of an approved subtask."""

    subtask: Slug
    report: LintReport
    answers: tuple[Cell, ...] = Field(default=(), max_length=MAX_CELLS)
    """The answer cells as they were reviewed: only code that a check approved can be polished."""


class SavedNotebook(WireModel):
    """The learner's notebook as last saved, and when."""

    saved: datetime
    digest: Digest
    notebook: JsonObject


class SavedSummary(WireModel):
    """One saved state of the notebook in the list of all that can be restored."""

    saved: datetime
    digest: Digest
    size: int
