from typing import Literal

from services.contracts.feedback import Verdict
from services.contracts.model import WireModel


class SubtaskResult(WireModel):
    """One subtask of one notebook."""

    subtask: str
    verdict: Verdict
    points: float
    max_points: float
    headline: str
    findings: tuple[str, ...] = ()
    """What the learner would read, most important first."""
    signatures: tuple[str, ...] = ()


class NotebookResult(WireModel):
    """One notebook."""

    file: str
    digest: str
    status: Literal["graded", "unreadable", "could_not_judge"]
    problem: str = ""
    """Why it is not graded."""
    subtasks: tuple[SubtaskResult, ...] = ()

    @property
    def points(self) -> float:
        """Sum over the subtasks."""
        return sum(subtask.points for subtask in self.subtasks)

    @property
    def max_points(self) -> float:
        """Sum over the subtasks."""
        return sum(subtask.max_points for subtask in self.subtasks)

    @property
    def approved(self) -> int:
        """How many subtasks were approved."""
        return sum(subtask.verdict is Verdict.APPROVED for subtask in self.subtasks)


class GradingReport(WireModel):
    """All notebooks of one folder."""

    case: str
    title: str
    version: str
    subtasks: tuple[str, ...]
    results: tuple[NotebookResult, ...]
