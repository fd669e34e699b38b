"""Who is on the watch list, and why. Documented for mentors in docs/reference/class-view.md. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.contracts.classroom import ClassRow, ClassSubtask, Watch
from services.contracts.progress import SubtaskState
from services.progress.states import is_approved

MANY_ATTEMPTS: Final = 5
LONG_IN_ONE_STEP: Final = timedelta(days=2)
SILENT_AFTER: Final = timedelta(days=7)


@dataclass(frozen=True)
class Step:
    """Where a learner stands in one step, and when it was sent in first."""

    subtask: ClassSubtask
    begun: datetime


@dataclass(frozen=True)
class Learner:
    """All that the rules need of one learner of a class."""

    user: str
    steps: Sequence[Step]
    recorded: datetime | None
    """Of the newest recorded event, if there is any."""


def row_of(learner: Learner, now: datetime, case_steps: int | None) -> ClassRow:
    """A learner's line in the class view."""
    subtasks = tuple(step.subtask for step in learner.steps)
    open_ones = [subtask for subtask in subtasks if not is_approved(subtask.state)]
    moments = [subtask.updated for subtask in subtasks] + ([] if learner.recorded is None else [learner.recorded])
    last_seen = max(moments)
    finished = is_finished(subtasks, case_steps)
    watch = [watched for step in learner.steps for watched in _stuck(step, now)]
    if now - last_seen > SILENT_AFTER and not finished:
        watch.append(Watch(rule="silent", subtask=None, since=last_seen))
    return ClassRow(
        user=learner.user,
        current=max(open_ones, key=lambda subtask: subtask.updated).subtask if open_ones else None,
        subtasks=subtasks,
        approved=len(subtasks) - len(open_ones),
        attempts=sum(subtask.attempts for subtask in subtasks),
        last_seen=last_seen,
        watch=tuple(watch),
    )


def is_finished(subtasks: Sequence[ClassSubtask], case_steps: int | None) -> bool:
    """Whether nothing is left to do: all that was touched is approved, and as many steps as the case has, if known."""
    approved = sum(is_approved(subtask.state) for subtask in subtasks)
    return bool(subtasks) and approved == len(subtasks) and approved >= (case_steps or 0)


def _stuck(step: Step, now: datetime) -> list[Watch]:
    # A state only moves right, so all attempts of a step in progress were made since it got there.
    subtask = step.subtask
    if subtask.state is not SubtaskState.IN_PROGRESS:
        return []
    found = []
    if subtask.attempts >= MANY_ATTEMPTS:
        found.append(Watch(rule="many_attempts", subtask=subtask.subtask, since=subtask.updated))
    if subtask.attempts and now - step.begun > LONG_IN_ONE_STEP:
        found.append(Watch(rule="long_in_one_step", subtask=subtask.subtask, since=step.begun))
    return found
