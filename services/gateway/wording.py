import asyncio
import time

import structlog

from services.contracts.case import LearnerCase
from services.contracts.clients.progress import ProgressClient
from services.contracts.errors import ServiceError
from services.contracts.feedback import Feedback
from services.contracts.lab import LabWorded
from services.contracts.progress import Version
from services.contracts.words import Reword, Worded, Words, WordsPart, WordsRequest
from services.gateway.asking import Asking
from services.gateway.learner import Learner
from services.gateway.run import Run
from services.gateway.saving import saved

_log = structlog.get_logger(__name__)

WordsRun = Run[WordsPart | LabWorded]
"""One version being worded. It is about the submission."""


class Wording:
    """A model's words for one judged version of one learner, told to a run as they come.

    Whatever goes wrong, the version has words already: those of the rules stay and are told.
    """

    def __init__(self, asking: Asking, progress: ProgressClient, learner: Learner, case: LearnerCase) -> None:
        self._asking = asking
        self._progress = progress
        self._learner = learner
        self._case = case

    async def word(self, version: Version, judged: Feedback, run: WordsRun) -> None:
        """Have it worded, keep the words, and only then tell the last of it."""
        began = time.perf_counter()
        try:
            feedback = await self._kept(version, judged, await self._written(version, judged, run))
        except asyncio.CancelledError:
            self._asking.metrics.words_failed("shutting_down")
            run.say(worded(version, judged))
            raise
        self._asking.metrics.worded(feedback.words_by, time.perf_counter() - began)
        run.say(worded(version, feedback))

    async def _written(self, version: Version, judged: Feedback, run: WordsRun) -> Words | None:
        """Ask `feedback`, relaying its sentences. None: no words came to be."""
        request = WordsRequest(subtask=version.subtask, cells=version.cells, feedback=judged)
        try:
            async with asyncio.timeout(self._asking.settings.words_seconds):
                async for event in self._asking.feedback.words(request, self._scope(version)):
                    if isinstance(event, Worded):
                        return event.words
                    run.say(event)
            reason = "unfinished"
        except TimeoutError:
            reason = "late"
        except ServiceError as error:
            _log.warning("no words", callee=error.service, status=error.status, error=error.error)
            reason = error.error
        except Exception as error:
            _log.error("no words", exc_info=error)
            reason = "unreadable"
        self._asking.metrics.words_failed(reason)
        return None

    async def _kept(self, version: Version, judged: Feedback, words: Words | None) -> Feedback:
        """The feedback as it stands in `progress`. Words of rules are there already."""
        if words is None or words.words_by == "rules":
            return judged
        reword = Reword(submission=version.submission, words=words)
        try:
            return await saved(
                lambda: self._progress.reword(reword, self._scope(version)), self._asking.settings.save_patience
            )
        except ServiceError as error:
            _log.warning("words not saved", submission=version.submission, status=error.status, error=error.error)
            self._asking.metrics.words_failed("not_saved")
            return judged

    def _scope(self, version: Version) -> str:
        return self._asking.scopes.of(self._learner, self._case, version.subtask)


def worded(version: Version, feedback: Feedback) -> LabWorded:
    """What a learner reads of a version, as the last part."""
    return LabWorded(submission=version.submission, feedback=feedback.for_learner())
