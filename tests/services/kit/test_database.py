import asyncio
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import ForeignKey, UniqueConstraint, func, select, text
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.kit.database import TYPES, Database, table_metadata


class Row(DeclarativeBase):
    metadata = table_metadata()
    type_annotation_map = TYPES


class Account(Row):
    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("owner"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str]
    balance: Mapped[int] = mapped_column(default=0)
    opened: Mapped[datetime | None]
    notes: Mapped[dict[str, Any] | None]


class Booking(Row):
    __tablename__ = "booking"
    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[int] = mapped_column(ForeignKey("account.id"))


@pytest.fixture
async def db(tmp_path: Path):
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    async with database.write() as session:
        await (await session.connection()).run_sync(Row.metadata.create_all)
    yield database
    await database.close()


async def balance(db: Database, owner: str) -> int | None:
    async with db.read() as session:
        return await session.scalar(select(Account.balance).where(Account.owner == owner))


async def test_write_commits_at_its_end(db):
    async with db.write() as session:
        session.add(Account(owner="lena", balance=3))
        assert await balance(db, "lena") is None
    assert await balance(db, "lena") == 3


async def test_write_rolls_back_everything_when_the_block_raises(db):
    async def change_my_mind() -> None:
        async with db.write() as session:
            session.add(Account(owner="lena"))
            await session.flush()
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        await change_my_mind()
    assert await balance(db, "lena") is None


async def test_a_cancelled_write_leaves_nothing_and_frees_the_writer(db):
    entered = asyncio.Event()

    async def interrupted():
        async with db.write() as session:
            session.add(Account(owner="lena"))
            await session.flush()
            entered.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(interrupted())
    await entered.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with db.write() as session:
        session.add(Account(owner="mona"))
    assert await balance(db, "lena") is None
    assert await balance(db, "mona") == 0


async def test_a_reader_cannot_write_and_the_connection_can_afterwards(db):
    for _ in range(3):
        with pytest.raises(OperationalError, match="readonly"):
            async with db.read() as session:
                await session.execute(text("INSERT INTO account (owner, balance) VALUES ('lena', 1)"))
        async with db.write() as session:
            await session.execute(text("UPDATE account SET balance = 2"))


async def test_a_reader_sees_one_state_while_others_write(db):
    async with db.write() as session:
        session.add(Account(owner="lena", balance=1))
    async with db.read() as reader:
        first = await reader.scalar(select(Account.balance))
        async with db.write() as writer:
            await writer.execute(text("UPDATE account SET balance = 2"))
        assert await reader.scalar(select(Account.balance)) == first == 1
    assert await balance(db, "lena") == 2


async def test_twenty_writers_lose_no_update(db):
    async with db.write() as session:
        session.add(Account(owner="lena"))

    async def add_ten() -> None:
        for _ in range(10):
            async with db.write() as session:
                account = (await session.execute(select(Account).where(Account.owner == "lena"))).scalar_one()
                account.balance += 1

    await asyncio.gather(*(add_ten() for _ in range(20)))
    assert await balance(db, "lena") == 200


async def test_writers_in_two_processes_wait_for_each_other(db, tmp_path):
    async with db.write() as session:
        session.add(Account(owner="lena"))
    program = f"""
import asyncio
from sqlalchemy import text
from services.kit.database import Database
async def main():
    db = Database({db.url!r})
    for _ in range(40):
        async with db.write() as session:
            value = await session.scalar(text("SELECT balance FROM account"))
            await asyncio.sleep(0.001)
            await session.execute(text("UPDATE account SET balance = :v"), dict(v=value + 1))
    await db.close()
asyncio.run(main())
"""
    processes = [await asyncio.create_subprocess_exec(sys.executable, "-c", program) for _ in range(2)]
    assert [await process.wait() for process in processes] == [0, 0]
    assert await balance(db, "lena") == 80


async def test_write_inside_write_says_so_instead_of_hanging(db):
    async with db.write():
        with pytest.raises(RuntimeError, match="inside write"):
            async with db.write():
                pass


async def test_foreign_keys_are_enforced(db):
    with pytest.raises(IntegrityError):
        async with db.write() as session:
            session.add(Booking(account=77))


async def test_moments_come_back_aware_in_utc(db):
    in_tokyo = datetime(2026, 3, 1, 9, 30, 15, 123456, tzinfo=timezone(timedelta(hours=9)))
    async with db.write() as session:
        session.add(Account(owner="lena", opened=in_tokyo, notes={"a": [1, None]}))
    async with db.read() as session:
        account = await session.scalar(select(Account))
    assert account.opened == in_tokyo
    assert account.opened.tzinfo is UTC
    assert account.notes == {"a": [1, None]}


async def test_a_naive_moment_is_refused(db):
    async with db.write() as session:
        session.add(Account(owner="lena", opened=datetime(2026, 1, 1)))
        with pytest.raises(StatementError, match="no time zone"):
            await session.flush()
        await session.rollback()


async def test_every_constraint_has_a_name(db):
    async with db.read() as session:
        schema = " ".join((await session.scalars(text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"))).all())
    for name in ("pk_account", "uq_account_owner", "fk_booking_account_account"):
        assert name in schema


async def test_ping_raises_when_the_file_is_no_database(tmp_path):
    (tmp_path / "bad.db").write_bytes(b"not a database, whatever its name says" * 100)
    broken = Database(f"sqlite+aiosqlite:///{tmp_path / 'bad.db'}")
    with pytest.raises(Exception, match="not a database"):
        await broken.ping()
    await broken.close()


def test_a_database_in_memory_is_refused():
    with pytest.raises(ValueError, match="must be a file"):
        Database("sqlite+aiosqlite://")


async def test_counting_all_rows_after_many_cancelled_readers(db):
    """A reader that goes away mid-query (a closed browser) does not break the pool."""
    async with db.write() as session:
        session.add_all(Account(owner=f"u{i}") for i in range(50))

    async def read() -> int:
        async with db.read() as session:
            return await session.scalar(select(func.count()).select_from(Account)) or 0

    for delay in (0, 0.0005, 0.001, 0.002, 0.004):
        tasks = [asyncio.create_task(read()) for _ in range(10)]
        await asyncio.sleep(delay)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert await asyncio.gather(*(read() for _ in range(20))) == [50] * 20


async def test_a_database_that_cannot_be_opened_leaves_no_thread(tmp_path: Path) -> None:
    """Its thread would speak to an event loop that is gone: a command that has failed would end with a traceback."""
    (tmp_path / "folder.sqlite").mkdir()
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'folder.sqlite'}")
    before = set(threading.enumerate())
    for _ in range(20):
        with pytest.raises(OperationalError):
            await db.ping()
        left = {thread.name for thread in threading.enumerate() if thread not in before}
        assert not [name for name in left if "connection" in name]
    await db.close()
