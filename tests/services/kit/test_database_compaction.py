"""Deleted text is not left on the disk."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from services.kit import database
from services.kit.database import Database, StillInUse

WORD = "zwetschgenkuchen"


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(f"sqlite+aiosqlite:///{tmp_path / 'notes.sqlite'}")
    async with opened.write() as session:
        await session.execute(text("CREATE TABLE note (id INTEGER PRIMARY KEY, said TEXT)"))
        for _ in range(50):
            await session.execute(text("INSERT INTO note (said) VALUES (:said)"), {"said": WORD * 100})
        await session.execute(text("INSERT INTO note (said) VALUES ('stays')"))
    yield opened
    await opened.close()


def left(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir() if WORD.encode() in file.read_bytes()]


async def _delete(db: Database) -> None:
    async with db.write() as session:
        await session.execute(text("DELETE FROM note WHERE said <> 'stays'"))


async def test_what_was_deleted_is_in_no_file_afterwards(db: Database, tmp_path: Path) -> None:
    await _delete(db)
    assert left(tmp_path)
    await db.compact()
    assert left(tmp_path) == []
    async with db.read() as session:
        assert (await session.scalars(text("SELECT said FROM note"))).all() == ["stays"]
    async with db.write() as session:
        await session.execute(text("INSERT INTO note (said) VALUES ('more')"))


async def test_a_reader_who_does_not_end_is_named_instead_of_a_false_promise(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_BUSY_MS", 50)
    async with db.read() as reader:
        await reader.scalars(text("SELECT said FROM note"))
        await _delete(db)
        with pytest.raises(StillInUse, match="still in its log"):
            await db.compact()
    await db.compact()
    assert left(tmp_path) == []
