import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from feedback.hints.distance import answers_distance
from feedback.hints.engines import Candidate
from feedback.hints.task import Answers, HintNotMade, HintTask
from feedback.hints.trace import Trace
from feedback.pipeline import Checker, last
from services.contracts.feedback import CheckRequest, Feedback, Verdict


@dataclass(frozen=True)
class Repair:
    """A candidate that passed every check."""

    candidate: Candidate
    distance: int
    """Tokens between it and the learner's code."""
    cpu_ms: float | None = None


class Trials:
    """Runs candidates on the checks, in the sandbox, as a learner's own submission would be."""

    def __init__(self, checker: Checker, task: HintTask, trace: Trace) -> None:
        self._checker, self._task, self._trace = checker, task, trace
        self.verified: list[Repair] = []
        """What has passed every check so far."""

    @property
    def nearest(self) -> Repair | None:
        """Of what has passed, the one nearest to the learner's code."""
        return min(self.verified, key=lambda repair: repair.distance, default=None)

    async def own(self) -> Feedback:
        """The verdict on the learner's own cells. Raises HintNotMade when the platform could not judge."""
        request = CheckRequest(subtask=self._task.subtask.view.id, cells=self._task.cells)
        feedback = await last(self._checker.check(self._task.case, request))
        self._trace.note(verdict=feedback.verdict.value, failing=failing(feedback))
        if feedback.verdict is Verdict.COULD_NOT_JUDGE and feedback.fault == "platform":
            raise HintNotMade("the learner's cells could not be judged")
        return feedback

    async def of(self, origin: str, answers: Answers) -> Feedback:
        """The verdict on the learner's notebook with these answers. Raises HintNotMade."""
        asked = self._task.with_answers(answers)
        feedback = await last(self._checker.check(self._task.case, asked, locate=False))
        self._trace.add(
            "candidates",
            {
                "origin": origin,
                "answers": dict(answers),
                "verdict": feedback.verdict.value,
                "failing": failing(feedback),
                "distance": await self._distance(answers),
            },
        )
        if feedback.verdict is Verdict.COULD_NOT_JUDGE and feedback.fault == "platform":
            raise HintNotMade("a candidate could not be judged")
        return feedback

    async def verify(self, candidates: Sequence[Candidate]) -> None:
        """Try the candidates; those that pass every check are `verified` afterwards. Raises HintNotMade."""
        tried: list[Answers] = [self._task.answers]
        for candidate in candidates:
            if candidate.answers in tried:
                continue
            tried.append(candidate.answers)
            feedback = await self.of(candidate.origin, candidate.answers)
            if feedback.verdict is Verdict.APPROVED:
                self.verified.append(Repair(candidate, await self._distance(candidate.answers)))

    async def _distance(self, answers: Answers) -> int:
        return await asyncio.to_thread(answers_distance, self._task.answers, answers)


def failing(feedback: Feedback) -> int:
    """How many checks do not hold. What fails besides the checks counts as one more."""
    if feedback.verdict is Verdict.APPROVED:
        return 0
    return sum(not check.passed for check in feedback.checks) or 1


def helps(before: Feedback, after: Feedback) -> bool:
    """Whether whoever read the hint got further by it."""
    return after.verdict is Verdict.APPROVED or failing(after) < failing(before)
