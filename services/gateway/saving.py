import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from services.contracts.errors import ServiceError

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 2.0
_Saved = TypeVar("_Saved")


async def saved(save: Callable[[], Awaitable[_Saved]], patience: float) -> _Saved:
    """Write a result down, trying again for `patience` seconds: the work is done and writing it twice is harmless.

    Raises the last ServiceError.
    """
    loop = asyncio.get_running_loop()
    until, pause = loop.time() + patience, _FIRST_PAUSE
    while True:
        try:
            return await save()
        except ServiceError as error:
            if error.status < 500 or loop.time() + pause > until:
                raise
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
