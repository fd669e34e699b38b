"""What the JupyterLab extension and the gateway say to each other, as JSON and server-sent events."""

from pydantic import Field

from services.contracts.case import Slug, SubtaskView
from services.contracts.feedback import Feedback
from services.contracts.identity import AiMode, MayRemain
from services.contracts.lint import LintReport
from services.contracts.model import WireModel
from services.contracts.notebook import MAX_CELLS, Cell
from services.contracts.progress import SubtaskProgress
from services.contracts.style import StyleKept


class LabSubtask(WireModel):
    """One row of the panel."""

    view: SubtaskView
    progress: SubtaskProgress


class LabCase(WireModel):
    """GET /api/case: all the panel shows."""

    id: Slug
    version: str
    number: int
    title: str
    summary: str
    minutes: int
    ai_mode: AiMode
    user: str
    subtasks: tuple[LabSubtask, ...]
    newer_version: int | None = None
    """Number of a newer published version, when there is one."""
    live_errors: bool = True
    """Mark what is certain to fail while the learner types."""


class LabCheck(WireModel):
    """POST /api/check. Answered as server-sent events: `stage`* then `feedback` or `error`."""

    subtask: Slug
    cells: tuple[Cell, ...] = Field(max_length=MAX_CELLS)


class LabFeedback(WireModel):
    """Data of the `feedback` event: written to `progress` before it is sent."""

    submission: str
    number: int
    repeated: bool
    """True: the same code was judged before; this is that answer."""
    feedback: Feedback
    progress: SubtaskProgress


class LabWords(WireModel):
    """POST /api/words: have a model word a judged version. Events: `words`* then `worded` (LabWorded) or `error`."""

    submission: str = Field(pattern=r"^[0-9a-f]{32}$")


class LabWorded(WireModel):
    """Data of the `worded` event: written to `progress` before it is sent."""

    submission: str
    feedback: Feedback


class LabChatReset(WireModel):
    """POST /api/chat/reset: begin the conversation of a subtask anew."""

    subtask: Slug


class LabReview(WireModel):
    """POST /api/review: the style review of an approved subtask. 409 `not_approved` before."""

    subtask: Slug
    cells: tuple[Cell, ...] = Field(max_length=MAX_CELLS)
    executions: dict[str, int] = Field(default_factory=dict, max_length=MAX_CELLS)
    """Cell id -> execution count, of the cells that have one."""


class LabReviewed(StyleKept):
    """Answer of POST /api/review: written to `progress` before it is sent."""

    report: LintReport
    may_remain: MayRemain
    """The gravest remark that a polished step may still have, as the case sets it."""
