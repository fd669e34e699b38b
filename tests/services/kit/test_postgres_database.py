"""What `Database` promises, where a PostgreSQL keeps it in another way than SQLite does."""

import asyncio
import gc
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.kit.database import TYPES, Database, table_metadata
from services.kit.postgres_connection import PostgresAccess, PostgresLimits
from tests.postgres_cluster import Cluster

pytestmark = pytest.mark.postgres


class Row(DeclarativeBase):
    metadata = table_metadata()
    type_annotation_map = TYPES


class Note(Row):
    __tablename__ = "note"
    name: Mapped[str] = mapped_column(primary_key=True)
    seen: Mapped[datetime]
    more: Mapped[dict[str, Any]]


@pytest.fixture
def limits() -> PostgresLimits:
    return PostgresLimits()


@pytest.fixture
async def db(postgres: Cluster, limits: PostgresLimits) -> AsyncIterator[Database]:
    name = postgres.empty()
    patient = Database(postgres.url(name))
    async with patient.write() as session:
        await (await session.connection()).run_sync(Row.metadata.create_all)
    await patient.close()
    database = Database(postgres.url(name), limits)
    yield database
    await database.close()
    postgres.drop(name)


async def put(db: Database, name: str, **more: Any) -> None:
    async with db.write() as session:
        session.add(Note(name=name, seen=datetime(2026, 11, 25, tzinfo=UTC), more=more))


async def names(db: Database) -> list[str]:
    async with db.read() as session:
        return list((await session.scalars(select(Note.name).order_by(Note.name))).all())


@pytest.mark.parametrize("words", ["a\0b", "\0", "\\u0000", "\\\\\0", "\U0001f600 ü '\"%s :x", ""])
async def test_any_text_comes_back_as_it_was(db: Database, words: str) -> None:
    await put(db, words, words=[words, {words: None}])
    async with db.read() as session:
        note = (await session.scalars(select(Note).where(Note.name == words))).one()
    assert (note.name, note.more) == (words, {"words": [words, {words: None}]})
    assert note.seen == datetime(2026, 11, 25, tzinfo=UTC)


async def test_a_reader_sees_one_state_all_along_and_cannot_write(db: Database) -> None:
    await put(db, "first")
    async with db.read() as session:
        assert len((await session.scalars(select(Note))).all()) == 1
        await put(db, "second")
        assert len((await session.scalars(select(Note))).all()) == 1
    assert await names(db) == ["first", "second"]
    with pytest.raises(DBAPIError, match="read-only"):
        async with db.read() as session:
            await session.execute(text("DELETE FROM note"))
    assert await names(db) == ["first", "second"]


async def test_a_task_that_is_cancelled_anywhere_leaves_no_lock(db: Database) -> None:
    await put(db, "only")
    for turn in range(40):
        task = asyncio.create_task(_touch(db))
        await asyncio.sleep(turn / 5_000)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await asyncio.wait_for(_touch(db), 60)
    assert await names(db) == ["only"]


async def _touch(db: Database) -> None:
    async with db.write() as session:
        await session.execute(text("SELECT name FROM note FOR UPDATE"))
        await session.execute(text("UPDATE note SET name = name"))


async def test_where_one_may_write_at_a_time_others_wait_for_the_whole_transaction(
    db: Database, postgres: Cluster
) -> None:
    alone = [Database(db.url, access=PostgresAccess(one_writer=True)) for _ in range(3)]

    async def count_up(mine: Database) -> None:
        async with mine.write() as session:
            seen = len((await session.scalars(select(Note))).all())
            session.add(Note(name=f"{seen:02}", seen=datetime(2026, 11, 25, tzinfo=UTC), more={}))

    await asyncio.gather(*(count_up(alone[n % 3]) for n in range(12)))
    assert await names(db) == [f"{n:02}" for n in range(12)]
    await put(db, "somebody who need not wait")
    for one in alone:
        await one.close()


class TestLimits:
    @pytest.fixture
    def limits(self) -> PostgresLimits:
        short = timedelta(seconds=2)
        return PostgresLimits(connections=1, statement=short, idle_transaction=short)

    async def test_a_statement_that_takes_too_long_is_ended(self, db: Database) -> None:
        with pytest.raises(DBAPIError, match="statement timeout"):
            async with db.read() as session:
                await session.execute(text("SELECT pg_sleep(60)"))
        assert await names(db) == []

    async def test_a_forgotten_transaction_is_ended_with_its_locks(self, db: Database, postgres: Cluster) -> None:
        async def forget() -> None:
            async with db.write() as session:
                await session.execute(text("LOCK TABLE note"))
                async with asyncio.timeout(60):
                    while postgres.holders("LOCK TABLE note"):
                        await asyncio.sleep(0.05)
                await session.execute(text("SELECT 1"))

        with pytest.raises(DBAPIError):
            await forget()
        assert await names(db) == []


class TestPool:
    @pytest.fixture
    def limits(self) -> PostgresLimits:
        return PostgresLimits(connections=1, wait=timedelta(seconds=0.3))

    async def test_nobody_waits_for_a_connection_for_ever(self, db: Database) -> None:
        async with db.read() as session:
            await session.execute(text("SELECT 1"))
            with pytest.raises(PoolTimeout):
                await names(db)


async def test_a_cancelled_task_leaves_no_connection_to_the_garbage_collector(
    postgres: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that stops cancels its workers, and closes its database at once."""
    lost: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", lost.append)
    name, chance = postgres.empty(), random.Random(20261126)
    for _ in range(60):
        db = Database(postgres.url(name))
        await db.ping()
        tasks = [asyncio.create_task(db.ping()) for _ in range(3)]
        await asyncio.sleep(chance.random() * 0.006)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await db.close()
        del db, tasks, task
    # once: a test process has a lot to look through
    gc.collect()
    assert lost == []
    postgres.drop(name)
