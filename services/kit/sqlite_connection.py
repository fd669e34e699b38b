"""SQLite connections that a cancelled task leaves as they should be."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import aiosqlite

T = TypeVar("T")
_ROWS_AT_ONCE: Final = 64


class UninterruptedConnection(aiosqlite.Connection):
    """A connection whose every single operation is waited for to its end, also by a task that is cancelled meanwhile.

    SQLAlchemy gives up a connection on which an operation was interrupted. It may be one whose transaction has begun,
    or is just being rolled back: then nobody ends it, and the whole database stays locked. Operations on a local file
    take milliseconds (10 s at most, while another process writes), so the cancellation arrives that much later, at the
    first wait for something else.
    """

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return await uninterrupted(super()._execute(fn, *args, **kwargs))  # type: ignore[no-untyped-call]


async def connected(database: str) -> aiosqlite.Connection:
    """Open the file."""
    connection = UninterruptedConnection(lambda: sqlite3.connect(database, check_same_thread=False), _ROWS_AT_ONCE)
    # A process that ends does not wait for a connection that nobody closed.
    connection._thread.daemon = True
    # To its end as well: an opening that is given up is tidied up by nobody, and speaks to a loop that may be gone.
    return await uninterrupted(connection)


async def uninterrupted(work: Awaitable[T]) -> T:
    """The result of the work; a cancellation that comes meanwhile is passed on at the task's next wait."""
    doing = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not doing.done():
        try:
            await asyncio.shield(doing)
        except asyncio.CancelledError as error:
            if doing.cancelled():
                raise
            cancelled = error
        except BaseException:
            # It is the work's own; `result` below raises it.
            break
    if cancelled is not None:
        mine = asyncio.current_task()
        assert mine is not None
        # The same cancellation as before: timeouts count them, and know theirs by its message.
        mine.uncancel()
        mine.cancel(*cancelled.args)
    return doing.result()
