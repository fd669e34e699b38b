from dataclasses import dataclass

from services.contracts.clients.authoring import AuthoringClient
from services.contracts.clients.cases import CasesClient
from services.contracts.clients.evaluation import EvaluationClient
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.clients.linting import LintingClient
from services.contracts.clients.mentoring import MentoringClient
from services.contracts.clients.progress import ProgressClient
from services.gateway.dashboard.hub_oauth import HubOAuth
from services.gateway.ports import HubUsers
from services.kit.oidc import BearerTokens


@dataclass(frozen=True)
class Backends:
    """What the mentors' desk stands in front of."""

    hub: HubOAuth
    users: HubUsers
    mentoring: MentoringClient
    progress: ProgressClient
    feedback: FeedbackClient
    linting: LintingClient
    cases: CasesClient
    authoring: AuthoringClient
    evaluation: EvaluationClient
    bearers: BearerTokens | None = None
    """Checks tokens of programs that have an account of their own; None: no program gets in."""
