import asyncio
import sqlite3
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import JSON, BigInteger, Connection, DateTime, Dialect, Integer, MetaData, event, func, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from services.kit.postgres_connection import PostgresAccess, PostgresLimits, postgres_engine
from services.kit.sqlite_connection import UninterruptedConnection, connected, uninterrupted
from services.kit.wal_sync import WalSync

_BUSY_MS: Final = 10_000


class UtcDateTime(TypeDecorator[datetime]):
    """A moment. Naive datetimes are refused; SQLite, which forgets zones, gives aware UTC back all the same."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; use datetime.now(UTC)")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give UTC back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


JsonDocument: Final = JSON().with_variant(JSONB(), "postgresql")
"""A column of plain JSON."""

LargeInteger: Final = Integer().with_variant(BigInteger(), "postgresql")
"""A number of eight bytes; SQLite's all are."""

TYPES: Final[dict[Any, Any]] = {datetime: UtcDateTime(), dict[str, Any]: JsonDocument, list[Any]: JsonDocument}
"""For `type_annotation_map` of a package's declarative base."""


def table_metadata() -> MetaData:
    """Make a package's MetaData: every constraint has a name, so that migrations can change it."""
    return MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class StillInUse(Exception):
    """What was deleted is still in the database's log, because somebody has been reading all the while."""


class DatabaseMisconfigured(Exception):
    """The settings do not say where a service's tables are in production; the message says which one and what to do."""


