import asyncio
import hashlib
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from vault.files import private_folder

_PART = 1024 * 1024
_PACKING_SECONDS = 24 * 3_600
"""After this a folder in which a command packs something was left by one that was killed."""


class LargerThanAllowed(Exception):
    """More bytes came than were announced."""


class UploadStorage:
    """Archives while they are received and worked on, one folder each; nothing of them stays afterwards."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def prepare(self) -> None:
        """Make the folder."""
        private_folder(self._root)

    @property
    def root(self) -> Path:
        """The folder of all; names that begin with a dot are of those who pack."""
        return self._root

    def archive(self, upload: str) -> Path:
        """Where the archive lies."""
        return self._root / upload / "archive.zip"

    def begin(self, upload: str) -> None:
        """Make room for an archive."""
        (self._root / upload).mkdir(mode=0o700)

    async def write(self, upload: str, offset: int, parts: AsyncIterator[bytes], most: int) -> tuple[int, str]:
        """Write at `offset`; return how many bytes came and their sha256. They are on the disk when this returns.

        Raises `LargerThanAllowed` when more than `most` come.
        """
        hasher, written = hashlib.sha256(), 0
        descriptor = os.open(self.archive(upload), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            async for part in parts:
                if written + len(part) > most:
                    raise LargerThanAllowed
                hasher.update(part)
                await asyncio.to_thread(_write_all, descriptor, part, offset + written)
                written += len(part)
            await asyncio.to_thread(os.fsync, descriptor)
        finally:
            os.close(descriptor)
        return written, hasher.hexdigest()

    async def digest(self, upload: str, size: int) -> str:
        """Cut off what a broken write left behind `size`; return the sha256 of the rest."""
        return await asyncio.to_thread(_digest, self.archive(upload), size)

    async def fresh_folder(self, upload: str) -> Path:
        """An empty folder to unpack into; what an earlier try left is removed."""

        def make() -> Path:
            folder = self._root / upload / "unpacked"
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700)
            return folder

        return await asyncio.to_thread(make)

    async def remove(self, upload: str) -> None:
        """Remove all of an upload's files."""
        await asyncio.to_thread(shutil.rmtree, self._root / upload, ignore_errors=True)

    async def remove_others(self, known: Callable[[str], bool]) -> None:
        """Remove what belongs to no upload any more: a process was killed before it could."""

        def sweep() -> None:
            for folder in self._root.iterdir():
                packing = folder.name.startswith(".") and time.time() - folder.stat().st_mtime < _PACKING_SECONDS
                if not packing and not known(folder.name):
                    shutil.rmtree(folder, ignore_errors=True)

        await asyncio.to_thread(sweep)


def _write_all(descriptor: int, part: bytes, at: int) -> None:
    view = memoryview(part)
    while view:
        count = os.pwrite(descriptor, view, at)
        view, at = view[count:], at + count


def _digest(path: Path, size: int) -> str:
    hasher = hashlib.sha256()
    with path.open("r+b") as file:
        file.truncate(size)
        while part := file.read(_PART):
            hasher.update(part)
    return hasher.hexdigest()
