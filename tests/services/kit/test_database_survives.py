"""What a write() block has kept when it ends is on the disk, at the price of as few waits for it as possible."""

import asyncio
import os
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

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


async def test_a_statement_with_its_rows_is_one_visit_to_the_connections_thread(db, monkeypatch):
    visits: list[str] = []
    visit = UninterruptedConnection._execute

    async def counted(self, fn, *args, **kwargs):
        visits.append(str(args[:1]))
        return await visit(self, fn, *args, **kwargs)

    await say(db)
    await heard(db)
    monkeypatch.setattr(UninterruptedConnection, "_execute", counted)
    assert await heard(db) == 1
    # The transaction's beginning, the statement, the end; and once whether the connection may write.
    assert len(visits) <= 4
