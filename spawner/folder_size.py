"""How much a learner's folder holds. All in it is the learner's, so nothing is followed and the walk is bounded."""

import os
from pathlib import Path
from typing import Final

MOST_ENTRIES: Final = 500_000
"""More files than that count as too much, whatever their size."""
_BLOCK: Final = 512


def folder_bytes(folder: Path, enough: int | None = None) -> int:
    """Bytes on disk below `folder`, hard links counted each time; stops when it is more than `enough`.

    Other file systems mounted inside are left out. What vanishes meanwhile counts as nothing.
    """
    total, entries, waiting = 0, 0, [os.fspath(folder)]
    try:
        device = folder.lstat().st_dev
    except FileNotFoundError:
        return 0
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                for entry in found:
                    status = entry.stat(follow_symlinks=False)
                    if status.st_dev != device:
                        continue
                    entries += 1
                    total += status.st_blocks * _BLOCK
                    if entries > MOST_ENTRIES:
                        return 1 << 62
                    if enough is not None and total > enough:
                        return total
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except OSError:
            continue
    return total
