import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """A cache of the last `size` values, each made once even when many ask for it at the same time.

    What fails is not kept. Making goes on when the one who asked first is gone: the others still wait.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._made: dict[K, asyncio.Task[V]] = {}

    async def get(self, key: K, make: Callable[[], Awaitable[V]]) -> V:
        """The value of that key; raises what `make` raises."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        task = self._made.get(key)
        if task is None:
            task = asyncio.create_task(self._make(key, make))
            self._made[key] = task
            task.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(task)

    def forget(self, key: K) -> None:
        """Make it anew when it is asked for next."""
        self._kept.pop(key, None)

    async def _make(self, key: K, make: Callable[[], Awaitable[V]]) -> V:
        value = await make()
        self._kept[key] = value
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return value

    def _landed(self, key: K, task: asyncio.Task[V]) -> None:
        self._made.pop(key, None)
        if not task.cancelled():
            # Whoever waited has been told; nobody waiting is no reason to complain about an error never read.
            task.exception()
