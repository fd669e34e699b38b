from collections.abc import AsyncGenerator
from contextlib import aclosing

import structlog

from feedback.errors import OutsideScope, SubtaskNotFound
from feedback.mutants import MutantJudge
from feedback.pipeline import PLATFORM_FAILED, Checker, last
from feedback.ports import AuthorCases
from feedback.remembering import Remembering
from services.contracts.errors import ServiceError
from services.contracts.feedback import CheckEvent, CheckRequest, Judged, TrialRequest, TrialResult
from services.contracts.identity import ScopeClaims
from services.contracts.mutants import MutantsRequest, MutantsResult

_log = structlog.get_logger(__name__)


class FeedbackService:
    """Checks of learners' submissions, and trials of authors' own material.

    Args:
        cases: case versions with their references.
        checker: judges.
        remembering: what mentors answered before; None: nothing is remembered.
    """

    def __init__(self, cases: AuthorCases, checker: Checker, remembering: Remembering | None = None) -> None:
        self._cases, self._checker, self.remembering = cases, checker, remembering
        self._mutants = MutantJudge(checker.runs, checker.baselines)

    async def check(
        self, request: CheckRequest, scope: ScopeClaims, recall_as: str | None = None
    ) -> AsyncGenerator[CheckEvent]:
        """Judge a submission for the case version that the scope states.

        `recall_as`: the learner's scope token, for asking what mentors answered to the same mistakes before. None: they
        are not asked, as when nobody is told the answer.

        Raises:
            OutsideScope: the scope is for another subtask.
            SubtaskNotFound: the case version has no such subtask.
            ServiceError: the case version does not exist (404).
        """
        if scope.subtask is not None and scope.subtask != request.subtask:
            raise OutsideScope(f"This scope is for the step {scope.subtask!r}, not for {request.subtask!r}.")
        try:
            case = await self._cases.author(scope.case_version)
        except ServiceError as error:
            if error.status == 404:
                raise
            _log.error("case version could not be fetched", version=scope.case_version, error=str(error))
            yield Judged(feedback=await self._checker.worded(PLATFORM_FAILED))
            return
        async with aclosing(self._checker.check(case, request)) as events:
            async for event in events:
                if isinstance(event, Judged) and self.remembering and recall_as:
                    feedback = await self.remembering.remember(case, request.subtask, event.feedback, recall_as)
                    yield Judged(feedback=feedback)
                else:
                    yield event

    async def trial(self, request: TrialRequest) -> TrialResult:
        """Judge an author's notebook for the asked subtasks, or all, in order.

        Raises:
            SubtaskNotFound: the version has no such subtask.
            ServiceError: the version does not exist (404), or cannot be fetched.
        """
        case = await self._cases.author(request.version)
        asked = request.subtasks or tuple(subtask.view.id for subtask in case.subtasks)
        unknown = [id_ for id_ in asked if case.subtask(id_) is None]
        if unknown:
            raise SubtaskNotFound(f"This case version has no step {', '.join(unknown)}.")
        feedback = {}
        for id_ in asked:
            feedback[id_] = await last(self._checker.check(case, CheckRequest(subtask=id_, cells=request.cells)))
        return TrialResult(feedback=feedback)

    async def mutants(self, request: MutantsRequest) -> MutantsResult:
        """Judge small faults in the reference of one subtask.

        Raises:
            SubtaskNotFound: the version has no such subtask.
            ServiceError: the version does not exist (404), or cannot be fetched.
        """
        case = await self._cases.author(request.version)
        subtask = case.subtask(request.subtask)
        if subtask is None:
            raise SubtaskNotFound(f"This case version has no step {request.subtask}.")
        return MutantsResult(verdicts=await self._mutants.judge(case, subtask, request.mutants))
