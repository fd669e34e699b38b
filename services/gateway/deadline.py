import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

_Part = TypeVar("_Part")


async def within(seconds: float, parts: AsyncIterator[_Part]) -> AsyncGenerator[_Part]:
    """The parts of an answer, as long as they come within so many seconds in all. Raises TimeoutError after that."""
    until = asyncio.get_running_loop().time() + seconds
    try:
        while True:
            # Around each part, not around all: a stream's parts may be asked for by one task after another.
            async with asyncio.timeout_at(until):
                try:
                    part = await anext(parts)
                except StopAsyncIteration:
                    return
            yield part
    finally:
        # At once, so that the service behind hears that nobody reads any more.
        if isinstance(parts, AsyncGenerator):
            await parts.aclose()
