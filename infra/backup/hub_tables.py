"""The Hub's tables on PostgreSQL, which JupyterHub makes and changes itself."""

from pathlib import Path
from typing import Final

import alembic.config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from infra.hub.database import SCHEMA
from services.kit.database import Database
from services.kit.table_copies import Tables
from services.kit.wiring import open_database
from vault.wiring import Mode

HUB_SCHEMA: Final = SCHEMA
VERSION_TABLE: Final = "alembic_version"


def open_hub_tables(mode: Mode) -> Database:
    """Its schema in production. Raises DatabaseMisconfigured."""
    return open_database(mode, SCHEMA, Path("hub.sqlite"))


async def version_of(tables: Tables) -> str:
    """JupyterHub's migration that they are at; empty where there are none."""
    if not await tables.connection.scalar(text("SELECT to_regclass(:name)"), {"name": VERSION_TABLE}):
        return ""
    return str(await tables.connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}")) or "")  # noqa: S608


async def has_people(tables: Tables) -> bool:
    """Whether anybody has signed in. Roles and services the Hub writes at its first start."""
    if not await tables.connection.scalar(text("SELECT to_regclass('users')")):
        return False
    return bool(await tables.connection.scalar(text("SELECT EXISTS (SELECT 1 FROM users)")))


def newest() -> str:
    """The migration of the JupyterHub that is installed here."""
    # Here, because the embedded system makes its backups without it.
    from jupyterhub.dbutil import ALEMBIC_DIR

    config = alembic.config.Config()
    config.set_main_option("script_location", ALEMBIC_DIR)
    config.set_main_option("path_separator", "os")
    return str(ScriptDirectory.from_config(config).get_current_head())


async def make_anew(tables: Tables) -> None:
    """Drop all of them, and make those of the JupyterHub that is installed here, without rows."""
    await tables.drop_all()
    await tables.connection.run_sync(_make)


def _make(connection: Connection) -> None:
    from jupyterhub.orm import Base

    Base.metadata.create_all(connection)
    connection.execute(text(f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text(f"INSERT INTO {VERSION_TABLE} VALUES (:head)"), {"head": newest()})  # noqa: S608
