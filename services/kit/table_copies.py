"""Rows of PostgreSQL as text of COPY: read from one moment of several services' schemas, and put into new tables.

The text is the same for every version of the server, and needs no program beside it: each service's own role reads and
writes its own tables. Rows of somebody else's tables are put into those that are there.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.kit.database import Database
from services.kit.migrations import lock_of, upgrade, version_table
from services.kit.postgres_connection import migration_engine

_PATIENCE: Final = timedelta(seconds=30)
"""How long for somebody else's lock."""
_COLUMNS: Final = """
    SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = to_regnamespace(quote_ident(current_schema())) AND c.relkind = 'r'
    AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY c.relname, a.attnum
"""
_REFERENCES: Final = """
    SELECT c.relname, p.relname FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid
    WHERE k.contype = 'f' AND c.oid <> p.oid AND c.relnamespace = to_regnamespace(quote_ident(current_schema()))
"""
_FOREIGN_KEYS: Final = """
    SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE k.contype = 'f' AND c.relnamespace = to_regnamespace(quote_ident(current_schema()))
    ORDER BY c.relname, k.conname
"""
_SEQUENCES: Final = """
    SELECT sequencename, last_value FROM pg_sequences
    WHERE schemaname = current_schema() AND last_value IS NOT NULL ORDER BY sequencename
"""
_FUNCTIONS: Final = """
    SELECT p.oid::regprocedure::text FROM pg_proc p
    WHERE p.pronamespace = to_regnamespace(quote_ident(current_schema()))
    AND pg_get_userbyid(p.proowner) = current_user
"""
_OTHERS: Final = "SELECT count(*) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()"

