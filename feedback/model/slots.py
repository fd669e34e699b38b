import asyncio
from collections.abc import Callable
from typing import Final

from feedback.model.port import ModelBusy

_PATIENCE: Final = 6
"""So many times as long as somebody who waits for words is a slot waited for where nobody does."""


class Slot:
    """The right to one request at the server, until it is freed or expires."""

    def __init__(self, free: Callable[[], None], expiry: float) -> None:
        self._free: Callable[[], None] | None = free
        self._expiry = asyncio.get_running_loop().call_later(expiry, self._expire)
        self.expired = False
        self.on_expiry: Callable[[], None] | None = None
        """Called when somebody else may have the slot although this one was not freed."""

    def left(self) -> float:
        """Seconds to its expiry."""
        return self._expiry.when() - asyncio.get_running_loop().time()

    def free(self) -> None:
        """Give the slot to the next; once is enough, twice does no harm."""
        self._expiry.cancel()
        if self._free is not None:
            self._free()
            self._free = None

    def _expire(self) -> None:
        self.expired = True
        self.free()
        if self.on_expiry is not None:
            self.on_expiry()


class Slots:
    """So many requests at once; others wait in turn. `wait` and `expiry` are seconds."""

    def __init__(self, count: int, wait: float, expiry: float) -> None:
        self._semaphore = asyncio.Semaphore(count)
        self._half = max(count // 2, 1)
        self._wait, self._expiry = wait, expiry
        self._patient: set[asyncio.Future[None]] = set()
        self.in_use = 0
        self.waiting = 0

    async def take(self) -> Slot:
        """Wait for a slot. Raises `ModelBusy` when none comes free in time."""
        if self._semaphore.locked():
            await self._queue()
        else:
            # Not locked means that this does not wait.
            await self._semaphore.acquire()
        return self._taken()

    async def take_when_calm(self) -> Slot:
        """A slot for what nobody waits for, once half of them are left to others. Raises `ModelBusy` as `take`."""
        patience = _PATIENCE * self._wait
        try:
            async with asyncio.timeout(patience):
                while self.waiting or self.in_use >= self._half:
                    await self._freed()
        except TimeoutError:
            raise ModelBusy(f"more than half of the slots were in use for {patience:g} s") from None
        # There is a free one, so this does not wait.
        await self._semaphore.acquire()
        return self._taken()

    def _taken(self) -> Slot:
        self.in_use += 1
        return Slot(self._release, self._expiry)

    async def _freed(self) -> None:
        freed = asyncio.get_running_loop().create_future()
        self._patient.add(freed)
        try:
            await freed
        finally:
            self._patient.discard(freed)

    async def _queue(self) -> None:
        self.waiting += 1
        try:
            async with asyncio.timeout(self._wait):
                await self._semaphore.acquire()
        except TimeoutError:
            raise ModelBusy(f"{self.in_use} requests are under way and none ended within {self._wait:g} s") from None
        finally:
            self.waiting -= 1

    def _release(self) -> None:
        self.in_use -= 1
        self._semaphore.release()
        for freed in self._patient:
            if not freed.done():
                freed.set_result(None)
