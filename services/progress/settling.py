import asyncio
from contextlib import suppress
from typing import Final

import structlog

from services.kit.errors import CaseloopError
from services.kit.objects import ObjectStore

_log = structlog.get_logger(__name__)
_MOST: Final = 1_000
"""Objects that are remembered; of one that is forgotten it is only asked once more."""


class Settling:
    """Brings objects to the disk while nobody waits for them, and tells when they are there."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._begun: dict[str, asyncio.Task[bool]] = {}

    def begin(self, digest: str) -> None:
        """Start with an object that was put and need not survive a power cut yet."""
        if digest in self._begun:
            return
        if len(self._begun) >= _MOST:
            self._begun.pop(next(iter(self._begun)))
        self._begun[digest] = asyncio.create_task(self._tried(digest))

    async def settled(self, digest: str) -> None:
        """Wait until an object survives a power cut. Raises `OSError` when the disk refuses."""
        begun = self._begun.get(digest)
        if begun is None or not await asyncio.shield(begun):
            await self._objects.settle(digest)
        self._begun.pop(digest, None)

    async def _tried(self, digest: str) -> bool:
        with suppress(OSError, CaseloopError):
            await self._objects.settle(digest)
            return True
        # Whoever needs to know asks again, and is told why.
        _log.warning("could not settle", object=digest)
        return False