class Database:
    """One database of one service: `sqlite+aiosqlite:///…` or `postgresql+psycopg://…`.

    Nobody calls commit(): a `write()` block commits at its end, or rolls back when it raises.
    """

    def __init__(self, url: str, limits: PostgresLimits | None = None, access: PostgresAccess | None = None) -> None:
        parsed = make_url(url)
        self.url = url
        self.access = access or PostgresAccess()
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if self.is_sqlite and parsed.database in {None, "", ":memory:"}:
            raise ValueError("an SQLite database must be a file: readers and the writer have connections of their own")
        self._engine = (
            _sqlite_engine(url, str(parsed.database))
            if self.is_sqlite
            else postgres_engine(url, limits or PostgresLimits(), self.access)
        )
        self._wal = WalSync(str(parsed.database)) if self.is_sqlite else None
        alone = self.access.one_writer and not self.is_sqlite
        self._alone = zlib.crc32(f"one writer of {self.access.schema}".encode()) if alone else None
        self._write_lock = asyncio.Lock()
        self._writer: asyncio.Task[Any] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        self._brief_sessions = async_sessionmaker(self._engine.execution_options(brief=True), expire_on_commit=False)
        # SQLite's readers see one state of the data anyway.
        one_state = {} if self.is_sqlite else {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
        reading = self._engine.execution_options(read_only=True, **one_state)
        self._read_sessions = async_sessionmaker(reading, expire_on_commit=False)
        self._brief_reads = async_sessionmaker(reading.execution_options(brief=True), expire_on_commit=False)

    @asynccontextmanager
    async def write(self, *, survives: bool = True, brief: bool = False) -> AsyncIterator[AsyncSession]:
        """One transaction that may write. On SQLite there is one at a time, and on PostgreSQL where `access` says
        so; keep calls to other services out of it.

        After the block it survives a power cut. Not `survives`: only the next one that does makes it so; for what
        nobody has been told of yet. `brief`: a few statements that find few rows by an index. On SQLite they are
        executed by the event loop itself once the transaction has begun, since handing each to a thread and waiting for
        its turn again takes far longer, and all who write wait meanwhile.
        """
        async with self._turn(), self._opened(self._brief_sessions if brief else self._sessions) as session:
            if self._alone is not None:
                await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": self._alone})
            yield session
        if survives and self._wal is not None:
            await self._wal.reached()

    async def hold(self, session: AsyncSession, what: str, *, beside: bool = False) -> None:
        """Until this transaction ends, be the only one that holds `what`, or one of those who hold it `beside` others.

        On SQLite nobody else writes anyway.
        """
        if not self.is_sqlite:
            lock = func.pg_advisory_xact_lock_shared if beside else func.pg_advisory_xact_lock
            await session.execute(select(lock(zlib.crc32(f"{what} of {self.access.schema}".encode()))))

    @asynccontextmanager
    async def read(self, *, brief: bool = False) -> AsyncIterator[AsyncSession]:
        """One transaction that sees one state of the data and cannot write. Goes on while others write.

        `brief`: as in `write`; a reader waits for nobody, so no thread is asked at all.
        """
        async with self._opened(self._brief_reads if brief else self._read_sessions) as session:
            yield session

    @asynccontextmanager
    async def _opened(self, sessions: async_sessionmaker[AsyncSession]) -> AsyncIterator[AsyncSession]:
        session = sessions()
        try:
            async with session.begin():
                if not self.is_sqlite:
                    # A wait for a connection that is cancelled half-way leaves one that nobody closes.
                    await uninterrupted(session.connection())
                yield session
        finally:
            # Goes on where the caller is cancelled in the middle of it, and `close` waits for it: else its connection
            # is nobody's.
            closing = asyncio.create_task(session.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            await asyncio.shield(closing)

    async def ping(self) -> None:
        """Raise when the database does not answer."""
        async with self.read() as session:
            await session.execute(text("SELECT 1"))

    async def compact(self) -> None:
        """Write the database anew without what was deleted, so that none of it can be read from the disk any more.

        SQLite keeps deleted text in free pages and in its log of changes. Others may read and write meanwhile. Nothing
        happens on PostgreSQL, which does this by itself. Raises `StillInUse`; trying again later is right then.
        """
        if not self.is_sqlite:
            return
        async with self._turn():
            await asyncio.to_thread(_rewrite, str(make_url(self.url).database))

    async def close(self) -> None:
        """Close all connections, when those whose callers were cancelled have come back."""
        if self._closing:
            await asyncio.wait(self._closing)
        await self._engine.dispose()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if not self.is_sqlite:
            yield
            return
        if self._writer is not None and self._writer is asyncio.current_task():
            raise RuntimeError("write() inside write() would wait for itself for ever; pass the session on instead")
        # SQLite's own waiting is a blind poll: without this lock 20 writers wait up to 2.8 s, with it 0.1 s.
        async with self._write_lock:
            self._writer = asyncio.current_task()
            try:
                yield
            finally:
                self._writer = None


def _rewrite(file: str) -> None:
    # A connection of its own: VACUUM cannot run in a transaction, and the pool's begin one.
    with closing(sqlite3.connect(file, timeout=_BUSY_MS / 1000, isolation_level=None)) as connection:
        connection.execute("VACUUM")
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise StillInUse(f"{file} has been read all the while; what was deleted is still in its log of changes")


def _sqlite_engine(url: str, file: str) -> AsyncEngine:
    engine = create_async_engine(url, async_creator=lambda: connected(file))
    _configure_sqlite(engine)
    return engine


def _configure_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        # The driver must not begin transactions by itself: `begin` below does.
        connection.isolation_level = None
        cursor = connection.cursor()
        # NORMAL: the disk is not waited for within a transaction, but behind it: `WalSync`. The busy timeout first: WAL
        # needs a lock too.
        for pragma in (f"busy_timeout={_BUSY_MS}", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        read_only, brief = options.get("read_only", False), options.get("brief", False)
        driver = connection.connection.driver_connection
        assert isinstance(driver, UninterruptedConnection)
        if connection.info.get("read_only") is not read_only:
            driver.here = True
            connection.exec_driver_sql(f"PRAGMA query_only={'ON' if read_only else 'OFF'}")
            connection.info["read_only"] = read_only
        # A reader waits for nobody, and whoever has begun to write does not any more.
        driver.here, driver.only_reads = brief and read_only, read_only
        # A deferred transaction that turns into a writer fails at once when somebody else wrote meanwhile.
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
        driver.here = brief
