"""Files of a folder on their way into an archive. Some belong to learners, who may change them at any moment."""

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, cast

from infra.backup.archive import PART, ArchiveWriter

FILES: Final = "files"
"""Where they are in an archive."""
_IN_MEMORY: Final = 8 * 1024 * 1024
"""Bytes of a file; longer ones are set down on the disk while they are read."""
_DEEPEST: Final = 100
_HOLLOW: Final = 1 << 30
"""A file that claims to be longer, and takes a tenth of that on the disk, is there to keep us busy for hours."""
_BLOCK: Final = 512


@dataclass(frozen=True)
class Tree:
    """A folder to keep."""

    root: Path
    name: str = ""
    """Where it is put, below `FILES`; empty: right there."""
    leaves_out: Callable[[str], bool] = lambda _: False
    """Whether a file or folder of that name, below `FILES`, is made again, or kept in another way."""


@dataclass
class FilesKept:
    """What became of them."""

    files: int = 0
    left_out: list[str] = field(default_factory=list)
    """Names of files that could not be read, with the reason."""


def add_tree(archive: ArchiveWriter, tree: Tree, work: Path, kept: FilesKept) -> Iterator[int]:
    """Add all files, folders and links of a tree; yields the bytes of each file.

    What is replaced by a link meanwhile is never followed: a learner would get at the operator's files that way.
    """
    try:
        descriptor = os.open(tree.root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if tree.name:
        state = os.fstat(descriptor)
        archive.folder(f"{FILES}/{tree.name}", mode=state.st_mode, modified=state.st_mtime)
    yield from _Walk(archive, tree, work, kept).folder(descriptor, tree.name, 0)


@dataclass(frozen=True)
class _Walk:
    archive: ArchiveWriter
    tree: Tree
    work: Path
    kept: FilesKept

    def folder(self, descriptor: int, name: str, depth: int) -> Iterator[int]:
        """All below an open folder, which is closed."""
        try:
            with os.scandir(descriptor) as entries:
                for entry in entries:
                    below = f"{name}/{entry.name}" if name else entry.name
                    if not self.tree.leaves_out(below):
                        yield from self._entry(descriptor, entry.name, below, depth + 1)
        finally:
            os.close(descriptor)

    def _entry(self, above: int, own: str, name: str, depth: int) -> Iterator[int]:
        try:
            state = os.stat(own, dir_fd=above, follow_symlinks=False)
            found = _looked_into(above, own, state.st_mode)
            if depth > _DEEPEST and isinstance(found, int):
                os.close(found)
                raise OSError(f"it lies deeper than {_DEEPEST} folders")
        except FileNotFoundError:
            return  # somebody removed it just now
        except OSError as error:
            self.kept.left_out.append(f"{name}: {error.strerror or error}")
            return
        if isinstance(found, str):
            self.archive.link(f"{FILES}/{name}", found)
        elif found is not None and stat.S_ISDIR(state.st_mode):
            self.archive.folder(f"{FILES}/{name}", mode=state.st_mode, modified=state.st_mtime)
            yield from self.folder(found, name, depth)
        elif found is not None:
            yield self._file(found, name)

    def _file(self, descriptor: int, name: str) -> int:
        with os.fdopen(descriptor, "rb") as file, set_down(self.work) as whole:
            state = os.fstat(descriptor)
            try:
                if not stat.S_ISREG(state.st_mode) or state.st_size > max(_HOLLOW, 10 * state.st_blocks * _BLOCK):
                    raise _Unreadable("it is no file, or claims to be far longer than it is")
                # It may grow or shrink while it is read; its size has to be known before it is added.
                size = _copy(file, whole, state.st_size)
            except _Unreadable as error:
                self.kept.left_out.append(f"{name}: {error}")
                return 0
            whole.seek(0)
            self.archive.file(f"{FILES}/{name}", whole, size, mode=state.st_mode, modified=state.st_mtime)
        self.kept.files += 1
        return size


class _Unreadable(Exception):
    """The file itself is in the way, not what it is copied to."""


def _looked_into(above: int, name: str, mode: int) -> int | str | None:
    """A file or folder, opened; where a link leads to; nothing for what is neither. OSError."""
    if stat.S_ISLNK(mode):
        return os.readlink(name, dir_fd=above)
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    if stat.S_ISDIR(mode):
        return os.open(name, flags | os.O_DIRECTORY, dir_fd=above)
    return os.open(name, flags, dir_fd=above) if stat.S_ISREG(mode) else None


def _copy(source: BinaryIO, target: BinaryIO, most: int) -> int:
    """Copy up to so many bytes; returns how many there were."""
    copied = 0
    while copied < most:
        try:
            part = source.read(min(PART, most - copied))
        except OSError as error:
            raise _Unreadable(error.strerror) from error
        if not part:
            break
        target.write(part)
        copied += len(part)
    return copied


def set_down(work: Path) -> BinaryIO:
    """A file without a name, in memory while it is short."""
    return cast("BinaryIO", tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(work)))
