"""SQLite connections that a cancelled task leaves as they should be, and that visit their thread seldom.

Each visit waits for two threads to be given a processor, and a transaction keeps all other writers waiting meanwhile:
on a busy machine the visits are most of what a transaction takes.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any, Final, Self, TypeVar

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

    here = False
    """Whether operations are done where they are asked for, and not in the connection's thread: for those that take
    microseconds and wait for nobody. Until the transaction ends."""
    only_reads = False
    """Whether the transaction cannot write, so that its end has nothing to keep."""

    def cursor(self) -> "UninterruptedCursor":  # type: ignore[override]
        """A cursor; making one needs no visit."""
        return UninterruptedCursor(self, self._conn.cursor())

    async def commit(self) -> None:
        """Keep what the transaction wrote, which may wait for the disk."""
        self.here = self.here and self.only_reads
        try:
            await super().commit()
        finally:
            self.here = False

    async def rollback(self) -> None:
        """End a transaction if there is one; the pool asks for this whenever a connection comes back."""
        self.here = False
        if self._conn.in_transaction:
            await super().rollback()

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if not self._running or self._connection is None:
            # In these words SQLAlchemy knows that the connection is lost.
            raise ValueError("Connection closed")
        if self.here:
            return fn(*args, **kwargs)
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._tx.put_nowait((done, partial(fn, *args, **kwargs)))
        return await uninterrupted(done)


class UninterruptedCursor(aiosqlite.Cursor):
    """A cursor whose statement is executed, and all its rows are fetched, in one visit."""

    _rows: list[Any] = []  # noqa: RUF012

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> Self:
        """Execute, and take the rows along."""
        self._rows = await self._execute(self._executed, sql, () if parameters is None else parameters)  # type: ignore[no-untyped-call]
        return self

    def _executed(self, sql: str, parameters: Any) -> list[Any]:
        self._cursor.execute(sql, parameters)
        return self._cursor.fetchall() if self._cursor.description else []

    async def fetchall(self) -> list[Any]:
        """The rows that are left."""
        rows, self._rows = self._rows, []
        return rows

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        """So many of them."""
        size = self.arraysize if size is None else size
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    async def fetchone(self) -> Any:
        """The next one, or None."""
        return next(iter(await self.fetchmany(1)), None)

    async def close(self) -> None:
        """Close it; with no rows left in SQLite's hands this needs no visit."""
        self._cursor.close()


async def connected(database: str) -> aiosqlite.Connection:
    """Open the file."""
    connection = UninterruptedConnection(lambda: sqlite3.connect(database, check_same_thread=False), _ROWS_AT_ONCE)
    # A process that ends does not wait for a connection that nobody closed.
    connection._thread.daemon = True
    # To its end as well: an opening that is given up is tidied up by nobody, and speaks to a loop that may be gone.
    try:
        return await uninterrupted(connection)
    except Exception:
        # So does the thread of one that failed, which has only been told to stop.
        await uninterrupted(asyncio.to_thread(connection._thread.join))
        raise


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
