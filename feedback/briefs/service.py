import asyncio

from feedback.assistance.service import AssistanceService
from feedback.briefs.differences import differences
from feedback.briefs.drafting import Drafting, DraftTask
from feedback.errors import OutsideScope, SubtaskNotFound
from feedback.hints.task import HintTask
from feedback.mentors import require_mentor
from feedback.notebook.repair import NotebookTooLarge
from feedback.pipeline import Checker, last
from feedback.ports import AuthorCases, Firewalls
from services.contracts.brief import AskBrief, Brief, CellDifference
from services.contracts.case import AuthorCase, Subtask
from services.contracts.feedback import CheckRequest
from services.contracts.identity import ScopeClaims


class BriefService:
    """What a mentor is shown of a learner's code. It holds solutions: the scope's role decides who gets one.

    Args:
        cases: case versions with their references.
        checker: judges the code anew; nothing is recorded and no attempt is counted.
        choices: whether a learner lets AI help.
        firewalls: what stands between a model and a learner.
        drafting: None: no model, no drafts.
    """

    def __init__(
        self,
        cases: AuthorCases,
        checker: Checker,
        choices: AssistanceService,
        firewalls: Firewalls,
        drafting: Drafting | None,
    ) -> None:
        self._cases, self._checker, self._choices = cases, checker, choices
        self._firewalls, self._drafting = firewalls, drafting

    async def brief(self, asked: AskBrief, scope: ScopeClaims) -> Brief:
        """Differences, findings with their facts, and a draft where one may be made.

        Raises:
            NotAMentor: the scope's role is another.
            OutsideScope: the scope is for another subtask.
            SubtaskNotFound: the case version has no such subtask.
            ServiceError: the case version does not exist (404), or cannot be fetched.
        """
        require_mentor(scope)
        if scope.subtask is not None and scope.subtask != asked.subtask:
            raise OutsideScope(f"This scope is for the step {scope.subtask!r}, not for {asked.subtask!r}.")
        case = await self._cases.author(scope.case_version)
        subtask = case.subtask(asked.subtask)
        if subtask is None:
            raise SubtaskNotFound(f"This case has no step {asked.subtask!r}.")
        feedback = await last(self._checker.check(case, CheckRequest(subtask=asked.subtask, cells=asked.cells)))
        drafting = await self._drafting_for(asked, scope)
        task = DraftTask(case, subtask, asked, feedback)
        draft = await drafting.draft(task, await self._firewalls.of(case)) if drafting else None
        return Brief(
            subtask=asked.subtask,
            differences=await asyncio.to_thread(_differences, case, subtask, asked, scope),
            feedback=feedback,
            draft=draft,
            draft_by=drafting.name if drafting and draft is not None else None,
        )

    async def _drafting_for(self, asked: AskBrief, scope: ScopeClaims) -> Drafting | None:
        """A learner's work is shown to a model only where its learner chose so, whoever looks at it."""
        if self._drafting is None or not asked.learner:
            return None
        return self._drafting if await self._choices.allows(scope.model_copy(update={"user": asked.learner})) else None


def _differences(case: AuthorCase, subtask: Subtask, asked: AskBrief, scope: ScopeClaims) -> tuple[CellDifference, ...]:
    try:
        mine = HintTask("debug", case, subtask, asked.cells, scope).answers
    except NotebookTooLarge:
        # The findings say so already.
        mine = {}
    return differences(case, subtask, mine)
