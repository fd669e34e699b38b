"""Private files: written whole or not at all, and guarded by locks that die with their process."""

import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vault.errors import VaultError


def private_folder(path: Path) -> Path:
    """Make the folder (0700) if need be. Raises `VaultError` when others could look into or write to it."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    state = path.lstat()
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.geteuid():
        raise VaultError(f"{path} must be a folder that belongs to the user who runs Caseloop; move it away")
    if stat.S_IMODE(state.st_mode) & 0o077:
        raise VaultError(f"{path} is open to other users (mode {stat.S_IMODE(state.st_mode):o}); run chmod 700 {path}")
    return path


def write_private(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace the file by `data` in one step; once this returns it survives a power cut."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make names created or replaced in the folder survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file alone, among threads and processes; waits for the holder."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
