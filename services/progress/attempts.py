import secrets
from collections.abc import Callable
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from services.contracts.feedback import Feedback, Verdict
from services.contracts.identity import ScopeClaims
from services.contracts.notebook import Cell, cells_digest
from services.contracts.progress import (
    CaseProgress,
    CaseStanding,
    Conclude,
    Recorded,
    Submit,
    SubtaskProgress,
    SubtaskState,
    Version,
    VersionSummary,
)
from services.contracts.words import Reword
from services.kit.database import Database
from services.kit.objects import ObjectStore
from services.progress.errors import (
    DigestMismatch,
    OutsideScope,
    QuotaSpent,
    SubmissionNotFound,
    SubmissionTooLarge,
)
from services.progress.models import StandingRow, SubmissionRow
from services.progress.repository import AttemptRepository, Owner, standing_by_case
from services.progress.rewording import reworded
from services.progress.settings import ProgressSettings
from services.progress.settling import Settling
from services.progress.states import Standing, counts, furthest

_CELLS = TypeAdapter(tuple[Cell, ...])


class Attempts:
    """Submissions, what became of them, and where that leaves the learner.

    Whose they are is taken from the scope alone. What a call acknowledges outlives every process before it returns, and
    a power cut, too; only of a submission that has no verdict yet this is not waited for.
    """

    def __init__(
        self, db: Database, objects: ObjectStore, settings: ProgressSettings, clock: Callable[[], datetime]
    ) -> None:
        self._db = db
        self._objects = objects
        self._settling = Settling(objects)
        self._settings = settings
        self._clock = clock

    async def submit(self, scope: ScopeClaims, submit: Submit) -> Recorded:
        """Record cells that are about to be judged; the same cells again are the same submission.

        It reaches the disk while they are judged: until `conclude` nobody has been told anything that could be lost.

        Raises DigestMismatch, OutsideScope, SubmissionTooLarge, QuotaSpent.
        """
        _require_subtask(scope, submit.subtask)
        cells = self._cells_of(submit)
        known = await self._known(scope, submit)
        if known is not None:
            return known
        # Object first, row second: a row always has its cells, a stray object hurts nobody.
        stored = await self._objects.put(cells, survives=False)
        async with self._db.write(survives=False, brief=True) as session:
            recorded = await self._record(session, scope, submit, stored)
            # Thinning of notebooks may have dropped an equal object between the two; under the write lock it cannot.
            if not await self._objects.exists(stored):
                await self._objects.put(cells)
        self._settling.begin(stored)
        return recorded

    async def conclude(self, scope: ScopeClaims, conclude: Conclude) -> SubtaskProgress:
        """Store a verdict and move the state. A submission that was judged once keeps its first verdict.

        Raises SubmissionNotFound, OutsideScope.
        """
        async with self._db.write(brief=True) as session:
            attempts = _repository(session, scope)
            row = await attempts.submission(conclude.submission)
            if row is None or row.case_version != scope.case_version:
                raise SubmissionNotFound(f"There is no submission {conclude.submission[:40]!r} of yours to conclude.")
            _require_subtask(scope, row.subtask)
            now = self._clock()
            standing = await attempts.standing_or_new(row.subtask, now)
            if not counts(_verdict(row)):
                _write_verdict(row, conclude.feedback)
                _move(standing, conclude.feedback, now)
                await session.flush()
            progress = await self.progress_of(attempts, standing)
        await self._settling.settled(row.cells)
        return progress

    async def reword(self, scope: ScopeClaims, reword: Reword) -> Feedback:
        """Replace the rules' words of a submission by a model's. The first words of a model stay.

        Raises SubmissionNotFound, OutsideScope, NotReworded, WordsOutOfPlace.
        """
        async with self._db.write(brief=True) as session:
            row = await _repository(session, scope).submission_to_change(reword.submission)
            if row is None or row.case_version != scope.case_version:
                raise SubmissionNotFound(f"There is no submission {reword.submission[:40]!r} of yours to reword.")
            _require_subtask(scope, row.subtask)
            feedback = reworded(_feedback(row), reword.words)
            row.headline, row.feedback = feedback.headline, feedback.model_dump_json()
            await session.flush()
        return feedback

    async def progress(self, scope: ScopeClaims) -> CaseProgress:
        """Where the learner stands in every subtask that was ever touched."""
        async with self._db.read(brief=True) as session:
            attempts = _repository(session, scope)
            rows = [row for row in await attempts.standings() if scope.subtask in (None, row.subtask)]
            subtasks = tuple([await self.progress_of(attempts, row) for row in rows])
        return CaseProgress(user=scope.user, case=scope.case, case_version=scope.case_version, subtasks=subtasks)

    async def standing_of(self, user: str) -> tuple[CaseStanding, ...]:
        """How far a learner has come in every case they touched, by case."""
        async with self._db.read(brief=True) as session:
            rows = await standing_by_case(session, user)
        return tuple(CaseStanding(case=case, touched=touched, approved=approved) for case, touched, approved in rows)

    async def history(
        self, scope: ScopeClaims, subtask: str | None, before: str | None, limit: int
    ) -> tuple[VersionSummary, ...]:
        """Versions newest first, at most `limit`; `before` is the id of the last one already seen.

        Raises SubmissionNotFound for an unknown `before`, OutsideScope.
        """
        if subtask is not None:
            _require_subtask(scope, subtask)
        return await self.history_of(Owner(scope.user, scope.case), subtask or scope.subtask, before, limit)

    async def history_of(
        self, owner: Owner, subtask: str | None, before: str | None, limit: int
    ) -> tuple[VersionSummary, ...]:
        """As `history`, of anybody; who may ask is the caller's to know. Raises SubmissionNotFound."""
        async with self._db.read(brief=True) as session:
            attempts = AttemptRepository(session, owner)
            older_than = None if before is None else (await self._found(attempts, before)).seq
            rows = await attempts.history(subtask, older_than, limit)
            return tuple(_summary(row) for row in rows)

    async def version(self, scope: ScopeClaims, submission: str) -> Version:
        """One version with its cells. Raises SubmissionNotFound, OutsideScope."""
        async with self._db.read(brief=True) as session:
            row = await self._found(_repository(session, scope), submission)
        _require_subtask(scope, row.subtask)
        return await self._version(row)

    async def version_of(self, owner: Owner, submission: str) -> Version:
        """As `version`, of anybody; who may ask is the caller's to know. Raises SubmissionNotFound."""
        async with self._db.read(brief=True) as session:
            row = await self._found(AttemptRepository(session, owner), submission)
        return await self._version(row)

    async def _version(self, row: SubmissionRow) -> Version:
        cells = _CELLS.validate_json(await self._objects.get(row.cells))
        return Version.model_validate({**dict(_summary(row)), "cells": cells, "feedback": _feedback(row)})

    def _cells_of(self, submit: Submit) -> bytes:
        if submit.digest != cells_digest(submit.subtask, submit.cells):
            raise DigestMismatch(
                f"The digest {submit.digest[:12]}… is not that of the {len(submit.cells)} cells sent with it for "
                f"subtask {submit.subtask!r}; compute it with services.contracts.notebook.cells_digest."
            )
        cells = _CELLS.dump_json(submit.cells)
        if len(cells) > self._settings.submission_bytes:
            raise SubmissionTooLarge(
                f"The notebook's cells are {len(cells) / 1e6:.1f} MB of text; at most "
                f"{self._settings.submission_bytes / 1e6:.1f} MB can be checked. Read large data from a file instead "
                "of pasting it into a cell."
            )
        return cells

    async def _known(self, scope: ScopeClaims, submit: Submit) -> Recorded | None:
        """The answer for cells that were judged before: no lock, no write, no quota.

        Others are refused as early as here, so that a learner without checks left cannot fill the object store.
        """
        async with self._db.read(brief=True) as session:
            attempts = _repository(session, scope)
            row = await attempts.same(scope.case_version, submit.subtask, submit.digest)
            if row is not None and counts(_verdict(row)):
                return _recorded(row)
            await self._require_place(attempts, submit, except_id=row.id if row else None)
        return None

    async def _record(self, session: AsyncSession, scope: ScopeClaims, submit: Submit, stored: str) -> Recorded:
        attempts = _repository(session, scope)
        now = self._clock()
        standing = await attempts.standing_or_new(submit.subtask, now)
        row = await attempts.same(scope.case_version, submit.subtask, submit.digest)
        if row is not None and counts(_verdict(row)):
            return _recorded(row)
        await self._require_place(attempts, submit, except_id=row.id if row else None)
        standing.quota = submit.quota
        if row is not None:
            _reopen(row, now)
            await session.flush()
            return _recorded(row)
        standing.last_number += 1
        standing.state = furthest(SubtaskState(standing.state), SubtaskState.IN_PROGRESS)
        standing.updated = now
        new = _new_row(scope, submit, stored, standing.last_number, now)
        await attempts.add(new)
        return _recorded(new)

    async def _require_place(self, attempts: AttemptRepository, submit: Submit, except_id: str | None) -> None:
        if submit.quota is None:
            return
        taken = await attempts.places_taken(submit.subtask, self._window_start(), except_id)
        if taken < submit.quota:
            return
        raise QuotaSpent(
            f"No check of subtask {submit.subtask!r} is left: {submit.quota} of {submit.quota} are used or under way. "
            "A version that was checked before still shows its feedback, and a check that the platform interrupted "
            f"gives its place back after {_minutes(self._settings)} minutes at most."
        )

    async def progress_of(self, attempts: AttemptRepository, standing: StandingRow) -> SubtaskProgress:
        """A standing as it is said on the wire; the repository's owner is its learner."""
        left = None
        if standing.quota is not None:
            taken = await attempts.places_taken(standing.subtask, self._window_start())
            left = max(0, standing.quota - taken)
        return SubtaskProgress(
            subtask=standing.subtask,
            state=SubtaskState(standing.state),
            attempts=standing.attempts,
            points=standing.points,
            checks_left=left,
            updated=standing.updated,
        )

    async def _found(self, attempts: AttemptRepository, submission: str) -> SubmissionRow:
        row = await attempts.submission(submission)
        if row is None:
            raise SubmissionNotFound(
                f"There is no version {submission[:40]!r} among those checked in this case. "
                "Load the history again and choose one from it."
            )
        return row

    def _window_start(self) -> datetime:
        return self._clock() - self._settings.quota_window


