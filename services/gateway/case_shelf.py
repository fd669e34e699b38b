import time
from collections import OrderedDict
from collections.abc import Callable

from services.contracts.case import LearnerCase, SubtaskView
from services.contracts.clients.cases import CasesClient
from services.contracts.errors import ServiceError
from services.gateway.errors import CaseMismatch, SubtaskNotFound
from services.gateway.learner import Learner

MAX_VERSIONS = 64
NEWEST_SECONDS = 30.0


class CaseShelf:
    """The case versions that learners have open. A version never changes, so it is asked for once."""

    def __init__(self, cases: CasesClient, *, now: Callable[[], float] = time.monotonic) -> None:
        self._cases = cases
        self._now = now
        self._versions: OrderedDict[str, LearnerCase] = OrderedDict()
        self._newest: dict[str, tuple[int, float]] = {}

    async def case_of(self, learner: Learner) -> LearnerCase:
        """The version that the learner's environment was started for. Raises CaseMismatch, ServiceError."""
        case = self._versions.get(learner.version)
        if case is None:
            case = await self._cases.learner(learner.version)
            self._versions[learner.version] = case
            while len(self._versions) > MAX_VERSIONS:
                self._versions.popitem(last=False)
        self._versions.move_to_end(learner.version)
        if case.id != learner.case:
            raise CaseMismatch(
                f"This environment was started for case {learner.case!r}, but its version belongs to {case.id!r}. "
                "Stop the server and start the case again from the Hub's page."
            )
        return case

    async def newer_than(self, case: LearnerCase) -> int | None:
        """Number of a newer published version, or None, also when nobody can say: a hint, never an obstacle."""
        number, until = self._newest.get(case.id, (0, 0.0))
        if until <= self._now():
            try:
                number = (await self._cases.current(case.id)).number
            except ServiceError:
                return None
            self._newest[case.id] = (number, self._now() + NEWEST_SECONDS)
        return number if number > case.number else None


def subtask_of(case: LearnerCase, subtask: str) -> SubtaskView:
    """The subtask of that id. Raises SubtaskNotFound."""
    view = next((view for view in case.subtasks if view.id == subtask), None)
    if view is None:
        known = ", ".join(view.id for view in case.subtasks)
        raise SubtaskNotFound(f"Case {case.id!r} has no subtask {subtask[:64]!r}. It has: {known}.")
    return view
