"""The folder of a system in which a backup or a restore sets down what it works on."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from infra.backup.errors import BackupFailed

STAGED: Final = "restoring-"
_CUT: Final = "cut-"


@contextlib.contextmanager
def alone(work: Path) -> Iterator[None]:
    """One backup of a system at a time. Raises BackupFailed."""
    descriptor = os.open(work / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupFailed(f"another backup of this system is being made; it holds {work / 'lock'}") from None
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def scratch(work: Path) -> Iterator[Path]:
    """A folder for copies of databases; it is gone after the block."""
    with tempfile.TemporaryDirectory(prefix=_CUT, dir=work) as folder:
        yield Path(folder)


def clear(work: Path) -> None:
    """Remove what one that was killed left; whoever calls this is `alone`."""
    for left in work.iterdir():
        if left.name.startswith((_CUT, STAGED)) and left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
