"""What rules say when no model does: the next step of the first finding's ladder."""

from collections.abc import Iterator
from typing import Final

from feedback.hints.task import HintTask, Made
from services.contracts.feedback import Feedback
from services.contracts.finding import Finding, HintStep

ALREADY_RIGHT: Final = "This step is right already: nothing in it needs a hint. This answer costs you nothing."
FAST_ALREADY: Final = (
    "Your answer is right, and no way is known here that is noticeably faster. This answer costs you nothing."
)
_FASTER: Final = (
    "Your answer is right, and the same result can be had with less work. Look for something that happens again for "
    "every row or in every round although once would do, and for something that is done bit by bit although it could "
    "be done for all at once. Which of your lines runs most often?"
)
_NO_PLAN: Final = (
    "Say in one sentence what this step should hand on to the next one. Then look at what your answer hands on now: "
    "what is the first thing in which the two differ?"
)
_NOTHING_FOUND: Final = (
    "The checks do not hold yet, and nothing more can be said about why. Try your answer on two or three rows of which "
    "you know the result."
)


def ladder_step(task: HintTask, feedback: Feedback, reason: str) -> Made:
    """The hint by rules. `reason`: why no model wrote it."""
    if task.kind == "optimize":
        return Made(_FASTER, reason=reason)
    finding = feedback.findings[0] if feedback.findings else None
    if finding is None:
        return Made(_NO_PLAN if task.kind == "plan" else _NOTHING_FOUND, reason=reason)
    for step in _steps(task):
        text = next((hint.text for hint in finding.ladder if hint.step == step), None)
        if text is not None:
            return Made(text, None if step == "plan" else finding.place, reason=reason)
    return _without_ladder(task, finding, reason)


def _steps(task: HintTask) -> Iterator[HintStep]:
    """The step that is due, then what may stand for it where a finding does not have it."""
    if task.kind == "plan":
        yield "plan"
        return
    steps: tuple[HintStep, ...] = ("consequence", "location")
    if task.scope.strictness == "light":
        steps = (*steps, "example")
    due = min(task.given, len(steps) - 1)
    yield from reversed(steps[: due + 1])


def _without_ladder(task: HintTask, finding: Finding, reason: str) -> Made:
    if task.kind == "plan":
        return Made(task.subtask.plan or _NO_PLAN, reason=reason)
    return Made(finding.message, finding.place, reason=reason)
