from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from services.contracts.feedback import Feedback, Verdict
from services.contracts.identity import MayRemain
from services.contracts.lint import LintReport
from services.contracts.progress import SubtaskState

_ORDER = tuple(SubtaskState)
_GRAVITY: Final = ("none", "advice", "warning", "error")


def furthest(now: SubtaskState, reached: SubtaskState) -> SubtaskState:
    """The later of two states: what was reached once is never taken away."""
    return max(now, reached, key=_ORDER.index)


def reached_by(verdict: Verdict) -> SubtaskState:
    """The state that a verdict proves by itself."""
    return SubtaskState.APPROVED if verdict is Verdict.APPROVED else SubtaskState.IN_PROGRESS


def counts(verdict: Verdict | None) -> bool:
    """Whether a submission with this verdict is an attempt: it was judged, and not for nothing."""
    return verdict is not None and verdict is not Verdict.COULD_NOT_JUDGE


def is_approved(state: SubtaskState) -> bool:
    """Approved, or further."""
    return _ORDER.index(state) >= _ORDER.index(SubtaskState.APPROVED)


def is_clean(report: LintReport, may_remain: MayRemain, dismissed: Collection[str] = ()) -> bool:
    """Whether a style review proves its code polished: every tool looked, and nothing graver than `may_remain` is left.

    A report without findings from a tool that failed proves nothing. Findings that were dropped from it are no graver
    than the last that was sent (`linting.review.rank`). `dismissed`: ids of findings that the learner decided to leave.
    """
    looked = bool(report.tools) and all(tool.status == "ok" for tool in report.tools)
    limit = _GRAVITY.index(may_remain)
    left = [finding for finding in report.findings if finding.id not in dismissed]
    if report.dropped:
        left += report.findings[-1:]
    return looked and all(_GRAVITY.index(finding.severity) <= limit for finding in left)


@dataclass(frozen=True)
class Standing:
    """Where a learner stands in one subtask, as far as verdicts move it."""

    state: SubtaskState
    attempts: int
    points: float

    def after(self, feedback: Feedback) -> "Standing":
        """The standing after one more verdict. What the platform could not judge changes nothing."""
        if not counts(feedback.verdict):
            return self
        return Standing(
            state=furthest(self.state, reached_by(feedback.verdict)),
            attempts=self.attempts + 1,
            points=max(self.points, feedback.points),
        )
