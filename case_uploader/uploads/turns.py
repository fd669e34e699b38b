import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog

from case_uploader.uploads.repository import UploadRepository
from services.kit.clock import Clock, utc_now
from services.kit.database import Database

_log = structlog.get_logger(__name__)


class CaseTurns:
    """One upload of a case is worked on at a time, whichever process does it."""

    def __init__(
        self,
        db: Database,
        *,
        length: timedelta = timedelta(seconds=30),
        look: timedelta = timedelta(seconds=1),
        clock: Clock = utc_now,
    ) -> None:
        self._db, self._length, self._look, self._clock = db, length, look, clock

    @asynccontextmanager
    async def taken(self, case: str, holder: str, waiting: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
        """Hold the case's turn for as long as the block runs; `waiting` is called once if it is not free at once.

        A holder that was killed loses its turn after `length`; the same holder takes it up again at once.
        """
        told = False
        while not await self._take(case, holder):
            if not told:
                told = True
                await waiting()
            await asyncio.sleep(self._look.total_seconds())
        keeping = asyncio.create_task(self._keep(case, holder))
        try:
            yield
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping
            async with self._db.write() as session:
                await UploadRepository(session).end_turn(case, holder)

    async def _take(self, case: str, holder: str) -> bool:
        now = self._clock()
        async with self._db.write() as session:
            return await UploadRepository(session).take_turn(case, holder, now + self._length, now)

    async def _keep(self, case: str, holder: str) -> None:
        while True:
            await asyncio.sleep(self._length.total_seconds() / 3)
            try:
                await self._take(case, holder)
            except Exception:
                # Two at a case at once cost double work and nothing else: publishing is one transaction.
                _log.exception("a turn could not be renewed", case=case)
