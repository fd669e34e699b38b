import time
from collections.abc import AsyncIterator
from functools import partial

from services.contracts.clients.feedback import FeedbackClient
from services.contracts.clients.progress import ProgressClient
from services.contracts.errors import ErrorBody
from services.contracts.lab import LabCheck, LabFeedback
from services.contracts.notebook import cells_digest
from services.gateway.case_shelf import CaseShelf, subtask_of
from services.gateway.check_desk import CheckDesk, CheckPart, CheckRun, LaneKey
from services.gateway.check_traces import CheckTraces
from services.gateway.judging import Judging
from services.gateway.learner import Learner
from services.gateway.metrics import CheckMetrics
from services.gateway.scopes import Scopes
from services.gateway.settings import GatewaySettings


class Checks:
    """A learner's check from the click to the answer: recorded, judged, written down, and only then shown."""

    def __init__(
        self,
        *,
        progress: ProgressClient,
        feedback: FeedbackClient,
        shelf: CaseShelf,
        scopes: Scopes,
        metrics: CheckMetrics,
        settings: GatewaySettings,
        traces: CheckTraces,
    ) -> None:
        self._progress = progress
        self._feedback = feedback
        self._shelf = shelf
        self._scopes = scopes
        self._metrics = metrics
        self._settings = settings
        self._traces = traces
        self._desk = CheckDesk(settings.checks_at_once)

    async def check(self, learner: Learner, check: LabCheck, request_id: str) -> AsyncIterator[CheckPart]:
        """Start a check, or join the one that is under way for the same cells.

        What is said ends with LabFeedback or ErrorBody. The check goes on when nobody listens any more.
        Raises SubtaskNotFound, TooManyChecks, ShuttingDown, ServiceError.
        """
        began = time.perf_counter()
        case = await self._shelf.case_of(learner)
        subtask_of(case, check.subtask)
        digest = cells_digest(check.subtask, check.cells)

        async def work(run: CheckRun) -> None:
            judging = Judging(self._progress, self._feedback, self._scopes, self._settings, self._traces, learner, case)
            await judging.judge(check, digest, run)

        key = LaneKey(learner.user, learner.case, learner.version, check.subtask)
        run, joined = self._desk.enter(key, CheckRun(digest, request_id, work, partial(self._count, case.id)))
        if joined:
            self._metrics.joined()
        return self._timed(run, began)

    async def close(self) -> None:
        """Let running checks end, within the grace of the settings."""
        await self._desk.close(self._settings.shutdown_grace)

    def _count(self, case: str, last: CheckPart | None) -> None:
        match last:
            case LabFeedback(repeated=True):
                self._metrics.repeated()
            case LabFeedback():
                self._metrics.judged(case, last.feedback.verdict)
            case ErrorBody():
                self._metrics.failed(last.error)

    async def _timed(self, run: CheckRun, began: float) -> AsyncIterator[CheckPart]:
        first = True
        async for part in run.follow():
            waited = time.perf_counter() - began
            if first:
                self._metrics.first_event(waited)
                first = False
            if isinstance(part, LabFeedback):
                self._metrics.feedback(waited)
            yield part
