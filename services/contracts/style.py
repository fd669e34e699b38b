"""What becomes of a style review: remarks that were mended, remarks that a learner dismissed, and why."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import StringConstraints

from services.contracts.case import Slug
from services.contracts.lint import LintFinding, LintTool
from services.contracts.model import WireModel
from services.contracts.notebook import Place
from services.contracts.progress import SubtaskProgress

FindingId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,64}$")]
"""`LintFinding.id`."""
MAX_REASON = 1_000


class Dismiss(WireModel):
    """POST /api/review/dismissals, and gateway -> progress: leave a remark of the newest review as it is, and why."""

    subtask: Slug
    finding: FindingId
    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_REASON, pattern=r"^[^\x00]*$")
    ]
    """For the mentors, in the learner's own words."""


class Remark(WireModel):
    """What is kept of a finding that a learner decided about, as the review of that moment had it."""

    finding: FindingId
    tool: LintTool
    rule: str
    name: str
    severity: Literal["error", "warning", "advice"]
    message: str
    place: Place


class Dismissal(Remark):
    """A remark that a learner decided to leave as it is."""

    subtask: Slug
    reason: str
    dismissed: datetime


class StyleStanding(WireModel):
    """Where a subtask stands with its style review."""

    progress: SubtaskProgress
    dismissed: tuple[Dismissal, ...] = ()
    """Those in force, newest first."""


class StyleKept(StyleStanding):
    """A style review as it was kept."""

    fixed: tuple[LintFinding, ...] = ()
    """Remarks of the review before that are gone, most important first."""
    approved_code: bool = False
    """Whether a check approved exactly these answers. A clean review of other code polishes nothing."""
