import asyncio
from typing import Final

import structlog

from services.contracts.case import LearnerCase
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.clients.progress import ProgressClient
from services.contracts.errors import ServiceError
from services.contracts.feedback import CheckRequest, Feedback, Judged, Stage, Verdict
from services.contracts.lab import LabCheck, LabFeedback
from services.contracts.progress import Conclude, Recorded, Submit, SubtaskProgress
from services.gateway.check_desk import CheckRun
from services.gateway.check_traces import CheckTraces
from services.gateway.learner import Learner
from services.gateway.saving import saved
from services.gateway.scopes import Scopes
from services.gateway.settings import GatewaySettings
from services.gateway.standing import shown
from services.kit.laps import Laps
from services.kit.tracing import note

_log = structlog.get_logger(__name__)

_LAST_WORDS_SECONDS: Final = 3.0
"""For writing down that a check was cancelled because the gateway stops."""


class Judging:
    """One check of one learner, told to a run as it happens."""

    def __init__(
        self,
        progress: ProgressClient,
        feedback: FeedbackClient,
        scopes: Scopes,
        settings: GatewaySettings,
        traces: CheckTraces,
        learner: Learner,
        case: LearnerCase,
    ) -> None:
        self._progress = progress
        self._feedback = feedback
        self._scopes = scopes
        self._settings = settings
        self._traces = traces
        self._learner = learner
        self._case = case

    async def judge(self, check: LabCheck, digest: str, run: CheckRun) -> None:
        """Record, judge, conclude, and only then tell. Raises ServiceError when `progress` cannot keep it."""
        laps = Laps()
        submit = Submit(subtask=check.subtask, digest=digest, cells=check.cells, quota=self._case.quotas.checks)
        recorded = await self._progress.submit(submit, self._scope(check.subtask))
        laps.lap("recording")
        self._traces.keep(self._learner, recorded.submission)
        run.say(Stage(name="recorded", detail=f"version {recorded.number}"))
        if recorded.feedback is not None:
            run.say(self._answer(recorded, recorded.feedback, await self._standing(check.subtask), repeated=True))
            return
        try:
            feedback = await self._judged(check, run)
        except asyncio.CancelledError:
            await self._give_back(recorded, check.subtask)
            raise
        laps.lap("judging")
        run.say(Stage(name="saving"))
        progress = await self._concluded(recorded, feedback, check.subtask)
        laps.lap("saving")
        _log.info("checked", subtask=check.subtask, verdict=feedback.verdict, laps=laps.ms)
        note(
            {
                "caseloop.case": self._case.id,
                "caseloop.subtask": check.subtask,
                "caseloop.verdict": feedback.verdict,
            }
        )
        run.say(self._answer(recorded, feedback, progress, repeated=False))

    async def _judged(self, check: LabCheck, run: CheckRun) -> Feedback:
        """Ask `feedback`, relaying its stages. Whatever goes wrong there is not the learner's fault.

        Its answer is read to the end, so that the connection can be used again; with the verdict in hand, nothing that
        goes wrong on the way to the end counts.
        """
        request = CheckRequest(subtask=check.subtask, cells=check.cells)
        feedback: Feedback | None = None
        try:
            async with asyncio.timeout(self._settings.check_seconds):
                async for event in self._feedback.check(request, self._scope(check.subtask)):
                    if isinstance(event, Judged):
                        feedback = event.feedback
                    else:
                        run.say(event)
        except TimeoutError:
            return feedback or _could_not_judge(f"Judging took longer than {self._settings.check_seconds:g} seconds.")
        except ServiceError as error:
            _log.warning("could not judge", callee=error.service, status=error.status, error=error.error)
            return feedback or _could_not_judge(_reason(error))
        except Exception as error:
            _log.error("could not judge", exc_info=error)
            return feedback or _could_not_judge("The answer about your code could not be read.")
        return feedback or _could_not_judge("Judging ended without a verdict.")

    async def _concluded(self, recorded: Recorded, feedback: Feedback, subtask: str) -> SubtaskProgress:
        """Write the verdict down. Raises ServiceError `not_saved`."""
        conclude = Conclude(submission=recorded.submission, feedback=feedback)
        try:
            return await saved(
                lambda: self._progress.conclude(conclude, self._scope(subtask)), self._settings.save_patience
            )
        except ServiceError as error:
            raise _not_saved(error) from error

    async def _give_back(self, recorded: Recorded, subtask: str) -> None:
        """The gateway stops in the middle of a check: it costs the learner nothing."""
        feedback = _could_not_judge("Caseloop was restarted while your code was judged.")
        conclude = Conclude(submission=recorded.submission, feedback=feedback)
        try:
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                await self._progress.conclude(conclude, self._scope(subtask))
        except (TimeoutError, ServiceError) as error:
            # Its place in the quota comes free by itself after a while.
            _log.warning("check left open", submission=recorded.submission, reason=type(error).__name__)

    async def _standing(self, subtask: str) -> SubtaskProgress:
        progress = await self._progress.progress(self._scope(subtask))
        known = next((standing for standing in progress.subtasks if standing.subtask == subtask), None)
        return shown(known, subtask, self._case.quotas)

    def _answer(
        self, recorded: Recorded, feedback: Feedback, progress: SubtaskProgress, *, repeated: bool
    ) -> LabFeedback:
        return LabFeedback(
            submission=recorded.submission,
            number=recorded.number,
            repeated=repeated,
            feedback=feedback.for_learner(),
            progress=progress,
        )

    def _scope(self, subtask: str) -> str:
        return self._scopes.of(self._learner, self._case, subtask)


def _could_not_judge(reason: str) -> Feedback:
    return Feedback(
        verdict=Verdict.COULD_NOT_JUDGE,
        fault="platform",
        headline=f"{reason} This is not your code's fault and cost you nothing: press Check again in a moment.",
    )


def _reason(error: ServiceError) -> str:
    if error.status == 504:
        return "Judging took too long to answer."
    if error.status == 503:
        return "The part that judges your code is away at the moment."
    return f"The part that judges your code failed ({error.error})."


def _not_saved(error: ServiceError) -> ServiceError:
    return ServiceError(
        error.service,
        503,
        "not_saved",
        "Your code was judged, but the verdict could not be saved, so it is not shown yet. Press Check again in a "
        "moment; nothing was counted twice.",
    )
