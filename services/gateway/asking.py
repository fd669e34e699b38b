from dataclasses import dataclass

from services.contracts.clients.feedback import FeedbackClient
from services.gateway.assistance_metrics import AssistanceMetrics
from services.gateway.case_shelf import CaseShelf, subtask_of
from services.gateway.learner import Learner
from services.gateway.scopes import Scopes
from services.gateway.seats import Seats
from services.gateway.settings import GatewaySettings


@dataclass(frozen=True)
class Asking:
    """All it takes to ask `feedback` for words, hints and answers on a learner's behalf."""

    feedback: FeedbackClient
    shelf: CaseShelf
    scopes: Scopes
    seats: Seats
    metrics: AssistanceMetrics
    settings: GatewaySettings

    async def scope(self, learner: Learner, subtask: str | None = None) -> str:
        """A scope token with all that the case sets about AI; `subtask` None: about the whole case.

        Raises SubtaskNotFound, CaseMismatch, ServiceError.
        """
        case = await self.shelf.case_of(learner)
        if subtask is not None:
            subtask_of(case, subtask)
        return self.scopes.of(learner, case, subtask)
