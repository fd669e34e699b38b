"""From a folder to a published version: read it, store a draft, try the author's own material, publish."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from anyio import to_thread

from case_uploader.ci.run import CaseCi
from case_uploader.drafts import DraftStore
from case_uploader.format.case_folder import CaseDraft, read_case_folder
from case_uploader.format.problem import CaseProblem, Problems
from case_uploader.format.requirements_file import LearnerEnvironment
from case_uploader.repository import Listed
from case_uploader.steps import Passed, Published, Reading, Rejected, Step, Storing
from case_uploader.summaries import summary_of
from case_uploader.trials import plan_trials
from services.contracts.clients.feedback import FeedbackClient


@dataclass(frozen=True)
class Errand:
    """What somebody wants of a folder."""

    then: Literal["forget", "keep", "publish"]
    """What becomes of a case that passes: nothing, a version that waits to be published, or the newest version."""
    name: str = ""
    """What the folder is called when one speaks of it; its path by default."""
    by: str = ""
    """Who wants it; for what stays."""
    claim: str | None = None
    """Under which id the draft is held: a second try under the same one takes over from the first."""


class Publisher:
    """Checks and publishes case folders.

    All ways yield steps; the last one says how it ended. When a step raises, or nobody asks for the next one, the
    draft is discarded: nothing of a case that was not published remains.
    """

    def __init__(
        self,
        drafts: DraftStore,
        environment: LearnerEnvironment | None,
        feedback: FeedbackClient,
        *,
        mutants: bool = True,
    ) -> None:
        self._drafts, self._environment, self._feedback, self._mutants = drafts, environment, feedback, mutants

    def check(self, folder: Path) -> AsyncIterator[Step]:
        """End with Passed or Rejected. Raises `TrialsUnavailable`, `DataChanged`."""
        return self.work(folder, Errand("forget"))

    def publish(self, folder: Path) -> AsyncIterator[Step]:
        """End with Published or Rejected; content that is the newest version already is not tried again.

        Raises `TrialsUnavailable`, `DataChanged`.
        """
        return self.work(folder, Errand("publish"))

    async def work(self, folder: Path, errand: Errand) -> AsyncIterator[Step]:
        """Do the errand. Raises `TrialsUnavailable`, `DataChanged`."""
        yield Reading(folder=errand.name or str(folder))
        reading = await to_thread.run_sync(read_case_folder, folder, self._environment)
        draft, notes = reading.draft, tuple(p for p in reading.problems if p.level == "note")
        if draft is None:
            yield Rejected(problems=reading.problems)
            return
        newest = await self._drafts.newest(draft.author.id) if errand.then != "forget" else None
        if newest and newest[0].digest == draft.version and self._drafts.has_image_of(newest[0]):
            yield _published(newest, notes, fresh=False)
            return
        yield Storing(files=len(draft.data), size=sum(source.file.size for source in draft.data))
        claim = await self._drafts.keep(draft, errand.claim)
        try:
            problems = Problems()
            ci, trials = CaseCi(draft, self._feedback, problems, mutants=self._mutants), plan_trials(draft)
            async with aclosing(cast("Any", ci.steps(trials))) as steps:
                async for step in steps:
                    yield step
            notes += tuple(p for p in problems.all if p.level == "note")
            if problems.errors:
                end: Step = Rejected(problems=(*notes, *problems.errors))
            elif errand.then == "publish":
                listed, fresh = await self._drafts.publish(claim, errand.by)
                end = _published(listed, notes, fresh=fresh)
            else:
                kept = errand.then == "keep"
                if kept:
                    await self._drafts.keep_checked(claim, errand.by)
                end = _passed(draft, notes, len(trials), kept=kept)
        finally:
            await self._drafts.discard(claim)
        yield end


def _passed(draft: CaseDraft, notes: tuple[CaseProblem, ...], trials: int, *, kept: bool) -> Passed:
    return Passed(case=draft.author.id, version=draft.version, notes=notes, trials=trials, kept=kept)


def _published(listed: Listed, notes: tuple[CaseProblem, ...], *, fresh: bool) -> Published:
    return Published(summary=summary_of(listed), fresh=fresh, notes=notes)
