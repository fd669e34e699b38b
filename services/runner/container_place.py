"""What a runner shows to its containers, in a folder of its own: the code that runs inside, and their ways in."""

import fcntl
import os
import secrets
import shutil
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Final

from services.runner.bubblewrap import SANDBOX_CODE

SOCKET: Final = "s"
"""Name of a way in; short, because the path of a socket may have 107 bytes."""
_LOCK: Final = "lock"


class Place:
    """One runner's folder below `root`, which several may share. It is locked as long as the runner lives."""

    def __init__(self, root: Path) -> None:
        self._root, self.name = root, secrets.token_hex(4)
        self._lock: int | None = None

    @cached_property
    def _folder(self) -> Path:
        """Made when something is first shown; nobody else on this machine may look in."""
        folder, first = self._root / self.name, self._root / f"{self.name}.{_LOCK}"
        folder.mkdir(mode=0o700, parents=True)
        # It comes into the folder locked: whoever looks in between takes nobody for killed.
        self._lock = os.open(first, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        first.rename(folder / _LOCK)
        return folder

    @cached_property
    def code(self) -> Path:
        """A copy of the sandbox's code: the engine sees this folder, and containers' users may read what lies in it."""
        copy = self._folder / "code"
        shutil.copytree(SANDBOX_CODE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        for path in (copy, *copy.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        return copy

    @contextmanager
    def listening(self, mark: str) -> Iterator[tuple[socket.socket, Path]]:
        """A socket in a folder that one container alone sees, under a user who is not ours.

        The folder goes with the end of the block: what is mounted stays, with no way out of it.
        """
        door = self._folder / mark
        door.mkdir()
        try:
            with socket.socket(socket.AF_UNIX) as listener:
                listener.setblocking(False)
                listener.bind(str(door / SOCKET))
                (door / SOCKET).chmod(0o666)
                door.chmod(0o755)
                listener.listen(1)
                yield listener, door
        finally:
            shutil.rmtree(door, ignore_errors=True)

    def stale(self) -> frozenset[str]:
        """Names of runners that are no more, though their folders are."""
        if not self._root.is_dir():
            return frozenset()
        return frozenset(folder.name for folder in self._root.iterdir() if _is_left(folder / _LOCK))

    def forget(self, names: Iterable[str]) -> None:
        """Remove their folders."""
        for name in names:
            shutil.rmtree(self._root / name, ignore_errors=True)

    def close(self) -> None:
        """Show nothing any more."""
        shutil.rmtree(self._root / self.name, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _is_left(lock: Path) -> bool:
    """Whether nobody holds it."""
    with suppress(OSError):
        opened = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            return True
        finally:
            os.close(opened)
    return False