def _repository(session: AsyncSession, scope: ScopeClaims) -> AttemptRepository:
    return AttemptRepository(session, Owner(scope.user, scope.case))


def _require_subtask(scope: ScopeClaims, subtask: str) -> None:
    if scope.subtask not in (None, subtask):
        raise OutsideScope(f"This call may touch subtask {scope.subtask!r} only, not {subtask!r}.")


def _minutes(settings: ProgressSettings) -> int:
    return max(1, round(settings.quota_window.total_seconds() / 60))


def _verdict(row: SubmissionRow) -> Verdict | None:
    return None if row.verdict is None else Verdict(row.verdict)


def _feedback(row: SubmissionRow) -> Feedback | None:
    return None if row.feedback is None else Feedback.model_validate_json(row.feedback)


def _recorded(row: SubmissionRow) -> Recorded:
    return Recorded(submission=row.id, number=row.number, feedback=_feedback(row) if counts(_verdict(row)) else None)


def _summary(row: SubmissionRow) -> VersionSummary:
    return VersionSummary(
        submission=row.id,
        subtask=row.subtask,
        number=row.number,
        recorded=row.recorded,
        verdict=_verdict(row),
        headline=row.headline,
        points=row.points,
    )


def _new_row(scope: ScopeClaims, submit: Submit, stored: str, number: int, now: datetime) -> SubmissionRow:
    return SubmissionRow(
        id=secrets.token_hex(16),
        learner=scope.user,
        case_id=scope.case,
        case_version=scope.case_version,
        subtask=submit.subtask,
        digest=submit.digest,
        number=number,
        cells=stored,
        recorded=now,
        opened=now,
        verdict=None,
        points=0.0,
        headline="",
        feedback=None,
    )


def _reopen(row: SubmissionRow, now: datetime) -> None:
    row.opened = now
    row.verdict, row.headline, row.feedback, row.points = None, "", None, 0.0


def _write_verdict(row: SubmissionRow, feedback: Feedback) -> None:
    row.verdict, row.headline, row.points = feedback.verdict, feedback.headline, feedback.points
    row.feedback = feedback.model_dump_json()


def _move(row: StandingRow, feedback: Feedback, now: datetime) -> None:
    before = Standing(SubtaskState(row.state), row.attempts, row.points)
    after = before.after(feedback)
    row.state, row.attempts, row.points, row.updated = after.state, after.attempts, after.points, now
