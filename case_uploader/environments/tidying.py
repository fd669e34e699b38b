import asyncio

import structlog

from case_uploader.environments.shelf import EnvironmentShelf
from case_uploader.images.shelf import ImageShelf
from case_uploader.repository import CaseRepository
from services.kit.database import Database

_SECONDS = 3_600.0
_log = structlog.get_logger(__name__)


class Tidying:
    """Removes environments, and images of them, that no version needs, now and then."""

    def __init__(self, db: Database, shelf: EnvironmentShelf, images: ImageShelf | None = None) -> None:
        self._db, self._shelf, self._images = db, shelf, images

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
        """Remove them; returns their digests. Raises `ImagesUnavailable`."""
        async with self._db.read() as session:
            repository = CaseRepository(session)
            in_use, images = await repository.environments(), await repository.images()
        removed = await asyncio.to_thread(self._shelf.collect, in_use)
        if self._images is not None:
            removed += await self._images.collect(images)
        if removed:
            _log.info("environments removed", digests=[digest.removeprefix("sha256:")[:12] for digest in removed])
        return removed
