from typing import Literal

from services.contracts.feedback import Verdict
from services.contracts.model import WireModel


class Mistake(WireModel):
    """One thing that is wrong in a notebook."""

    message: str
    """What the learner would read."""
    signature: str
    """Equal in notebooks with the same problem."""
    cell: int | None = None
    """Which cell of the notebook it shows in, counted from 1."""
    line: int | None = None
    mentor: str | None = None
    """A mentor's words, where it is a known mistake of the case."""


class SubtaskResult(WireModel):
    """One subtask of one notebook."""

    subtask: str
    verdict: Verdict
    points: float
    max_points: float
    headline: str
    mistakes: tuple[Mistake, ...] = ()
    """Most important first."""


class NotebookResult(WireModel):
    """One notebook."""

    file: str
    """Path below the graded folder, with forward slashes."""
    digest: str
    """sha256 of the file; empty where it could not be read."""
    status: Literal["graded", "unreadable", "could_not_judge"]
    problem: str = ""
    """Why it is not graded."""
    subtasks: tuple[SubtaskResult, ...] = ()
    repairs: tuple[str, ...] = ()
    """What was restored before judging: changed check cells, deleted cells …"""

    @property
    def points(self) -> float:
        """Sum over the subtasks; the final one only when it is graded."""
        return sum(subtask.points for subtask in self.subtasks)

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
    max_points: float
    """For one notebook."""
    results: tuple[NotebookResult, ...]

    @property
    def graded(self) -> tuple[NotebookResult, ...]:
        """Those with a verdict for every subtask."""
        return tuple(result for result in self.results if result.status == "graded")
