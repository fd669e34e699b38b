"""Uploads and those who work on them, in one process."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import structlog

from case_uploader.steps import Failed, Step
from case_uploader.uploads.errors import UploadFailed
from case_uploader.uploads.packing import CannotPack, pack
from case_uploader.uploads.service import UPLOAD_QUEUE, Uploads
from services.contracts.upload import OpenUpload
from services.kit.jobs import Handler, JobQueue

_SWEEP_SECONDS = 3_600.0
_PIECE = 1024 * 1024
_log = structlog.get_logger(__name__)


class Office:
    """Takes uploads and works on them. Any number of processes may have one over the same database and folder."""

    def __init__(self, uploads: Uploads, jobs: JobQueue, handlers: dict[str, Handler], spool: Path) -> None:
        self.uploads, self._jobs, self._handlers, self._spool = uploads, jobs, handlers, spool

    async def work(self) -> None:
        """Do jobs until cancelled; what is left of broken uploads is swept now and then."""
        sweeping = asyncio.create_task(self._sweep())
        try:
            await self._jobs.work(UPLOAD_QUEUE, self._handlers)
        finally:
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping

    async def deliver(self, source: Path, person: str, *, publish: bool) -> AsyncIterator[Step]:
        """Upload a folder or archive of this machine and tell what becomes of it, working on it here if need be.

        When nobody asks for the next step, the upload is given up. Raises `CannotPack`, `UploadFailed` and what
        `Uploads` raises.
        """
        upload = await self._send(source, person, publish=publish)
        working = asyncio.create_task(self._jobs.work(UPLOAD_QUEUE, self._handlers))
        try:
            # closed by hand, so that nobody reads a database that is being closed
            async with aclosing(cast("Any", self.uploads.told(upload))) as steps:
                async for step in steps:
                    if isinstance(step, Failed):
                        raise UploadFailed(step.detail)
                    yield step
        finally:
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working
            await self.uploads.abandon(upload)

    async def _send(self, source: Path, person: str, *, publish: bool) -> str:
        with TemporaryDirectory(dir=self._spool, prefix=".packing-") as folder:
            archive = await asyncio.to_thread(_archive_of, source, Path(folder))
            with archive.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if not size:
                    raise CannotPack(f"{source} is empty; give a case folder or a zip archive of one")
                name = source.name or str(source)
                view = await self.uploads.open(person, OpenUpload(name=name[:200], size=size, publish=publish))
                while view.received < size:
                    here = view.received
                    part = _part(file.fileno(), here, min(view.part_bytes, size - here))
                    view = await self.uploads.append(view.id, here, part)
                    if view.received == here:
                        raise CannotPack(f"{source} became shorter while it was read; try again when it is at rest")
                await self.uploads.complete(view.id)
        return view.id

    async def _sweep(self) -> None:
        while True:
            try:
                await self.uploads.sweep()
            except Exception:
                # a database that is away for a while is no reason to stop sweeping
                _log.exception("uploads could not be swept")
            await asyncio.sleep(_SWEEP_SECONDS)


def _archive_of(source: Path, folder: Path) -> Path:
    if not source.is_dir():
        return source
    archive = folder / "case.zip"
    pack(source, archive)
    return archive


async def _part(descriptor: int, offset: int, size: int) -> AsyncIterator[bytes]:
    """A part of a file, never held whole."""
    done = 0
    while done < size:
        piece = await asyncio.to_thread(os.pread, descriptor, min(_PIECE, size - done), offset + done)
        if not piece:
            return
        yield piece
        done += len(piece)
