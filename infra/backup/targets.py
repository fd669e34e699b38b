"""Where a backup is written to: never over anything, and under its name only when it is whole."""

import contextlib
import errno
import os
import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from infra.backup.errors import BackupFailed
from vault.files import sync_folder

_NAME: Final = re.compile(r"caseloop-\d{8}T\d{6}Z\.age")
_DRAFT: Final = re.compile(r"\.caseloop-\d{8}T\d{6}Z\.age\.[0-9a-f]{12}\.part")
_NO_LINKS: Final = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)
"""What a file system says that knows no second name of a file."""


def chosen(target: Path, home: Path, now: datetime) -> Path:
    """The file itself, or in a folder one that is named for the moment. Raises BackupFailed where it must not be."""
    file = target / f"caseloop-{now:%Y%m%dT%H%M%SZ}.age" if target.is_dir() else target
    if not file.parent.is_dir():
        raise BackupFailed(f"there is no folder {file.parent}; make it, or mount what should be there")
    if os.path.lexists(file):
        raise BackupFailed(f"{file} is there already; a backup replaces nothing: choose another name")
    if file.resolve().is_relative_to(home.resolve()):
        raise BackupFailed(f"{file} would lie in {home}, and be lost with it; choose a place on another disk")
    return file


@contextlib.contextmanager
def new_file(file: Path) -> Iterator[BinaryIO]:
    """A file that is there, whole and durable, when the block ends, and not at all when it raises.

    Raises BackupFailed where somebody made it meanwhile, or the disk is full.
    """
    draft = file.with_name(f".{file.name}.{secrets.token_hex(6)}.part")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as out:
                yield out
                out.flush()
                os.fsync(out.fileno())
            _publish(draft, file)
        finally:
            draft.unlink(missing_ok=True)
        sync_folder(file.parent)
    except OSError as error:
        raise BackupFailed(f"{file} cannot be written: {error.strerror or error}") from error


def _publish(draft: Path, file: Path) -> None:
    try:
        file.hardlink_to(draft)
    except FileExistsError:
        raise BackupFailed(f"{file} was made by somebody else meanwhile; it is left as it is") from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        draft.rename(file)


def backups(folder: Path) -> list[Path]:
    """Those in a folder that were named for their moment, the newest first."""
    return sorted((file for file in folder.iterdir() if _NAME.fullmatch(file.name) and file.is_file()), reverse=True)


def made_at(file: Path) -> datetime:
    """When one that was named for its moment was made."""
    return datetime.strptime(file.name, "caseloop-%Y%m%dT%H%M%SZ.age").replace(tzinfo=UTC)


def prune(folder: Path, keep: int) -> list[Path]:
    """Delete all but the newest, and drafts that a killed process left; returns the backups deleted."""
    for draft in folder.iterdir():
        if _DRAFT.fullmatch(draft.name):
            draft.unlink(missing_ok=True)
    old = backups(folder)[keep:]
    for file in old:
        file.unlink()
    return old
