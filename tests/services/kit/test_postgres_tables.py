"""The migrations of every package on a real PostgreSQL, from nothing to the newest."""

import asyncio
import importlib
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import MetaData, text
from sqlalchemy.exc import IntegrityError

from services.kit.database import Database
from services.kit.migrations import differences, migrate
from tests.postgres_cluster import Cluster

pytestmark = pytest.mark.postgres

# The package with migrations, the modules that have its models, and where their metadata is.
PACKAGES = {
    "services.progress": ("services.progress.models:Base", "services.progress.sessions.models"),
    "services.mentoring": ("services.mentoring.models:Table",),
    "services.gateway.dashboard": ("services.gateway.dashboard.models:Base",),
    "feedback": (
        "feedback.models:Table",
        "feedback.assistance.models",
        "feedback.chat.models",
        "feedback.hints.models",
    ),
    "case_uploader": ("case_uploader.models:Base",),
}


@pytest.fixture
async def db(postgres: Cluster) -> AsyncIterator[Database]:
    name = postgres.empty()
    database = Database(postgres.url(name))
    yield database
    await database.close()
    postgres.drop(name)


def metadata_of(package: str) -> MetaData:
    for place in PACKAGES[package][1:]:
        importlib.import_module(place)
    module, _, base = PACKAGES[package][0].partition(":")
    metadata = getattr(importlib.import_module(module), base).metadata
    assert isinstance(metadata, MetaData)
    return metadata


@pytest.mark.parametrize("package", PACKAGES)
async def test_the_migrations_make_exactly_the_tables_of_the_models(db: Database, package: str) -> None:
    metadata = metadata_of(package)
    await migrate(db, package)
    assert await differences(db, package, metadata) == []
    await migrate(db, package)
    async with db.read() as session:
        made = set((await session.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).all())
    assert set(metadata.tables) <= made


async def test_processes_that_start_together_migrate_once(db: Database) -> None:
    await asyncio.gather(*(migrate(db, "services.progress") for _ in range(5)))
    assert await differences(db, "services.progress", metadata_of("services.progress")) == []


@pytest.mark.parametrize(
    ("package", "table", "column"),
    [
        ("services.progress", "mentor_look", "who"),
        ("services.mentoring", "mentoring_audit", "who"),
        ("feedback", "chat_audit", "who"),
    ],
)
@pytest.mark.parametrize("deed", ["UPDATE {table} SET {column} = 'eve'", "DELETE FROM {table}", "TRUNCATE {table}"])
async def test_what_somebody_did_can_neither_be_changed_nor_deleted(
    db: Database, package: str, table: str, column: str, deed: str
) -> None:
    await migrate(db, package)
    with pytest.raises(IntegrityError, match="only ever added to"):
        async with db.write() as session:
            await session.execute(text(deed.format(table=table, column=column)))
