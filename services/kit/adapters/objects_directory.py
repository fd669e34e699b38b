import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from services.kit.objects import ObjectDamaged, ObjectNotFound, is_digest
from vault.files import sync_folder

_PART = 256 * 1024


class DirectoryObjectStore:
    """Objects as files `ab/cdef…` below one folder of a local disk."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._drafts = root / "drafts"
        self._drafts.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def put(self, data: bytes | AsyncIterator[bytes], *, survives: bool = True) -> str:
        """As `ObjectStore.put`."""
        draft = self._drafts / secrets.token_hex(16)
        try:
            if isinstance(data, bytes):
                return await asyncio.to_thread(self._put, draft, data, survives=survives)
            digest = await _write_parts(draft, data)
            await asyncio.to_thread(self._keep, draft, digest)
        finally:
            with suppress(FileNotFoundError):
                draft.unlink()
        return digest

    async def settle(self, digest: str) -> None:
        """As `ObjectStore.settle`."""
        if is_digest(digest):
            await asyncio.to_thread(self._settle, self._path(digest))

    async def get(self, digest: str) -> bytes:
        """As `ObjectStore.get`."""
        return await asyncio.to_thread(self._get, digest)

    async def open(self, digest: str) -> AsyncIterator[bytes]:
        """As `ObjectStore.open`."""
        path = self._existing(digest)
        try:
            file = await asyncio.to_thread(path.open, "rb")
        except FileNotFoundError:
            raise ObjectNotFound(digest) from None
        hasher = hashlib.sha256()
        with file:
            while part := await asyncio.to_thread(file.read, _PART):
                hasher.update(part)
                yield part
        if hasher.hexdigest() != digest:
            raise ObjectDamaged(digest, str(path))

    async def exists(self, digest: str) -> bool:
        """As `ObjectStore.exists`."""
        # One look at the file system: handing it to a thread takes longer, and writers of rows wait meanwhile.
        return is_digest(digest) and self._path(digest).is_file()

    async def delete(self, digest: str) -> None:
        """As `ObjectStore.delete`."""
        if is_digest(digest):
            await asyncio.to_thread(self._path(digest).unlink, missing_ok=True)

    async def digests(self) -> AsyncIterator[str]:
        """As `ObjectStore.digests`."""
        for digest in await asyncio.to_thread(lambda: list(self._listed())):
            yield digest

    def _listed(self) -> Iterator[str]:
        for folder in self._root.iterdir():
            if folder != self._drafts and folder.is_dir():
                yield from (folder.name + file.name for file in folder.iterdir() if is_digest(folder.name + file.name))

    def _path(self, digest: str) -> Path:
        return self._root / digest[:2] / digest[2:]

    def _existing(self, digest: str) -> Path:
        if not is_digest(digest):
            raise ObjectNotFound(digest)
        return self._path(digest)

    def _get(self, digest: str) -> bytes:
        path = self._existing(digest)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise ObjectNotFound(digest) from None
        if hashlib.sha256(data).hexdigest() != digest:
            raise ObjectDamaged(digest, str(path))
        return data

    def _put(self, draft: Path, data: bytes, *, survives: bool) -> str:
        digest = hashlib.sha256(data).hexdigest()
        if survives or not self._lent(draft, data, digest):
            _write(draft, data)
            self._keep(draft, digest)
        return digest

    def _lent(self, draft: Path, data: bytes, digest: str) -> bool:
        """Keep the data, but do not wait for the disk. False where it is there: one on the disk is not replaced so."""
        path = self._path(digest)
        if path.exists():
            return False
        with _new_file(draft) as file:
            file.write(data)
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.hardlink_to(draft)
        except FileExistsError:
            draft.unlink()
            return False
        return True

    def _settle(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                os.fsync(file.fileno())
        except FileNotFoundError:
            return
        sync_folder(path.parent)
        sync_folder(self._root)

    def _keep(self, draft: Path, digest: str) -> None:
        path = self._path(digest)
        new_folder = not path.parent.exists()
        path.parent.mkdir(mode=0o700, exist_ok=True)
        # Even when the object is there: replacing it mends one that a broken disk has damaged.
        draft.replace(path)
        sync_folder(path.parent)
        if new_folder:
            sync_folder(self._root)


def _write(draft: Path, data: bytes) -> None:
    with _new_file(draft) as file:
        file.write(data)
        _sync(file)


async def _write_parts(draft: Path, parts: AsyncIterator[bytes]) -> str:
    hasher = hashlib.sha256()
    with await asyncio.to_thread(_new_file, draft) as file:
        async for part in parts:
            hasher.update(part)
            await asyncio.to_thread(file.write, part)
        await asyncio.to_thread(_sync, file)
    return hasher.hexdigest()


def _new_file(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb")


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
