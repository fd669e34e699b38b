"""Making what was committed survive a power cut, outside the transaction and once for all who wait."""

import asyncio
import os
from typing import Final

SUFFIX: Final = "-wal"


class WalSync:
    """Brings the log of changes of an SQLite database to the disk.

    SQLite can do so itself at each commit (`synchronous=FULL`). Then everybody who wants to write waits for the disk
    of each one before, and on a disk that others use that is most of the waiting.
    """

    def __init__(self, database: str) -> None:
        self._file = database + SUFFIX
        self._turn = asyncio.Lock()
        self._asked = self._reached = 0

    async def reached(self) -> None:
        """Wait until all that is committed by now is on the disk. Raises `OSError` when the disk refuses."""
        self._asked += 1
        mine = self._asked
        async with self._turn:
            if self._reached >= mine:
                # Whoever had the turn before began after our commit.
                return
            covered = self._asked
            await asyncio.to_thread(_sync, self._file)
            self._reached = covered


def _sync(file: str) -> None:
    try:
        # The log only: closing a second descriptor of the database itself would end SQLite's locks on it.
        descriptor = os.open(file, os.O_RDONLY)
    except FileNotFoundError:
        # It went when the last connection was closed, into the database and with it to the disk.
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
