"""Conversations as files: one JSON document a line, readable by nobody but the user who runs Caseloop."""

import asyncio
import fcntl
import json
import os
import re
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from vault.files import private_folder, sync_folder

_NAME: Final = re.compile(r"chat-[a-z0-9-]{1,64}-[0-9a-f]{8,32}-[0-9a-f]{8,32}\.jsonl")
_LOCK: Final = ".lock"
_LOOK: Final = 0.05
"""Seconds between two looks at a lock that somebody else holds."""


class ExportDamaged(Exception):
    """A file of exports holds a line that cannot be read, so nobody knows whose it is."""


class Exports:
    """The folder of exports. Nothing outside it, and nothing in it that is no export, is ever touched.

    Args:
        folder: made when it is needed first, open to nobody else.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """Make the folder. Raises VaultError when others could look into it."""
        private_folder(self.folder)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Keep everybody else from writing or deleting exports, in this process and others."""
        descriptor = os.open(self._made() / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            while not _locked(descriptor):  # noqa: ASYNC110 - the kernel wakes nobody up who waits without a thread
                await asyncio.sleep(_LOOK)
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def writing(self, name: str) -> Iterator["Lines"]:
        """A file that is there, whole and durable, when the block ends, and not at all when it raises."""
        target = self._path(name)
        draft = target.with_name(f".{name}.{secrets.token_hex(6)}")
        try:
            with _private(draft) as file:
                yield Lines(file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        sync_folder(self.folder)

    def forget(self, learner: str) -> int:
        """Take a learner's lines out of every export; returns how many. Drafts that a crash left go altogether.

        Raises ExportDamaged for what cannot be read, when everything else is done.
        """
        damaged, dropped = [], 0
        for draft in self._made().glob(".chat-*.jsonl.*"):
            draft.unlink()
        for file in self._files():
            try:
                dropped += _without(file, learner)
            except (ValueError, KeyError, TypeError):
                damaged.append(file.name)
        sync_folder(self.folder)
        if damaged:
            raise ExportDamaged(
                f"{', '.join(damaged)} in {self.folder} cannot be read, so nobody knows whose talks it holds; look "
                "at the file and delete it, then do it again"
            )
        return dropped

    def drop_older(self, than: datetime) -> int:
        """Delete exports that were made before; returns how many."""
        old = [file for file in self._files() if file.stat().st_mtime < than.timestamp()]
        for file in old:
            file.unlink()
        return len(old)

    def path(self, name: str) -> Path:
        """Where an export of that name is. Raises ValueError for what is no name of one."""
        return self._path(name)

    def _made(self) -> Path:
        return private_folder(self.folder)

    def _files(self) -> list[Path]:
        return sorted(
            f for f in self._made().iterdir() if _NAME.fullmatch(f.name) and f.is_file() and not f.is_symlink()
        )

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name[:80]!r} is no name of an export")
        return self._made() / name


class Lines:
    """Writes documents, one a line."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def add(self, document: dict[str, Any]) -> None:
        """Write one."""
        self._file.write(json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n")


def _private(path: Path) -> IO[str]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogatepass")


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _without(file: Path, learner: str) -> int:
    """Write the file anew without that learner's lines, or delete it when there are no others."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
    kept = dropped = 0
    try:
        with file.open(encoding="utf-8", errors="surrogatepass") as old, _private(draft) as new:
            for line in old:
                if json.loads(line)["learner"] == learner:
                    dropped += 1
                else:
                    new.write(line)
                    kept += 1
            new.flush()
            os.fsync(new.fileno())
        if not dropped:
            draft.unlink()
        elif not kept:
            draft.unlink()
            file.unlink()
        else:
            # Its age counts from when it was made.
            made = file.stat()
            os.utime(draft, ns=(made.st_atime_ns, made.st_mtime_ns))
            draft.replace(file)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return dropped
