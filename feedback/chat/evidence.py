import asyncio
from dataclasses import dataclass

import structlog

from feedback.chat.ports import Judgements
from feedback.chat.talks import Judged
from services.contracts.case import AuthorCase
from services.contracts.chat import AskChat
from services.contracts.errors import ServiceError
from services.contracts.feedback import CheckRequest, Feedback, Verdict
from services.contracts.identity import ScopeClaims
from services.contracts.notebook import cells_digest
from services.kit.errors import CaseloopError

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Evidence:
    """What is known about the learner's code as it is now."""

    feedback: Feedback | None
    """None: the check could not say anything, or not in time."""
    fresh: Judged | None = None
    """Set when it was judged just now: to be remembered."""


class CodeEvidence:
    """Asks for a verdict when the code has changed, and waits for it no longer than a talk allows."""

    def __init__(self, judgements: Judgements, seconds: float) -> None:
        self._judgements, self._seconds = judgements, seconds

    async def of(self, scope: ScopeClaims, case: AuthorCase, request: AskChat, known: Judged | None) -> Evidence:
        """What the check finds in these cells. `known`: what the conversation heard last."""
        code = tuple(cell for cell in request.cells if cell.kind == "code")
        digest = cells_digest(f"{case.version}/{request.subtask}", code)
        if known is not None and known[0] == digest:
            return Evidence(known[1])
        check = CheckRequest(subtask=request.subtask, cells=request.cells)
        try:
            async with asyncio.timeout(self._seconds):
                feedback = await self._judgements.of(scope, case, check)
        except TimeoutError:
            _log.warning("a talk goes on without a verdict", case=case.id, subtask=request.subtask, reason="late")
            return Evidence(None)
        except (CaseloopError, ServiceError) as error:
            _log.warning("a talk goes on without a verdict", case=case.id, subtask=request.subtask, reason=str(error))
            return Evidence(None)
        if feedback.verdict is Verdict.COULD_NOT_JUDGE:
            return Evidence(None)
        # What hidden checks expect is for nobody who talks to a learner.
        feedback = feedback.for_learner()
        return Evidence(feedback, (digest, feedback))
