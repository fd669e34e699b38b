import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import structlog

from feedback.approved import ApprovedAnswers
from feedback.errors import OutsideScope, SubtaskNotFound
from feedback.hints.task import HintTask, Submitted
from feedback.mutants import MutantJudge
from feedback.notebook.repair import NotebookTooLarge
from feedback.pipeline import PLATFORM_FAILED, Checker, last
from feedback.ports import AuthorCases
from feedback.remembering import Remembering
from feedback.repair_signatures import RepairSignatures
from services.contracts.case import AuthorCase
from services.contracts.errors import ServiceError
from services.contracts.feedback import (
    CheckEvent,
    CheckRequest,
    Judged,
    MistakeSignature,
    TrialRequest,
    TrialResult,
    Verdict,
)
from services.contracts.identity import ScopeClaims
from services.contracts.mutants import MutantsRequest, MutantsResult
from services.contracts.observation import Keep

_log = structlog.get_logger(__name__)
MISTAKE_SECONDS: Final = 8.0
"""The longest that a question to a mentor waits to be put beside those with the same mistake."""


class FeedbackService:
    """Checks of learners' submissions, and trials of authors' own material.

    Args:
        cases: case versions with their references.
        checker: judges.
        remembering: what mentors answered before; None: nothing is remembered.
        repairs: tells mistakes apart that fail the same checks; None: they count as one.
        approved: keeps what learners are approved for, where a case allows it; None: nothing is kept.
    """

    def __init__(
        self,
        cases: AuthorCases,
        checker: Checker,
        remembering: Remembering | None = None,
        repairs: RepairSignatures | None = None,
        approved: ApprovedAnswers | None = None,
    ) -> None:
        self._cases, self._checker, self.remembering, self._repairs = cases, checker, remembering, repairs
        self._approved = approved
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
        _within(scope, request)
        try:
            case = await self._cases.author(scope.case_version)
        except ServiceError as error:
            if error.status == 404:
                raise
            _log.error("case version could not be fetched", version=scope.case_version, error=str(error))
            yield Judged(feedback=await self._checker.worded(PLATFORM_FAILED))
            return
        # A name is nobody's business in a sandbox.
        owner = hashlib.sha256(f"{scope.user}\0{scope.case_version}".encode("utf-8", "surrogatepass")).hexdigest()
        keep = Keep(owner=owner, then="edited")
        async with aclosing(self._checker.check(case, request, keep)) as events:
            async for event in events:
                if isinstance(event, Judged) and self.remembering and recall_as:
                    feedback = await self.remembering.remember(case, request, event.feedback, scope, recall_as)
                    yield Judged(feedback=feedback)
                else:
                    yield event
                if isinstance(event, Judged) and event.feedback.verdict is Verdict.APPROVED:
                    await self._learn(case, request)

    async def _learn(self, case: AuthorCase, request: CheckRequest) -> None:
        """Keep what was approved. Whoever handed it in has read the verdict by then."""
        subtask = case.subtask(request.subtask)
        if self._approved is None or subtask is None:
            return
        try:
            await self._approved.learn(case, subtask, Submitted(case, subtask, request.cells).answers)
        except (OSError, NotebookTooLarge) as error:
            _log.warning("an approved answer could not be kept", case=case.id, step=request.subtask, error=str(error))

    async def mistake(self, request: CheckRequest, scope: ScopeClaims) -> MistakeSignature:
        """Which mistake a failing submission makes, as its smallest verified repair tells it.

        Raises:
            OutsideScope: the scope is for another subtask.
            SubtaskNotFound: the case version has no such subtask.
            ServiceError: the case version does not exist (404), or cannot be fetched.
        """
        _within(scope, request)
        case = await self._cases.author(scope.case_version)
        subtask = case.subtask(request.subtask)
        if subtask is None:
            raise SubtaskNotFound(f"This case version has no step {request.subtask}.")
        if self._repairs is None:
            return MistakeSignature(signature=None)
        task = HintTask("debug", case, subtask, request.cells, scope)
        return MistakeSignature(signature=await self._repairs.of(task, MISTAKE_SECONDS))

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
            check = CheckRequest(subtask=id_, cells=request.cells)
            # the same answer however busy the machine is: a repair is looked for as long as there is time
            feedback[id_] = await last(self._checker.check(case, check, locate=False))
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


def _within(scope: ScopeClaims, request: CheckRequest) -> None:
    if scope.subtask is not None and scope.subtask != request.subtask:
        raise OutsideScope(f"This scope is for the step {scope.subtask!r}, not for {request.subtask!r}.")
