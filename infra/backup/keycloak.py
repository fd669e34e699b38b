"""Keycloak's own database: its accounts, passwords and realms, which are in no table of ours.

It makes and changes its tables itself, by Liquibase. So their rows are kept and not the tables, and put into those that
the same version of Keycloak has made.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy import text
from sqlalchemy.engine import make_url

from infra.backup.archive import ArchiveWriter
from infra.backup.manifest import End, KeptTable, KeycloakTables
from infra.backup.settings import BackupSettings
from infra.backup.table_parts import add_rows
from infra.production.first_run import KEYCLOAK
from services.kit.database import Database, DatabaseMisconfigured
from services.kit.postgres_connection import PostgresAccess
from services.kit.settings import DatabaseSettings
from services.kit.table_copies import Tables, one_moment

PLACE: Final = KEYCLOAK
"""Where its rows are in an archive: `keycloak/TABLE/000000`, `keycloak/TABLE/000001` …"""
CHANGES: Final = "databasechangelog"
"""Liquibase's table of what was done to all others."""
LOCK: Final = "databasechangeloglock"
"""Liquibase's table of who changes tables now: of no use to anybody else, and never kept."""
_SCHEMA: Final = "public"
_DONE: Final = f"SELECT id, author, filename, orderexecuted FROM {CHANGES} ORDER BY orderexecuted, dateexecuted"  # noqa: S608


@asynccontextmanager
async def opened_keycloak() -> AsyncIterator[Mapping[str, Database]]:
    """Its database by its name; nothing where no setting says where it is. Raises DatabaseMisconfigured."""
    settings, url = DatabaseSettings(), BackupSettings().keycloak_url
    if not url:
        yield {}
        return
    own = settings.model_copy(update={"url": url})
    if (missing := own.missing()) or own.credentials is None:
        raise DatabaseMisconfigured(
            f"CASELOOP_BACKUP_KEYCLOAK_URL needs CASELOOP_DATABASE_{missing}; docs/reference/settings.md says more"
        )
    password = own.credentials / f"postgres-{KEYCLOAK}"
    if not password.is_file():
        raise DatabaseMisconfigured(f"CASELOOP_BACKUP_KEYCLOAK_URL needs the file {password}, with Keycloak's password")
    address = make_url(url).set(drivername="postgresql+psycopg", username=KEYCLOAK).render_as_string()
    database = Database(address, access=PostgresAccess(_SCHEMA, password, own.ca))
    try:
        yield {KEYCLOAK: database}
    finally:
        await database.close()


@asynccontextmanager
async def keycloak_of_now() -> AsyncIterator["KeycloakCut | None"]:
    """All its rows at one moment, which is near that of our tables and not the same: no snapshot is of two databases.

    None where it is left out: no setting says where it is, or Keycloak has never started.
    """
    async with opened_keycloak() as databases, one_moment(databases) as tables:
        yield await KeycloakCut.of(tables[KEYCLOAK]) if tables else None


class KeycloakCut:
    """Its rows at one moment."""

    def __init__(self, tables: Tables, catalogue: KeycloakTables) -> None:
        self._tables, self.catalogue = tables, catalogue

    @classmethod
    async def of(cls, tables: Tables) -> "KeycloakCut | None":
        """None where there are no tables."""
        catalogue = await catalogue_of(tables)
        return cls(tables, catalogue) if catalogue else None

    async def write(self, archive: ArchiveWriter) -> None:
        """Add the rows."""
        for name, table in self.catalogue.tables.items():
            await add_rows(archive, f"{PLACE}/{name}", self._tables.rows(name, table.columns))


async def catalogue_of(tables: Tables) -> KeycloakTables | None:
    """What its tables are like, and how many rows they have; None where there are none."""
    columns = await tables.columns_by_name()
    if CHANGES not in columns:
        return None
    done = (await tables.connection.execute(text(_DONE))).all()
    if not done:
        return None
    return KeycloakTables(
        change=done[-1].id,
        order=done[-1].orderexecuted,
        changes=tuple(f"{one.filename}::{one.id}::{one.author}" for one in done),
        tables={
            table: KeptTable(columns=tuple(names), rows=await tables.count(table))
            for table, names in columns.items()
            if table != LOCK
        },
        sequences=await tables.sequences(),
    )


def words_of_keycloak(end: End) -> str:
    """One line: what of it is in an archive."""
    if (kept := end.keycloak) is None:
        return "Keycloak's database is not in it: CASELOOP_BACKUP_KEYCLOAK_URL was not set, or Keycloak never started"
    return f"Keycloak's database: {len(kept.tables):,} tables, {kept.rows:,} rows, at the change {kept.version}"
