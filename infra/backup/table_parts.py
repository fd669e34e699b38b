"""Rows of one table as members of an archive."""

from collections.abc import AsyncIterator
from typing import Final

from infra.backup.archive import ArchiveWriter

_PART: Final = 4 * 1024 * 1024
"""Bytes of rows in one member."""


async def add_rows(archive: ArchiveWriter, place: str, rows: AsyncIterator[bytes]) -> None:
    """Add text of COPY as `PLACE/000000`, `PLACE/000001` …; nothing where there are no rows."""
    number, waiting = 0, bytearray()
    async for part in rows:
        waiting += part
        if len(waiting) >= _PART:
            archive.data(f"{place}/{number:06}", bytes(waiting))
            number += 1
            waiting.clear()
    if waiting:
        archive.data(f"{place}/{number:06}", bytes(waiting))
