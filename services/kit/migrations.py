"""Alembic, run by the service itself at its start. A package holds `migrations/versions/NNNN_*.py` and nothing else."""

import importlib.util
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from services.kit.database import Database, table_metadata
from services.kit.postgres_connection import migration_engine
from services.kit.sqlite_connection import connected

_PATIENCE_MS = 120_000
"""How long a second process waits for the first one's migration."""


class MigrationFailed(Exception):
    """The database could not be brought to the state this version of the code needs; nothing was changed."""


async def migrate(db: Database, package: str) -> None:
    """Bring the tables of `package` ("services.progress") to its newest migration, all in one transaction.

    Any number of processes may do so at once. Raises `MigrationFailed`.
    """
    engine = _engine(db)
    if db.is_sqlite:
        event.listen(engine.sync_engine, "connect", _configure_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_immediate)
    try:
        async with engine.begin() as connection:
            if not db.is_sqlite:
                # Held to the end of the transaction. SQLite has one writer at a time in any case.
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": lock_of(package)})
            await connection.run_sync(upgrade, package)
            if db.is_sqlite:
                await connection.run_sync(_check_references)
    except MigrationFailed:
        raise
    except Exception as error:
        raise MigrationFailed(f"migrating the tables of {package} failed: {error}{_advice(db)}") from error
    finally:
        await engine.dispose()


@asynccontextmanager
async def migrated(db: Database, package: str) -> AsyncIterator[Database]:
    """The database with its tables at their newest migration; closed at the end. Raises `MigrationFailed`."""
    try:
        await migrate(db, package)
        yield db
    finally:
        await db.close()


async def differences(db: Database, package: str, metadata: MetaData) -> list[Any]:
    """Say where the tables, as migrated, differ from the models (Alembic's own words); a test wants []."""
    engine = _engine(db)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_compare, package, metadata)
    finally:
        await engine.dispose()


def _engine(db: Database) -> AsyncEngine:
    if not db.is_sqlite:
        return migration_engine(db.url, timedelta(milliseconds=_PATIENCE_MS), db.access)
    file = str(make_url(db.url).database)
    return create_async_engine(db.url, poolclass=NullPool, async_creator=lambda: connected(file))


def _advice(db: Database) -> str:
    if not db.access.schema:
        return ""
    return f"\nRoles, passwords and the schema {db.access.schema} are made by `caseloop production databases`."


def upgrade(connection: Connection, package: str, to: str = "head") -> None:
    """The same in a transaction of the caller's, who holds the lock, and up to any migration."""
    config, script = _script(package)

    def steps(revision: Any, _: MigrationContext) -> Any:
        return script._upgrade_revs(to, revision)  # Alembic's own `upgrade` command does just this.

    with EnvironmentContext(config, script, fn=steps) as environment:
        environment.configure(
            connection=connection,
            version_table=version_table(package),
            # Only for its naming convention: constraints get the same names as in the models.
            target_metadata=table_metadata(),
            render_as_batch=True,
        )
        environment.run_migrations()


def migrations_of(package: str) -> tuple[str, ...]:
    """All migrations of a package, the newest first."""
    return tuple(one.revision for one in _script(package)[1].walk_revisions())


def _script(package: str) -> tuple[Config, ScriptDirectory]:
    config = Config()
    config.set_main_option("script_location", str(_folder(package)))
    config.set_main_option("path_separator", "os")
    return config, ScriptDirectory.from_config(config)


def _compare(connection: Connection, package: str, metadata: MetaData) -> list[Any]:
    ours = set(metadata.tables)

    def include(name: str | None, kind: str, _: Any) -> bool:
        return kind != "table" or name in ours

    options = {"version_table": version_table(package), "compare_type": True, "include_name": include}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "migrations"
        if (folder / "versions").is_dir():
            return folder
    raise MigrationFailed(f"{package} has no folder migrations/versions")


def lock_of(package: str) -> int:
    """The advisory lock of PostgreSQL that is held while a package's tables are migrated."""
    return zlib.crc32(version_table(package).encode())


def version_table(package: str) -> str:
    """The table that says at which migration a package's tables are."""
    return f"alembic_version_{package.replace('.', '_')}"


def _configure_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    # Foreign keys off: rebuilding a table drops the old one, which would delete what refers to it.
    for pragma in (f"busy_timeout={_PATIENCE_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=OFF"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _check_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise MigrationFailed(f"a migration broke {len(broken)} references, the first in table {broken[0][0]}")
