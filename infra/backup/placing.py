"""Files of an archive on their way to the disk, into a new folder that nobody else knows of."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from infra.backup.archive import Kind, Member
from infra.backup.errors import ArchiveRefused, RestoreRefused

LINKED: Final = ("homes", "environments")
"""Folders below which links and permissions are as they were: learners' own, and environments made for cases."""
_FOLDER: Final = 0o700
_FILE: Final = 0o600
_RESERVE: Final = 256 * 1024 * 1024
"""Bytes that stay free on the disk."""


class Placing:
    """Puts members below a folder. Links are made when all else is there, so nothing is ever written through one."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._links: list[tuple[Path, str]] = []
        self._folders: list[tuple[Path, int, float]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is None:
            self._finish()

    def put(self, member: Member, parts: Sequence[str]) -> None:
        """Put a member where its name says. Raises ArchiveRefused where something is already; OSError."""
        place = self._root.joinpath(*parts)
        kept = parts[0] in LINKED and len(parts) > 1
        try:
            place.parent.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
            match member.kind:
                case Kind.FOLDER:
                    place.mkdir(mode=_FOLDER, exist_ok=True)
                    self._folders.append((place, member.mode if kept else _FOLDER, member.modified))
                case Kind.LINK:
                    self._links.append((place, member.target))
                case Kind.FILE:
                    self._file(member, place, member.mode if kept else _FILE)
        except (FileExistsError, NotADirectoryError) as error:
            raise _in_the_way(member.name) from error

    def _file(self, member: Member, place: Path, mode: int) -> None:
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _FILE)
        with os.fdopen(descriptor, "wb") as file:
            for part in member.chunks():
                file.write(part)
            file.flush()
            os.fchmod(descriptor, mode)
            os.utime(descriptor, (member.modified, member.modified))

    def _finish(self) -> None:
        for place, target in self._links:
            try:
                place.symlink_to(target)
            except FileExistsError as error:
                raise _in_the_way(place.name) from error
        # The deepest first: a folder that nobody may write to, or has changed since, comes when all below it is done.
        for place, mode, modified in reversed(self._folders):
            place.chmod(mode)
            os.utime(place, (modified, modified))


def require_room(folder: Path, size: int) -> None:
    """Raises RestoreRefused where so many bytes do not fit."""
    free = shutil.disk_usage(folder).free
    if free < size + _RESERVE:
        raise RestoreRefused(f"{folder} has {free / 1e9:.1f} GB free, and {(size + _RESERVE) / 1e9:.1f} GB are needed")


def _in_the_way(name: str) -> ArchiveRefused:
    return ArchiveRefused(f"{name[:200]!r} in it is in the way of something else in it")
