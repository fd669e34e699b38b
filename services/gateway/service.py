import asyncio
from dataclasses import dataclass

from services.contracts.clients.cases import CasesClient
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.clients.linting import LintingClient
from services.contracts.clients.mentoring import MentoringClient
from services.contracts.clients.progress import ProgressClient
from services.contracts.lab import LabCase
from services.contracts.progress import SavedNotebook, SavedSummary, Version, VersionSummary
from services.gateway.asking import Asking
from services.gateway.assistance import Choices
from services.gateway.assistance_metrics import AssistanceMetrics
from services.gateway.authentication import Doorkeeper
from services.gateway.case_shelf import CaseShelf
from services.gateway.chat import Chats
from services.gateway.check import Checks
from services.gateway.check_traces import CheckTraces
from services.gateway.hints import Hints
from services.gateway.learner import Learner
from services.gateway.mentors import Mentors
from services.gateway.metrics import CheckMetrics
from services.gateway.ports import HubUsers
from services.gateway.rate_limit import TokenBuckets
from services.gateway.recordings import Recordings
from services.gateway.review import Reviews
from services.gateway.scopes import Scopes
from services.gateway.seats import Seats
from services.gateway.settings import GatewaySettings
from services.gateway.standing import lab_case
from services.gateway.words import Wordings
from services.kit.scope import ScopeMinter


@dataclass(frozen=True)
class Backends:
    """What the gateway stands in front of."""

    users: HubUsers
    progress: ProgressClient
    mentoring: MentoringClient
    feedback: FeedbackClient
    assistant: FeedbackClient
    """`feedback` over connections of its own: those who wait for words or a hint take none from checks."""
    linting: LintingClient
    cases: CasesClient


class GatewayService:
    """All that a learner's environment may ask for. Each method acts for the learner it is given and nobody else."""

    def __init__(
        self,
        backends: Backends,
        minter: ScopeMinter,
        settings: GatewaySettings,
        metrics: CheckMetrics,
        assistance: AssistanceMetrics,
    ) -> None:
        self._progress = backends.progress
        self._scopes = Scopes(minter)
        self._shelf = CaseShelf(backends.cases)
        self.settings = settings
        self.door = Doorkeeper(
            backends.users,
            TokenBuckets(settings.requests_per_second, settings.request_burst),
            TokenBuckets(settings.checks_per_second, settings.check_burst),
            TokenBuckets(settings.assists_per_second, settings.assist_burst),
        )
        traces = CheckTraces()
        self.checks = Checks(
            progress=backends.progress,
            feedback=backends.feedback,
            shelf=self._shelf,
            scopes=self._scopes,
            metrics=metrics,
            settings=settings,
            traces=traces,
        )
        self.reviews = Reviews(backends.progress, backends.linting, self._shelf, self._scopes)
        asking = Asking(
            backends.assistant, self._shelf, self._scopes, Seats(settings.assists_at_once), assistance, settings
        )
        self.wordings = Wordings(asking, backends.progress, traces)
        self.choices = Choices(asking)
        self.hints = Hints(asking)
        self.chats = Chats(asking)
        self.mentors = Mentors(backends.mentoring, backends.progress, asking)
        self.recordings = Recordings(backends.progress, self._scopes)

    async def close(self) -> None:
        """Let checks and words under way end, within the grace of the settings."""
        await asyncio.gather(self.checks.close(), self.wordings.close())

    async def case(self, learner: Learner) -> LabCase:
        """The case and where its learner stands in it."""
        case = await self._shelf.case_of(learner)
        progress = await self._progress.progress(self._scopes.of(learner))
        return lab_case(case, progress, await self._shelf.newer_than(case))

    async def history(
        self, learner: Learner, subtask: str | None, before: str | None, limit: int
    ) -> tuple[VersionSummary, ...]:
        """The learner's checked versions, newest first."""
        scope = self._scopes.of(learner)
        return await self._progress.history(scope, subtask, before=before, limit=limit)

    async def version(self, learner: Learner, submission: str) -> Version:
        """One checked version with its cells, and its feedback as learners may see it."""
        version = await self._progress.version(submission, self._scopes.of(learner))
        if version.feedback is None:
            return version
        return version.model_copy(update={"feedback": version.feedback.for_learner()})

    async def save_notebook(self, learner: Learner, notebook: SavedNotebook) -> SavedSummary:
        """Keep a state of the notebook."""
        return await self._progress.save_notebook(notebook, self._scopes.of(learner))

    async def saved_notebooks(self, learner: Learner) -> tuple[SavedSummary, ...]:
        """All kept states of the notebook, newest first."""
        return await self._progress.saved_notebooks(self._scopes.of(learner))

    async def saved_notebook(self, learner: Learner, digest: str) -> SavedNotebook:
        """One kept state of the notebook."""
        return await self._progress.saved_notebook(digest, self._scopes.of(learner))
