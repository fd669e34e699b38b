from feedback.pipeline import Checker, last
from services.contracts.case import AuthorCase
from services.contracts.feedback import CheckRequest, Feedback
from services.contracts.identity import ScopeClaims


class CheckerJudgements:
    """Judgements by the pipeline that learners' checks go through; nothing is recorded and no attempt is counted."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker

    async def of(self, scope: ScopeClaims, case: AuthorCase, request: CheckRequest) -> Feedback:  # noqa: ARG002
        """Judge the cells."""
        return await last(self._checker.check(case, request))
