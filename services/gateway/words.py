from collections.abc import AsyncIterator

from services.contracts.case import LearnerCase
from services.contracts.clients.progress import ProgressClient
from services.contracts.errors import ErrorBody
from services.contracts.feedback import Feedback, Verdict
from services.contracts.lab import LabWorded, LabWords
from services.contracts.progress import Version
from services.contracts.words import WordsPart
from services.gateway.asking import Asking
from services.gateway.case_shelf import subtask_of
from services.gateway.check_traces import CheckTraces
from services.gateway.errors import NotJudged
from services.gateway.learner import Learner
from services.gateway.shared_runs import SharedRuns
from services.gateway.wording import Wording, WordsRun, worded

WordsSaid = WordsPart | LabWorded | ErrorBody


class Wordings:
    """A model's words for versions that were judged, shown and kept before, in the words of rules.

    A version is worded once, whoever of its learner's browsers asks and however often; that goes on when they leave.
    """

    def __init__(self, asking: Asking, progress: ProgressClient, traces: CheckTraces) -> None:
        self._asking = asking
        self._progress = progress
        self._traces = traces
        self._runs: SharedRuns[WordsPart | LabWorded] = SharedRuns()

    @property
    def under_way(self) -> int:
        """How many versions are being worded now."""
        return self._runs.under_way

    async def words(self, learner: Learner, asked: LabWords, request_id: str) -> AsyncIterator[WordsSaid]:
        """Have a version worded, or follow the wording that is under way; the last part is LabWorded.

        Raises NotJudged, SubtaskNotFound, ShuttingDown, ServiceError, also for a version that is not the learner's.
        """
        key = (learner.user, learner.case, asked.submission)
        if joined := self._joined(key):
            return joined
        case = await self._asking.shelf.case_of(learner)
        version = await self._progress.version(asked.submission, self._asking.scopes.of(learner))
        if version.feedback is None:
            raise NotJudged("This version was never judged, so there is nothing to word. Press Check first.")
        if not _open_to_words(version.feedback):
            return _at_once(worded(version, version.feedback))
        subtask_of(case, version.subtask)
        # Another browser may have asked while the version was read.
        if joined := self._joined(key):
            return joined
        run = self._run(learner, case, version, version.feedback, request_id)
        self._runs.begin(key, run)
        return run.follow()

    async def close(self) -> None:
        """Let words under way end, within the grace of the settings; of the rest, the rules' words stay."""
        await self._runs.close(self._asking.settings.shutdown_grace)

    def _joined(self, key: tuple[str, str, str]) -> AsyncIterator[WordsSaid] | None:
        run = self._runs.known(key)
        if run is None:
            return None
        self._asking.metrics.words_joined()
        return run.follow()

    def _run(
        self, learner: Learner, case: LearnerCase, version: Version, judged: Feedback, request_id: str
    ) -> WordsRun:
        wording = Wording(self._asking, self._progress, learner, case)

        async def work(run: WordsRun) -> None:
            traced = self._traces.continued(learner, version.submission)
            with traced, self._asking.seats.taken(learner.user):
                await wording.word(version, judged, run)

        return WordsRun(version.submission, request_id, work, lambda _: None)


def _open_to_words(feedback: Feedback) -> bool:
    """Only what needs work is worded anew, and only once."""
    return feedback.verdict is Verdict.NEEDS_WORK and feedback.words_by == "rules"


async def _at_once(part: LabWorded) -> AsyncIterator[WordsSaid]:
    yield part
