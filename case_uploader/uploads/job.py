"""What happens to an archive that is complete: unpack, wait for the case's turn, try, keep or publish."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncSession

from case_uploader.format.manifest import read_manifest
from case_uploader.format.problem import Problems
from case_uploader.models import UploadRow
from case_uploader.publish import Errand
from case_uploader.steps import Again, Failed, Last, Passed, Published, Queueing, Rejected, Step, Unpacking
from case_uploader.uploads.archive import ArchiveLimits, unpack
from case_uploader.uploads.repository import UploadRepository
from case_uploader.uploads.storage import UploadStorage
from case_uploader.uploads.turns import CaseTurns
from case_uploader.workshop import Workshop
from services.contracts.upload import UNDER_WAY
from services.kit.clock import Clock, utc_now
from services.kit.database import Database
from services.kit.errors import CaseloopError
from services.kit.jobs import Held, Lease

_STOPPED = "Caseloop was stopped in the middle."
_NO_MORE = "Caseloop was stopped in the middle of every attempt, or broke; the log says more. Upload the case again."


class _GivenUp(Exception):
    """The one who wanted the upload does not want it any more."""


class UploadJob:
    """Works on one archive. Doing it twice gives the same as once: content that is published already stays one."""

    def __init__(
        self,
        db: Database,
        storage: UploadStorage,
        workshop: Workshop,
        turns: CaseTurns,
        limits: ArchiveLimits | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self._db, self._storage, self._workshop, self._turns, self._clock = db, storage, workshop, turns, clock
        self._limits = limits

    async def run(self, lease: Lease) -> None:
        """Do the job; see `Handler.run`."""
        upload = await self._begin(lease.job)
        if upload is None:
            return
        try:
            async with aclosing(cast("Any", self._steps(upload))) as steps:
                async for step in steps:
                    if isinstance(step, Rejected | Passed | Published | Failed):
                        await self._end(upload.id, lease, step)
                    else:
                        await self._tell(upload.id, step)
        except _GivenUp:
            pass
        except CaseloopError as error:
            await self._note(upload.id, error.detail)
            raise
        await self._storage.remove(upload.id)

    async def gave_up(self, session: AsyncSession, job: Held, error: str) -> None:  # noqa: ARG002 - it is in the log
        """Note that the upload failed; see `Handler.gave_up`."""
        upload = str(job.payload["upload"])
        row = await UploadRepository(session).get(upload)
        if row is None or row.state not in UNDER_WAY:
            return
        row.detail = row.detail or _NO_MORE
        row.state, row.ended = "failed", self._clock()
        await UploadRepository(session).tell(upload, Failed(detail=row.detail).model_dump_json(), self._clock())
        await self._storage.remove(upload)

    async def _begin(self, job: Held) -> UploadRow | None:
        async with self._db.write() as session:
            repository = UploadRepository(session)
            row = await repository.get(str(job.payload["upload"]))
            if row is None or row.state not in ("waiting", "working"):
                return None
            if job.attempt > 1 or row.state == "working":
                why = row.detail or _STOPPED
                await repository.tell(row.id, Again(attempt=job.attempt, why=why).model_dump_json(), self._clock())
            row.state, row.detail = "working", ""
        return row

    async def _steps(self, upload: UploadRow) -> AsyncIterator[Step]:
        yield Unpacking()
        into = await self._storage.fresh_folder(upload.id)
        archive = self._storage.archive(upload.id)
        unpacked = await asyncio.to_thread(unpack, archive, into, upload.name, self._limits)
        if unpacked.folder is None:
            yield Rejected(problems=unpacked.problems)
            return
        case = await asyncio.to_thread(_case_id, unpacked.folder)
        if case is None:
            async for step in self._work(upload, unpacked.folder):
                yield step
            return
        await self._name_case(upload.id, case)

        async def waiting() -> None:
            await self._tell(upload.id, Queueing(case=case))

        async with self._turns.taken(case, upload.id, waiting):
            async for step in self._work(upload, unpacked.folder):
                yield step

    async def _work(self, upload: UploadRow, folder: Path) -> AsyncIterator[Step]:
        errand = Errand("publish" if upload.publish else "keep", upload.name, upload.by, upload.id)
        # Closed by hand: the draft must be gone before the case's turn is given back.
        async with aclosing(cast("Any", self._workshop.work(folder, errand))) as steps:
            async for step in steps:
                yield step

    async def _tell(self, upload: str, step: Step) -> None:
        async with self._db.write() as session:
            row = await UploadRepository(session).get(upload)
            if row is None or row.state not in UNDER_WAY:
                raise _GivenUp
            await UploadRepository(session).tell(upload, step.model_dump_json(), self._clock())

    async def _note(self, upload: str, detail: str) -> None:
        async with self._db.write() as session:
            row = await UploadRepository(session).get(upload)
            if row is not None:
                row.detail = detail

    async def _name_case(self, upload: str, case: str) -> None:
        async with self._db.write() as session:
            row = await UploadRepository(session).get(upload)
            if row is not None:
                row.case_id = case

    async def _end(self, upload: str, lease: Lease, end: Last) -> None:
        async with self._db.write() as session:
            repository = UploadRepository(session)
            row = await repository.get(upload)
            assert row is not None, "uploads are never deleted"
            await repository.tell(upload, end.model_dump_json(), self._clock())
            match end:
                case Rejected():
                    row.state = "rejected"
                case Passed():
                    row.state, row.case_id, row.version = "checked", end.case, end.version
                case Published():
                    row.state, row.case_id, row.version = "published", end.summary.id, end.summary.version
                case Failed():
                    row.state, row.detail = "failed", end.detail
            row.ended = self._clock()
            await lease.done(session)


def _case_id(folder: Path) -> str | None:
    manifest = read_manifest(folder, Problems())
    return manifest.id if manifest else None
