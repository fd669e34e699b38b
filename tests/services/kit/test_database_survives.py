"""What a write() block has kept when it ends is on the disk, at the price of as few waits for it as possible."""

import asyncio
import os
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError

from services.kit import wal_sync
from services.kit.database import Database
from services.kit.sqlite_connection import UninterruptedConnection


class Disk:
    """Counts what is brought to the disk, and can refuse or wait."""

    def __init__(self) -> None:
        self.synced: list[str] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.broken = False

    def fsync(self, descriptor: int) -> None:
        self.synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        assert self.may_go_on.wait(60)
        if self.broken:
            raise OSError(5, "Input/output error")
        os.fsync(descriptor)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    made = Disk()

    class Seen:
        open, close, O_RDONLY = os.open, os.close, os.O_RDONLY
        fsync = made.fsync

    monkeypatch.setattr(wal_sync, "os", Seen)
    return made


@pytest.fixture
async def db(tmp_path: Path, disk: Disk):
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    async with database.write() as session:
        await session.execute(text("CREATE TABLE said (n INTEGER)"))
    disk.synced.clear()
    yield database
    disk.may_go_on.set()
    await database.close()


async def say(db: Database, n: int = 1, *, survives: bool = True) -> None:
    async with db.write(survives=survives) as session:
        await session.execute(text(f"INSERT INTO said VALUES ({n})"))


async def heard(db: Database) -> int:
    async with db.read() as session:
        return int((await session.execute(text("SELECT count(*) FROM said"))).scalar_one())


async def test_a_write_ends_when_the_log_of_changes_is_on_the_disk(db, disk):
    disk.may_go_on.clear()
    writing = asyncio.create_task(say(db))
    while not disk.synced:
        await asyncio.sleep(0.001)
    assert await heard(db) == 1
    assert not writing.done()
    disk.may_go_on.set()
    await writing
    assert disk.synced == ["x.db-wal"]


async def test_others_write_while_one_waits_for_the_disk_and_all_who_wait_share_the_next_turn(db, disk):
    disk.may_go_on.clear()
    writing = [asyncio.create_task(say(db, n)) for n in range(20)]
    while await heard(db) < 20:
        await asyncio.sleep(0.001)
    assert not any(one.done() for one in writing)
    disk.may_go_on.set()
    await asyncio.gather(*writing)
    assert 1 < len(disk.synced) <= 3


async def test_what_nobody_was_told_of_does_not_wait(db, disk):
    await say(db, survives=False)
    assert disk.synced == []
    await say(db)
    assert len(disk.synced) == 1


async def test_a_disk_that_refuses_is_told_to_the_writer(db, disk):
    disk.broken = True
    with pytest.raises(OSError, match="Input/output"):
        await say(db)
    disk.broken = False
    await say(db)


async def test_without_a_log_there_is_nothing_to_wait_for(tmp_path, disk):
    await wal_sync.WalSync(str(tmp_path / "closed.db")).reached()
    assert disk.synced == []


class Visits:
    """What connections have their threads do."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.statements: list[str] = []
        visit = UninterruptedConnection._execute

        async def counted(connection, fn, *args, **kwargs):
            if not connection.here:
                self.statements.append(str(args[:1]))
            return await visit(connection, fn, *args, **kwargs)

        monkeypatch.setattr(UninterruptedConnection, "_execute", counted)


@pytest.fixture
def visits(db, monkeypatch) -> Visits:
    return Visits(monkeypatch)


async def test_a_statement_with_its_rows_is_one_visit_to_the_connections_thread(db, visits):
    await say(db)
    await heard(db)
    visits.statements.clear()
    assert await heard(db) == 1
    # The transaction's beginning, the statement, and the end.
    assert len(visits.statements) <= 3


async def test_whoever_writes_briefly_visits_the_thread_to_begin_and_to_end_only(db, visits):
    await say(db)
    visits.statements.clear()
    async with db.write(brief=True) as session:
        for n in range(5):
            await session.execute(text(f"INSERT INTO said VALUES ({n})"))
            async with session.begin_nested():
                await session.execute(text("DELETE FROM said WHERE n = 0"))
        assert (await session.execute(text("SELECT count(*) FROM said"))).scalar_one() == 5
    assert len(visits.statements) == 2
    assert await heard(db) == 5


async def test_whoever_reads_briefly_visits_the_thread_not_at_all_and_goes_on_while_others_write(db, visits):
    await say(db)
    for _ in range(2):  # the first time connections are opened
        async with db.write() as writing:
            await writing.execute(text("INSERT INTO said VALUES (1)"))
            visits.statements.clear()
            async with db.read(brief=True) as session:
                said = (await session.execute(text("SELECT count(*) FROM said"))).scalar_one()
            asked = list(visits.statements)
    assert (said, asked) == (2, [])


async def test_whoever_reads_briefly_cannot_write_and_leaves_an_ordinary_connection(db, visits):
    async def overreach() -> None:
        async with db.read(brief=True) as session:
            await session.execute(text("INSERT INTO said VALUES (2)"))

    with pytest.raises(OperationalError, match="readonly"):
        await overreach()
    visits.statements.clear()
    assert await heard(db) == 0
    assert len(visits.statements) == 3


async def test_a_connection_that_was_used_briefly_is_an_ordinary_one_afterwards(db, visits):
    async def fail() -> None:
        async with db.write(brief=True) as session:
            await session.execute(text("INSERT INTO said VALUES (2)"))
            await session.execute(text("CREATE TABLE checked (n INTEGER CHECK (n > 0))"))
            await session.execute(text("INSERT INTO checked VALUES (0)"))

    with pytest.raises(IntegrityError):
        await fail()
    visits.statements.clear()
    await say(db)
    assert await heard(db) == 1
    assert [said for said in visits.statements if "INSERT" in said or "count" in said] == [
        "('INSERT INTO said VALUES (1)',)",
        "('SELECT count(*) FROM said',)",
    ]
