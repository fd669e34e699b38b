"""What mentors see of a class: who is where, who is stuck, who has fallen silent."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from services.contracts.case import Slug
from services.contracts.model import WireModel
from services.contracts.progress import SubtaskState, Version, VersionSummary
from services.contracts.session import SessionSummary

WatchRule = Literal["many_attempts", "long_in_one_step", "silent"]
"""Written in `services/progress/classroom/rules.py` and docs/reference/class-view.md. The first two mean stuck."""


class Watch(WireModel):
    """Why somebody stands on the watch list."""

    rule: WatchRule
    subtask: Slug | None
    """None: the whole case."""
    since: datetime


class ClassSubtask(WireModel):
    """Where a learner stands in one step."""

    subtask: Slug
    state: SubtaskState
    attempts: int
    points: float
    updated: datetime


class ClassRow(WireModel):
    """One learner of a class."""

    user: str
    current: Slug | None
    """The step worked on last that is not approved; None: none is open."""
    subtasks: tuple[ClassSubtask, ...]
    """Only those that were ever checked."""
    approved: int
    attempts: int
    last_seen: datetime
    """Of the last check or recorded event."""
    watch: tuple[Watch, ...] = ()


class ClassView(WireModel):
    """Part of a class, by name; the counts are of the whole class."""

    case: Slug
    at: datetime
    rows: tuple[ClassRow, ...]
    total: int
    """Learners that the question finds; all of the class unless it asks for the watch list."""
    learners: int
    stuck: int
    silent: int
    finished: int
    titles: dict[str, str] = Field(default_factory=dict)
    """Step -> its title in the case's newest version. The desk adds it; a step that is gone has none."""
    next: str | None = None
    """Pass it as `after` for the next part."""


class LearnersWork(WireModel):
    """What a learner has done in one step, for a mentor who comes from the class."""

    user: str
    case: Slug
    subtask: Slug | None
    """Which step it is about; None: no step was ever checked."""
    subtasks: tuple[ClassSubtask, ...]
    """Where the learner stands in every step that was ever checked."""
    latest: Version | None
    """The newest version of the step, with its code and its findings."""
    versions: tuple[VersionSummary, ...]
    """Versions of the step, newest first; at most 200."""
    sessions: tuple[SessionSummary, ...]
    """Recorded sessions of the case, newest first: none where the learner did not agree to recording."""
    case_title: str = ""
    """Added by the desk, like `titles`."""
    titles: dict[str, str] = Field(default_factory=dict)
    """Step -> its title in the case's newest version; a step that is gone has none."""
