"""The migrations make what the models say, and the record of mentors' deeds can only be added to."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.kit.database import Database
from services.kit.migrations import differences, migrate
from services.mentoring import audit
from services.mentoring.models import Table


@pytest.fixture
async def db(tmp_path: Path):
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'mentoring.sqlite'}")
    await migrate(db, "services.mentoring")
    yield db
    await db.close()


async def test_the_migrations_make_the_tables_of_the_models(db: Database) -> None:
    assert await differences(db, "services.mentoring", Table.metadata) == []


@pytest.mark.parametrize("statement", ["UPDATE mentoring_audit SET who = 'eve'", "DELETE FROM mentoring_audit"])
async def test_what_a_mentor_did_can_neither_be_changed_nor_deleted(db: Database, house, statement: str) -> None:
    async with db.write() as session:
        audit.note(session, "mia", "view", "a" * 32, house.clock())
    with pytest.raises(IntegrityError, match="only ever added to"):
        async with db.write() as session:
            await session.execute(text(statement))
    async with db.read() as session:
        assert [(row.who, row.action) for row in await audit.entries(session, "a" * 32)] == [("mia", "view")]


async def test_words_are_read_from_an_index(db: Database) -> None:
    query = "SELECT escalation FROM escalation_word WHERE word >= :word AND word < :after"
    async with db.read() as session:
        plan = await session.execute(text(f"EXPLAIN QUERY PLAN {query}"), {"word": b"a", "after": b"a\xff"})
        (line,) = [row[-1] for row in plan]
    assert "COVERING INDEX escalation_word_found (word>? AND word<?)" in line


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("state IN ('waiting', 'leased') ORDER BY rank, seq LIMIT 50", "escalation_queue"),
        ("state IN ('waiting', 'leased') AND case_id = 'x' ORDER BY rank, seq LIMIT 50", "escalation_queue_case"),
        ("state IN ('waiting', 'leased') AND signature = 'x'", "escalation_same"),
        ("state IN ('waiting', 'leased') AND state = 'waiting' ORDER BY rank, seq LIMIT 1", "escalation_queue"),
        ("learner = 'ada' AND case_id = 'x' ORDER BY seq DESC", "escalation_owner"),
        ("state IN ('waiting', 'leased') AND reason = 'x' ORDER BY rank, seq LIMIT 50", "escalation_queue"),
    ],
)
async def test_the_queue_is_read_from_an_index(db: Database, query: str, index: str) -> None:
    async with db.read() as session:
        plan = await session.execute(text(f"EXPLAIN QUERY PLAN SELECT * FROM escalation WHERE {query}"))
        lines = [row[-1] for row in plan]
    assert any(f"INDEX {index}" in line for line in lines), lines
    assert not any("TEMP B-TREE" in line for line in lines), lines
