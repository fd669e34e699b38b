"""Work that is done while a model begins to think."""

import asyncio
from collections.abc import Callable
from typing import Final

_REQUEST_SECONDS: Final = 0.02
"""In which the request to the model goes out, twice over; a large model begins to speak after ten times as long."""


async def while_thinking(work: Callable[[], None]) -> None:
    """Do in a thread what the answer will be judged with.

    It begins when the request is on its way: work that holds the interpreter would keep the request waiting.
    """
    await asyncio.sleep(_REQUEST_SECONDS)
    await asyncio.to_thread(work)
