"""Who is on the watch list, and why. Documented for mentors in docs/reference/class-view.md. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from services.contracts.classroom import ClassRow, ClassSubtask, Watch, WatchRule
from services.contracts.progress import SubtaskState
from services.progress.states import is_approved

MANY_ATTEMPTS: Final = 5
LONG_IN_ONE_STEP: Final = timedelta(days=2)
SILENT_AFTER: Final = timedelta(days=7)
APPROVED: Final = frozenset(state for state in SubtaskState if is_approved(state))


class Step(NamedTuple):
    """Where a learner stands in one step. Light: every look at a class goes through all of its thousands."""

    subtask: str
    state: SubtaskState
    attempts: int
    points: float
    updated: datetime
    begun: datetime
    """When it was sent in first."""


class Reason(NamedTuple):
    """Why somebody stands on the watch list; light as well."""

    rule: WatchRule
    subtask: str | None
    since: datetime


@dataclass(frozen=True)
class Learner:
    """All that the rules need of one learner of a class; there are steps, or something was recorded, or both."""

    user: str
    steps: Sequence[Step]
    recorded: datetime | None
    """When the newest recorded event came, if there is any."""

    @property
    def last_seen(self) -> datetime:
        """When the learner checked something last, or was recorded."""
        moments = [step.updated for step in self.steps]
        return max(moments if self.recorded is None else [*moments, self.recorded])

    def has_finished(self, case_steps: int | None) -> bool:
        """Whether all that was touched is approved, and as many steps as the case has, if that is known."""
        all_approved = all(step.state in APPROVED for step in self.steps)
        return bool(self.steps) and all_approved and len(self.steps) >= (case_steps or 0)


def watch_of(learner: Learner, now: datetime, case_steps: int | None) -> tuple[Reason, ...]:
    """Why a learner is on the watch list; empty: not on it."""
    found = [watch for step in learner.steps if step.state is SubtaskState.IN_PROGRESS for watch in _stuck(step, now)]
    seen = learner.last_seen
    if now - seen > SILENT_AFTER and not learner.has_finished(case_steps):
        found.append(Reason("silent", None, seen))
    return tuple(found)


def row_of(learner: Learner, watch: Sequence[Reason]) -> ClassRow:
    """A learner's line in the class view."""
    open_ones = [step for step in learner.steps if step.state not in APPROVED]
    return ClassRow(
        user=learner.user,
        current=max(open_ones, key=lambda step: step.updated).subtask if open_ones else None,
        subtasks=tuple(
            ClassSubtask(
                subtask=step.subtask,
                state=step.state,
                attempts=step.attempts,
                points=step.points,
                updated=step.updated,
            )
            for step in learner.steps
        ),
        approved=len(learner.steps) - len(open_ones),
        attempts=sum(step.attempts for step in learner.steps),
        last_seen=learner.last_seen,
        watch=tuple(Watch(rule=why.rule, subtask=why.subtask, since=why.since) for why in watch),
    )


def _stuck(step: Step, now: datetime) -> list[Reason]:
    # A state only moves right, so all attempts of a step in progress were made since it got there.
    found = []
    if step.attempts >= MANY_ATTEMPTS:
        found.append(Reason("many_attempts", step.subtask, step.updated))
    if step.attempts and now - step.begun > LONG_IN_ONE_STEP:
        found.append(Reason("long_in_one_step", step.subtask, step.begun))
    return found