_ANYBODY: Final = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND usename IS NOT NULL AND pid <> pg_backend_pid()
"""


class CopyFailed(Exception):
    """The server refuses rows, or to give them; the message is its own."""


@dataclass(frozen=True)
class ForeignKey:
    """A reference between tables, as the server writes it."""

    table: str
    name: str
    definition: str


@asynccontextmanager
async def one_moment(databases: Mapping[str, Database]) -> AsyncIterator[Mapping[str, "Tables"]]:
    """The tables of several services on one PostgreSQL, all as they are at the same moment, while others go on.

    Raises SQLAlchemy's errors, as all of this does.
    """
    async with AsyncExitStack() as stack:
        found: dict[str, Tables] = {}
        snapshot = ""
        # All before the moment: connecting takes long enough for others to delete what its rows name.
        connections = {
            service: await stack.enter_async_context(_connected(database)) for service, database in databases.items()
        }
        for service, connection in connections.items():
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            if snapshot:
                # A name that the server made; this statement takes no parameters.
                await connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
            else:
                snapshot = str(await connection.scalar(text("SELECT pg_export_snapshot()")))
            found[service] = Tables(connection)
        yield found


@asynccontextmanager
async def all_or_nothing(databases: Mapping[str, Database]) -> AsyncIterator[Mapping[str, "Tables"]]:
    """Tables of several services to be changed: what was done is kept when the block ends, and not when it raises."""
    async with AsyncExitStack() as stack:
        found = {
            service: Tables(await stack.enter_async_context(_connected(database)))
            for service, database in databases.items()
        }
        yield found
        for tables in found.values():
            await tables.connection.commit()


@asynccontextmanager
async def _connected(database: Database) -> AsyncIterator[AsyncConnection]:
    engine = migration_engine(database.url, _PATIENCE, database.access)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


class Tables:
    """The tables of one service, in one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    async def schema(self, package: str) -> str:
        """The migration that they are at; empty where there are none."""
        table = version_table(package)
        if not await self.connection.scalar(text("SELECT to_regclass(:name)"), {"name": table}):
            return ""
        return str(await self.connection.scalar(text(f"SELECT version_num FROM {table}")) or "")  # noqa: S608 - our name

    async def others(self) -> int:
        """How many other connections the service's role has: it is running."""
        return int(await self.connection.scalar(text(_OTHERS)) or 0)

    async def anybody(self) -> int:
        """How many other connections the database has, whoever's."""
        return int(await self.connection.scalar(text(_ANYBODY)) or 0)

    async def columns_by_name(self) -> Mapping[str, Sequence[str]]:
        """Table -> its columns; tables in the order of their names."""
        found: dict[str, list[str]] = {}
        for table, column in await self.connection.execute(text(_COLUMNS)):
            found.setdefault(table, []).append(column)
        return found

    async def columns(self) -> Mapping[str, Sequence[str]]:
        """Table -> its columns; tables come behind those that they refer to, for they are filled in this order."""
        found = await self.columns_by_name()
        order = TopologicalSorter[str](dict.fromkeys(found, ()))
        for table, referred in await self.connection.execute(text(_REFERENCES)):
            order.add(table, referred)
        try:
            return {table: found[table] for table in order.static_order()}
        except CycleError as error:
            raise ValueError(f"tables refer to each other in a circle, so none can be filled first: {error}") from error

    async def sequences(self) -> Mapping[str, int]:
        """Sequence -> the last number that it gave out."""
        return {name: int(last) for name, last in await self.connection.execute(text(_SEQUENCES))}

    async def count(self, table: str) -> int:
        """How many rows a table has."""
        query = f"SELECT count(*) FROM {self._quoted(table)}"  # noqa: S608 - a name of the server's own list
        return int(await self.connection.scalar(text(query)) or 0)

    async def rows(self, table: str, columns: Sequence[str]) -> AsyncIterator[bytes]:
        """All rows of a table as text, a few at a time. Raises CopyFailed."""
        async with self._copying(f"COPY {self._named(table, columns)} TO STDOUT") as copied:
            async for part in copied:
                yield bytes(part)

    @asynccontextmanager
    async def filling(self, table: str, columns: Sequence[str]) -> AsyncIterator[Any]:
        """Something to `await write(part)` what `rows` gave. Raises CopyFailed."""
        async with self._copying(f"COPY {self._named(table, columns)} FROM STDIN") as copied:
            yield copied

    @asynccontextmanager
    async def _copying(self, statement: str) -> AsyncIterator[Any]:
        # The driver knows nothing of the transaction before something was asked in it.
        await self.connection.execute(text("SELECT 1"))
        driver: Any = (await self.connection.get_raw_connection()).driver_connection
        dialect: Any = self.connection.dialect
        try:
            async with driver.cursor() as cursor, cursor.copy(statement) as copied:
                yield copied
        except dialect.loaded_dbapi.Error as error:
            raise CopyFailed(f"{statement}: {str(error).strip()}") from error

    async def are_empty(self, package: str) -> bool:
        """Whether there is no row but the one that says at which migration they are."""
        for table in await self.columns():
            query = f"SELECT EXISTS (SELECT 1 FROM {self._quoted(table)})"  # noqa: S608 - a name of the server's own list
            if table != version_table(package) and await self.connection.scalar(text(query)):
                return False
        return True

    async def take_foreign_keys(self) -> Sequence[ForeignKey]:
        """Drop all of them, for tables that refer to each other in a circle; `give_back` makes them again."""
        found = [ForeignKey(*row) for row in await self.connection.execute(text(_FOREIGN_KEYS))]
        for key in found:
            await self._do(f"ALTER TABLE {self._quoted(key.table)} DROP CONSTRAINT {self._quoted(key.name)}")
        return found

    async def give_back(self, keys: Sequence[ForeignKey]) -> None:
        """Make foreign keys again; the server looks whether all rows keep to them."""
        for key in keys:
            made = f"ADD CONSTRAINT {self._quoted(key.name)} {key.definition}"
            await self._do(f"ALTER TABLE {self._quoted(key.table)} {made}")

    async def empty(self, tables: Iterable[str]) -> None:
        """Remove all rows of these tables. Whatever refers to them must be among them."""
        if names := ", ".join(map(self._quoted, tables)):
            await self._do(f"TRUNCATE {names}")

    async def make_anew(self, package: str, at: str) -> None:
        """Drop all of them, and make those of a migration, without rows."""
        await self.connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": lock_of(package)})
        await self.drop_all()
        await self.connection.run_sync(upgrade, package, at)

    async def drop_all(self) -> None:
        """Drop all tables, and the functions of their triggers."""
        if tables := await self.columns():
            await self.connection.execute(text(f"DROP TABLE {', '.join(map(self._quoted, tables))} CASCADE"))
        for (function,) in (await self.connection.execute(text(_FUNCTIONS))).all():
            await self.connection.execute(text(f"DROP FUNCTION {function} CASCADE"))

    async def go_on_from(self, sequences: Mapping[str, int]) -> None:
        """Set sequences, so that no number is given out twice."""
        for name, last in sequences.items():
            await self.connection.execute(
                text("SELECT setval(CAST(:name AS regclass), :last)"), {"name": self._quoted(name), "last": last}
            )

    async def _do(self, statement: str) -> None:
        # Names and definitions are the server's own, and a colon or a percent sign in one is no parameter.
        await self.connection.exec_driver_sql(statement, execution_options={"no_parameters": True})

    def _named(self, table: str, columns: Sequence[str]) -> str:
        return f"{self._quoted(table)} ({', '.join(map(self._quoted, columns))})"

    def _quoted(self, name: str) -> str:
        return self.connection.dialect.identifier_preparer.quote_identifier(name)
