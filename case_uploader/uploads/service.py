import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from typing import Any, Final, cast
from uuid import uuid4

from case_uploader.models import UploadRow
from case_uploader.settings import UploadSettings
from case_uploader.steps import STEP, Received, Step
from case_uploader.uploads.errors import (
    TooManyUploads,
    UploadIncomplete,
    UploadNotFound,
    UploadSettled,
    UploadTooLarge,
    WrongChecksum,
    WrongOffset,
)
from case_uploader.uploads.repository import UploadRepository
from case_uploader.uploads.storage import LargerThanAllowed, UploadStorage
from services.contracts.upload import UNDER_WAY, OpenUpload, UploadStep, UploadView
from services.kit.clock import Clock, utc_now
from services.kit.database import Database
from services.kit.jobs import Job, JobQueue

UPLOAD_QUEUE: Final = "uploads"
UPLOAD_JOB: Final = "upload"
_ATTEMPTS: Final = 3
_LOOK_SECONDS: Final = 0.25
"""How often a reader of steps looks for more; another process may be the one that works."""
_LISTED: Final = 50


class Uploads:
    """Receives archives in parts, has jobs work on them, and tells what happens."""

    def __init__(
        self,
        db: Database,
        jobs: JobQueue,
        storage: UploadStorage,
        settings: UploadSettings,
        *,
        attempts: int = _ATTEMPTS,
        clock: Clock = utc_now,
    ) -> None:
        self._db, self._jobs, self._storage, self._settings, self._clock = db, jobs, storage, settings, clock
        self._attempts = attempts

    async def open(self, person: str, wanted: OpenUpload) -> UploadView:
        """Begin an upload. Raises `UploadTooLarge`, `TooManyUploads`."""
        if wanted.size > self._settings.max_bytes:
            raise UploadTooLarge(
                f"The archive has {wanted.size:,} bytes; {self._settings.max_bytes:,} are taken "
                "(CASELOOP_UPLOAD_MAX_BYTES)."
            )
        now = self._clock()
        async with self._db.write() as session:
            repository = UploadRepository(session)
            if await repository.unfinished_of(person) >= self._settings.at_once:
                raise TooManyUploads(
                    f"You have {self._settings.at_once} unfinished uploads. Finish or cancel one of them first."
                )
            row = UploadRow(
                id=uuid4().hex,
                name=wanted.name,
                by=person,
                size=wanted.size,
                received=0,
                publish=wanted.publish,
                state="receiving",
                begun=now,
                touched=now,
                detail="",
            )
            repository.add(row)
            await asyncio.to_thread(self._storage.begin, row.id)
        return self._view(row)

    async def get(self, upload: str) -> UploadView:
        """One upload. Raises `UploadNotFound`."""
        async with self._db.read() as session:
            return self._view(await _existing(UploadRepository(session), upload))

    async def newest(self) -> tuple[UploadView, ...]:
        """The last uploads, newest first."""
        async with self._db.read() as session:
            return tuple(map(self._view, await UploadRepository(session).newest(_LISTED)))

    async def append(
        self, upload: str, offset: int, parts: AsyncIterator[bytes], checksum: str | None = None
    ) -> UploadView:
        """Keep a part that begins at `offset`; with a `checksum` (sha256) only if it is what was sent.

        Raises `UploadNotFound`, `UploadSettled`, `WrongOffset`, `UploadTooLarge`, `WrongChecksum`; what was kept
        before stays, and sending goes on at its end.
        """
        row = await self._receiving(upload)
        if offset != row.received:
            raise _wrong_offset(row.received)
        most = min(self._settings.part_bytes, row.size - offset)
        try:
            written, digest = await self._storage.write(upload, offset, parts, most)
        except LargerThanAllowed:
            raise UploadTooLarge(f"At most {most:,} more bytes are taken here; the part has more.") from None
        if checksum is not None and checksum != digest:
            raise WrongChecksum(f"The part at {offset:,} is not what was sent; send it again.")
        async with self._db.write() as session:
            repository = UploadRepository(session)
            if not await repository.advance(upload, offset, offset + written, self._clock()):
                raise _wrong_offset((await _existing(repository, upload)).received)
        return await self.get(upload)

    async def complete(self, upload: str, digest: str | None = None) -> UploadView:
        """Hand the archive over to the workers; asking again changes nothing.

        Raises `UploadNotFound`, `UploadIncomplete`, `UploadSettled`, `WrongChecksum` (the upload is then useless).
        """
        view = await self.get(upload)
        if view.state not in ("receiving", "cancelled"):
            return view
        row = await self._receiving(upload)
        if row.received != row.size:
            raise UploadIncomplete(f"{row.received:,} of {row.size:,} bytes are here; go on at {row.received:,}.")
        found = await self._storage.digest(upload, row.size)
        if digest is not None and digest != found:
            raise WrongChecksum("The archive is not what was sent; cancel this upload and begin anew.")
        async with self._db.write() as session:
            repository = UploadRepository(session)
            row = await _existing(repository, upload)
            if row.state == "receiving":
                row.state, row.touched = "waiting", self._clock()
                await repository.tell(upload, Received(size=row.size).model_dump_json(), self._clock())
                job = Job(UPLOAD_QUEUE, UPLOAD_JOB, {"upload": upload}, key=upload, attempts=self._attempts)
                await self._jobs.enqueue(session, job)
        return await self.get(upload)

    async def cancel(self, upload: str) -> UploadView:
        """Forget an upload that is still being received. Raises `UploadNotFound`, `UploadSettled`."""
        async with self._db.write() as session:
            row = await _existing(UploadRepository(session), upload)
            if row.state not in ("receiving", "cancelled"):
                raise UploadSettled("The archive is complete and being worked on; it cannot be cancelled any more.")
            row.state, row.ended = "cancelled", self._clock()
        await self._storage.remove(upload)
        return await self.get(upload)

    async def abandon(self, upload: str) -> None:
        """Give up an upload that has not ended, at whatever it is; whoever works on it stops before publishing."""
        async with self._db.write() as session:
            row = await _existing(UploadRepository(session), upload)
            if row.state not in UNDER_WAY:
                return
            row.state, row.ended = "cancelled", self._clock()
        await self._storage.remove(upload)

    async def steps(self, upload: str, after: int = 0) -> AsyncIterator[UploadStep]:
        """What an upload tells, from the step after number `after` on, until it has ended. Raises `UploadNotFound`."""
        while True:
            async with self._db.read() as session:
                repository = UploadRepository(session)
                row = await _existing(repository, upload)
                told = await repository.told(upload, after)
            for one in told:
                after = one.sequence
                step = STEP.validate_json(one.step).model_dump(mode="json")
                yield UploadStep(sequence=one.sequence, at=one.at, step=step)
            if row.state not in UNDER_WAY:
                return
            await asyncio.sleep(_LOOK_SECONDS)

    async def told(self, upload: str) -> AsyncIterator[Step]:
        """As `steps`, for this process."""
        async with aclosing(cast("Any", self.steps(upload))) as steps:
            async for one in steps:
                yield STEP.validate_python(one.step)

    async def sweep(self) -> None:
        """Cancel uploads that nobody goes on with, and remove files that belong to none."""
        before = self._clock() - timedelta(hours=self._settings.unfinished_hours)
        async with self._db.write() as session:
            repository = UploadRepository(session)
            for row in await repository.abandoned(before):
                row.state, row.ended = "cancelled", self._clock()
        # only when it is certain that they are cancelled
        async with self._db.write() as session:
            known = await UploadRepository(session).unfinished()
            # inside the transaction: an upload that begins meanwhile has its folder after its row
            await self._storage.remove_others(known.__contains__)

    async def _receiving(self, upload: str) -> UploadRow:
        async with self._db.read() as session:
            row = await _existing(UploadRepository(session), upload)
        if row.state != "receiving":
            raise UploadSettled(f"This upload takes no more parts: it is {row.state}.")
        return row

    def _view(self, row: UploadRow) -> UploadView:
        return UploadView.model_validate(
            {
                "id": row.id,
                "name": row.name,
                "by": row.by,
                "size": row.size,
                "received": row.received,
                "part_bytes": self._settings.part_bytes,
                "publish": row.publish,
                "state": row.state,
                "begun": row.begun,
                "ended": row.ended,
                "case": row.case_id,
                "version": row.version,
                "detail": row.detail,
            }
        )


async def _existing(repository: UploadRepository, upload: str) -> UploadRow:
    row = await repository.get(upload)
    if row is None:
        raise UploadNotFound("There is no such upload (any more).")
    return row


def _wrong_offset(received: int) -> WrongOffset:
    return WrongOffset(f"The next part begins at {received:,}.")
