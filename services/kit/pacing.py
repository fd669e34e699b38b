"""No more is told of work under way than somebody could read."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final, TypeVar

from services.kit.stream import ended

_T = TypeVar("_T")
PAUSE: Final = 0.05
"""Seconds between two parts that only say how far the work is. A light cell takes one or two milliseconds, and passing
on that it began takes as long, in each service on the way."""


async def paced(
    events: AsyncGenerator[_T, None], passing: Callable[[_T], bool], pause: float = PAUSE
) -> AsyncGenerator[_T]:
    """The same without parts that are `passing` and were followed at once by the next such part.

    The first is told at once, the last before whatever comes then, and none that stays true for `pause` is left out.
    """
    clock = asyncio.get_running_loop().time
    held: list[_T] = []
    free = clock()
    pending: asyncio.Task[list[_T]] | None = None
    async with aclosing(events):
        try:
            while True:
                pending = pending or asyncio.create_task(_next(events))
                await asyncio.wait({pending}, timeout=max(free - clock(), 0) if held else None)
                if not pending.done():
                    # Nothing has followed: this is where the work is.
                    for part in held:
                        yield part
                    held, free = [], clock() + pause
                    continue
                new, pending = pending.result(), None
                passes = any(map(passing, new))
                if passes and clock() < free:
                    held = new
                    continue
                for part in new if passes else [*held, *new]:
                    yield part
                held, free = [], clock() + pause
                if not new:
                    return
        finally:
            if pending is not None:
                await ended(pending)


async def _next(events: AsyncGenerator[_T, None]) -> list[_T]:
    """The next part, or nothing at the end."""
    try:
        return [await anext(events)]
    except StopAsyncIteration:
        return []
