from typing import Final
from uuid import uuid4

from case_uploader.errors import CaseVersionNotFound
from case_uploader.models import ActionRow, RegradeItemRow, RegradeRow
from case_uploader.regrades.errors import RegradeNotFound, RegradeNotReady
from case_uploader.regrades.repository import RegradeRepository
from case_uploader.versions.repository import HistoryRepository
from services.contracts.clients.regrading import RegradingClient
from services.contracts.feedback import Feedback
from services.contracts.regrade import ApplyRegrade, RegradeItem, RegradeView, RegradeWrite
from services.kit.clock import Clock, utc_now
from services.kit.database import Database
from services.kit.jobs import Job, JobQueue

REGRADE_QUEUE: Final = "regrades"
REGRADE_JOB: Final = "regrade"
_CHANGED: Final = ("gain", "loss", "unclear")
_SHOWN: Final = 500
_LISTED: Final = 20
_BATCH: Final = 50
_ALL: Final = 1_000_000


class Regrades:
    """Has everybody's work judged again, shows what would change, and applies what helps learners."""

    def __init__(self, db: Database, jobs: JobQueue, progress: RegradingClient, clock: Clock = utc_now) -> None:
        self._db, self._jobs, self._progress, self._clock = db, jobs, progress, clock

    async def start(self, version: str, by: str) -> RegradeView:
        """Begin a preview by this version. Raises `CaseVersionNotFound`."""
        now = self._clock()
        async with self._db.write() as session:
            case = await HistoryRepository(session).version(version)
            if case is None:
                raise CaseVersionNotFound(f"There is no published or checked version {version[:64]!r}.")
            row = RegradeRow(
                id=uuid4().hex, case_id=case.case_id, version=version, by=by, state="running", begun=now, detail=""
            )
            RegradeRepository(session).add(row)
            await self._jobs.enqueue(session, Job(REGRADE_QUEUE, REGRADE_JOB, {"regrade": row.id}, key=row.id))
        return await self.get(row.id)

    async def get(self, regrade: str) -> RegradeView:
        """One regrade with what it found. Raises `RegradeNotFound`."""
        async with self._db.read() as session:
            repository = RegradeRepository(session)
            row = await _existing(repository, regrade)
            changes = await repository.items(regrade, _CHANGED, _SHOWN)
            return await _view(repository, row, tuple(map(_item, changes)))

    async def of_case(self, case: str) -> tuple[RegradeView, ...]:
        """The last regrades of a case, newest first, without what they found."""
        async with self._db.read() as session:
            repository = RegradeRepository(session)
            return tuple([await _view(repository, row) for row in await repository.of_case(case, _LISTED)])

    async def apply(self, regrade: str, by: str) -> RegradeView:
        """Take the gains over in earnest; again changes nothing more. Raises `RegradeNotFound`, `RegradeNotReady`."""
        async with self._db.read() as session:
            repository = RegradeRepository(session)
            row = await _existing(repository, regrade)
            gains = await repository.items(regrade, ("gain",), _ALL)
        if row.state == "applied":
            return await self.get(regrade)
        if row.state != "ready":
            raise RegradeNotReady(f"Only a finished preview can be applied; this one is {row.state}.")
        changed = 0
        for start in range(0, len(gains), _BATCH):
            writes = tuple(
                RegradeWrite(submission=one.submission, feedback=Feedback.model_validate_json(one.feedback))
                for one in gains[start : start + _BATCH]
            )
            wanted = ApplyRegrade(case=row.case_id, version=row.version, by=by, items=writes)
            changed += (await self._progress.apply(wanted)).changed
        now = self._clock()
        async with self._db.write() as session:
            row = await _existing(RegradeRepository(session), regrade)
            row.state, row.applied, row.ended = "applied", changed, now
            detail = f"{changed} verdicts"
            session.add(
                ActionRow(at=now, by=by, what="regraded", case_id=row.case_id, version=row.version, detail=detail)
            )
        return await self.get(regrade)


async def _existing(repository: RegradeRepository, regrade: str) -> RegradeRow:
    row = await repository.get(regrade)
    if row is None:
        raise RegradeNotFound("There is no such regrade.")
    return row


async def _view(repository: RegradeRepository, row: RegradeRow, changes: tuple[RegradeItem, ...] = ()) -> RegradeView:
    counts = await repository.counts(row.id)
    return RegradeView.model_validate(
        {
            "id": row.id,
            "case": row.case_id,
            "version": row.version,
            "by": row.by,
            "state": row.state,
            "begun": row.begun,
            "ended": row.ended,
            "done": counts.total(),
            "gains": counts["gain"],
            "losses": counts["loss"],
            "unclear": counts["unclear"],
            "applied": row.applied,
            "detail": row.detail,
            "changes": changes,
        }
    )


def _item(row: RegradeItemRow) -> RegradeItem:
    return RegradeItem.model_validate(
        {
            "user": row.learner,
            "subtask": row.subtask,
            "before": row.before,
            "before_points": row.before_points,
            "after": row.after,
            "after_points": row.after_points,
            "effect": row.effect,
            "headline": Feedback.model_validate_json(row.feedback).headline,
        }
    )
