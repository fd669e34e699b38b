"""A task that is cancelled in the middle of a transaction leaves the database as others need it."""

import asyncio
import random
from pathlib import Path

import pytest
from sqlalchemy import text

from services.kit.database import Database
from services.kit.sqlite_connection import uninterrupted


@pytest.fixture
async def db(tmp_path: Path):
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    async with database.write() as session:
        await session.execute(text("CREATE TABLE counted (n INTEGER)"))
        await session.execute(text("INSERT INTO counted VALUES (0)"))
    yield database
    await database.close()


async def count(db: Database) -> None:
    async with db.write() as session:
        await session.execute(text("UPDATE counted SET n = n + 1"))
        await session.execute(text("SELECT n FROM counted"))


async def look(db: Database) -> int:
    async with db.read() as session:
        return int((await session.execute(text("SELECT n FROM counted"))).scalar_one())


async def test_the_database_is_never_left_locked(db):
    """Before operations were waited for, one in thirty of these left a connection in the middle of its transaction."""
    chance, done = random.Random(20261125), 0
    for _ in range(300):
        tasks = [asyncio.create_task(count(db)), asyncio.create_task(look(db))]
        await asyncio.sleep(chance.random() * 0.008)
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError | int | None) for end in ends), ends
        # It would fail, after the 10 s for which SQLite waits for whoever holds the lock.
        await count(db)
        done += 1
    assert done <= await look(db) <= 2 * done


async def test_a_cancelled_task_ends_cancelled(db):
    went_on = False

    async def work() -> None:
        nonlocal went_on
        await count(db)
        await asyncio.sleep(0)
        went_on = True

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not went_on


async def test_a_time_limit_around_an_operation_is_still_a_time_limit(db):
    async def count_for_ever() -> None:
        async with asyncio.timeout(0.01):
            while True:
                await count(db)

    with pytest.raises(TimeoutError):
        await count_for_ever()
    assert asyncio.current_task().cancelling() == 0
    await count(db)


async def test_what_the_work_raises_and_returns_comes_out():
    async def fail() -> None:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await uninterrupted(fail())
    assert await uninterrupted(asyncio.sleep(0, "done")) == "done"


async def test_work_is_done_before_the_cancellation_arrives():
    done = []

    async def work() -> None:
        await asyncio.sleep(0.05)
        done.append(1)

    task = asyncio.create_task(uninterrupted(work()))
    await asyncio.sleep(0.01)
    task.cancel("first")
    await asyncio.sleep(0.01)
    task.cancel("second")
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == [1]
