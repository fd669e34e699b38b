import asyncio

import structlog

from case_uploader.environments.shelf import EnvironmentShelf
from case_uploader.repository import CaseRepository
from services.kit.database import Database

_SECONDS = 3_600.0
_log = structlog.get_logger(__name__)


class Tidying:
    """Removes environments that no version needs, now and then."""

    def __init__(self, db: Database, shelf: EnvironmentShelf) -> None:
        self._db, self._shelf = db, shelf

    async def work(self) -> None:
        """Go on until cancelled."""
        while True:
            try:
                await self.once()
            except Exception:
                # a disk or database that is away for a while is no reason to stop tidying
                _log.exception("environments could not be tidied")
            await asyncio.sleep(_SECONDS)

    async def once(self) -> list[str]:
        """Remove them; returns their digests."""
        async with self._db.read() as session:
            in_use = await CaseRepository(session).environments()
        removed = await asyncio.to_thread(self._shelf.collect, in_use)
        if removed:
            _log.info("environments removed", digests=[digest[:12] for digest in removed])
        return removed
