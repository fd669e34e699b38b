"""Where a session may write, and what lies there: to tell whether a kept state still fits to its files."""

import os
import re
from pathlib import Path

from . import syscalls

WORK = "/caseloop/work"
WRITABLE = (WORK, "/tmp", "/dev/shm")  # noqa: S108 - file systems of the session's own
_MOST = 1_000
_SHARED = re.compile(rb"^[0-9a-f]+-[0-9a-f]+ .w.s ", re.MULTILINE)
"""A line of `/proc/self/maps` about memory that can be written and is not private."""

Files = tuple[tuple[str, int, int, int, int], ...]


def files_now() -> Files | None:
    """Path, inode, kind, size and time of change of every entry; None when there are too many to look at.

    The time of change cannot be set by whoever changes a file, as the time of writing can.
    """
    found: list[tuple[str, int, int, int, int]] = []
    left = list(WRITABLE)
    devices = {os.lstat(top).st_dev for top in WRITABLE}
    while left:
        try:
            with os.scandir(left.pop()) as entries:
                for entry in entries:
                    stat = entry.stat(follow_symlinks=False)
                    if stat.st_dev not in devices:
                        # The case's own data, bound read-only.
                        continue
                    found.append((entry.path, stat.st_ino, stat.st_mode, stat.st_size, stat.st_ctime_ns))
                    if entry.is_dir(follow_symlinks=False):
                        left.append(entry.path)
                    if len(found) > _MOST:
                        return None
        except OSError:
            return None
    return tuple(sorted(found))


def shared_memory() -> bool:
    """Whether this process has memory that its forks would share with it."""
    with Path("/proc/self/maps").open("rb") as maps:
        found = syscalls.has_mapping(maps.fileno(), syscalls.MAP_WRITABLE | syscalls.MAP_SHARED)
        return _SHARED.search(maps.read()) is not None if found is None else found


def open_descriptors() -> frozenset[int]:
    """Numbers of this process's open descriptors."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        try:
            os.fstat(int(entry.name))
        except OSError:
            # The one that the listing itself needed.
            continue
        found.add(int(entry.name))
    return frozenset(found)
