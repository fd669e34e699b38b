"""From a folder to a published version: read it, store a draft, try the author's own material, publish."""

from collections.abc import AsyncIterator
from pathlib import Path

from anyio import to_thread

from case_uploader.drafts import DraftStore
from case_uploader.format.case_folder import CaseDraft, read_case_folder
from case_uploader.format.problem import CaseProblem, Problems
from case_uploader.format.requirements_file import LearnerEnvironment
from case_uploader.repository import Listed
from case_uploader.steps import Passed, Published, Reading, Rejected, Step, Storing, Trying
from case_uploader.summaries import summary_of
from case_uploader.trials import Trials, plan_trials
from services.contracts.clients.feedback import FeedbackClient


class Publisher:
    """Checks and publishes case folders.

    Both ways yield steps; the last one says how it ended. When a step raises, or nobody asks for the next one, the
    draft is discarded: nothing of a case that was not published remains.
    """

    def __init__(self, drafts: DraftStore, environment: LearnerEnvironment | None, feedback: FeedbackClient) -> None:
        self._drafts, self._environment, self._feedback = drafts, environment, feedback

    def check(self, folder: Path) -> AsyncIterator[Step]:
        """End with Passed or Rejected. Raises `TrialsUnavailable`, `DataChanged`."""
        return self._work(folder, publish=False)

    def publish(self, folder: Path) -> AsyncIterator[Step]:
        """End with Published or Rejected; content that is the newest version already is not tried again.

        Raises `TrialsUnavailable`, `DataChanged`.
        """
        return self._work(folder, publish=True)

    async def _work(self, folder: Path, *, publish: bool) -> AsyncIterator[Step]:
        yield Reading(folder=str(folder))
        reading = await to_thread.run_sync(read_case_folder, folder, self._environment)
        draft, notes = reading.draft, tuple(p for p in reading.problems if p.level == "note")
        if draft is None:
            yield Rejected(problems=reading.problems)
            return
        newest = await self._drafts.newest(draft.author.id) if publish else None
        if newest and newest[0].digest == draft.version:
            yield _published(newest, notes, fresh=False)
            return
        yield Storing(files=len(draft.data), size=sum(source.file.size for source in draft.data))
        claim = await self._drafts.keep(draft)
        try:
            problems = Problems()
            bench, trials = Trials(draft, self._feedback, problems), plan_trials(draft)
            for index, trial in enumerate(trials, 1):
                yield Trying(what=trial.what, index=index, count=len(trials))
                await bench.run(trial)
            notes += tuple(p for p in problems.all if p.level == "note")
            if problems.errors:
                end: Step = Rejected(problems=(*notes, *problems.errors))
            elif publish:
                listed, fresh = await self._drafts.publish(claim)
                end = _published(listed, notes, fresh=fresh)
            else:
                end = _passed(draft, notes, len(trials))
        finally:
            await self._drafts.discard(claim)
        yield end


def _passed(draft: CaseDraft, notes: tuple[CaseProblem, ...], trials: int) -> Passed:
    return Passed(case=draft.author.id, version=draft.version, notes=notes, trials=trials)


def _published(listed: Listed, notes: tuple[CaseProblem, ...], *, fresh: bool) -> Published:
    return Published(summary=summary_of(listed), fresh=fresh, notes=notes)
