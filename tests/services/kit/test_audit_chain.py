"""Every log of deeds, on both databases: whatever is done to its past shows."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from case_uploader.models import ActionRow
from feedback.chat.models import AuditRow as ChatRow
from services.kit.audit_chain import NOTHING, ChainBroken, Chained, Head, verified
from services.kit.database import Database
from services.kit.migrations import differences, migrate
from services.mentoring.models import AuditRow as MentoringRow
from services.progress.sessions.models import LookRow
from tests.databases import ON_BOTH, DatabaseUrl

pytestmark = ON_BOTH
NOW = datetime(2026, 11, 26, 3, 4, 5, 678_901, tzinfo=UTC)


@dataclass(frozen=True)
class Log:
    package: str
    row: type[Chained]
    make: Callable[[int], Chained]
    before: str
    """The migration before the one that makes it a chain."""
    since: tuple[str, ...] = ()
    """What takes back the migrations after that one."""

    @property
    def table(self) -> str:
        return str(self.row.__table__.name)  # type: ignore[attr-defined]


def _mentoring(number: int) -> Chained:
    return MentoringRow(happened=NOW + timedelta(seconds=number), who="mia", action="view", about=f"{number:032}")


def _chat(number: int) -> Chained:
    return ChatRow(happened=NOW, who="zoë", action="export", case_id=None, messages=number, path="a/b \N{SNOWMAN}")


def _case(number: int) -> Chained:
    return ActionRow(at=NOW, by="ada", what="withdrawn", case_id="prices", version="1" * 64, detail=f"«{number}»\n")


def _look(number: int) -> Chained:
    return LookRow(happened=NOW, who="mia", role="mentor", what="session", learner=None, case_id=f"case-{number}")


LOGS = [
    Log("services.progress", LookRow, _look, "0005"),
    Log(
        "services.mentoring",
        MentoringRow,
        _mentoring,
        "0002",
        (
            "ALTER TABLE escalation_content DROP COLUMN outputs",
            "DROP TABLE escalation_word",
            "DROP TABLE escalation_request",
        ),
    ),
    Log("feedback", ChatRow, _chat, "0004"),
    Log("case_uploader", ActionRow, _case, "0004", ("ALTER TABLE case_version DROP COLUMN image",)),
]


@pytest.fixture(params=LOGS, ids=lambda log: log.package)
def log(request) -> Log:
    return request.param


@pytest.fixture
async def db(log: Log, databases: DatabaseUrl, tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(databases(log.package, tmp_path / "log.sqlite"))
    await migrate(database, log.package)
    yield database
    await database.close()


async def add(db: Database, log: Log, *numbers: int) -> None:
    async with db.write() as session:
        session.add_all([log.make(number) for number in numbers])


async def add_and_fail(db: Database, log: Log) -> None:
    async with db.write() as session:
        session.add(log.make(4))
        await session.flush()
        raise ZeroDivisionError


async def head(db: Database, log: Log, *known: Head) -> Head:
    async with db.read() as session:
        return await verified(session, log.row, known)


async def by_its_owner(db: Database, log: Log, *statements: str) -> None:
    """What whoever owns the database can do: without the triggers nothing is refused."""
    on = "" if db.is_sqlite else f" ON {log.table}"
    async with db.write() as session:
        for deed in ("update", "delete", *([] if db.is_sqlite else ["truncate"])):
            await session.execute(text(f"DROP TRIGGER {log.table}_no_{deed}{on}"))
        for statement in statements:
            await session.execute(text(statement))


async def test_an_untouched_log_holds_however_it_was_written(db, log):
    assert await head(db, log) == Head(0, 0, NOTHING)
    await add(db, log, 1, 2, 3)
    first = await head(db, log)
    with pytest.raises(ZeroDivisionError):
        await add_and_fail(db, log)
    await asyncio.gather(*(add(db, log, number, number) for number in range(10)))
    last = await head(db, log, first, Head(0, 0, NOTHING))
    assert (first.entries, last.entries) == (3, 23)
    assert first.link != last.link


@pytest.mark.parametrize(
    "deed",
    [
        "UPDATE {table} SET {who} = 'eve' WHERE seq = {middle}",
        "UPDATE {table} SET link = '{zeros}' WHERE seq = {middle}",
        "UPDATE {table} SET seq = 1000 WHERE seq = {middle}",
        "DELETE FROM {table} WHERE seq = {middle}",
        "DELETE FROM {table} WHERE seq < {middle}",
    ],
)
async def test_what_was_done_to_its_past_shows(db, log, deed):
    await add(db, log, 1, 2, 3, 4, 5)
    last = await head(db, log)
    who = "by" if log.row is ActionRow else "who"
    middle = last.seq - 2
    await by_its_owner(db, log, deed.format(table=log.table, who=f'"{who}"', middle=middle, zeros=NOTHING))
    with pytest.raises(ChainBroken, match=f"{log.table}: entry"):
        await head(db, log)


async def test_a_shortened_log_and_one_written_anew_show_against_a_noted_end(db, log):
    await add(db, log, 1, 2, 3)
    noted = await head(db, log)
    await by_its_owner(db, log, f"DELETE FROM {log.table} WHERE seq = {noted.seq}")
    assert (await head(db, log)).entries == 2
    with pytest.raises(ChainBroken, match="was there before and is gone"):
        await head(db, log, noted)
    await add(db, log, 7, 8)
    with pytest.raises(ChainBroken, match=r"was written anew|is gone"):
        await head(db, log, noted)


async def test_entries_of_before_it_was_a_chain_are_taken_into_it(db, log):
    await add(db, log, 1, 2, 3)
    whole = await head(db, log)
    version = f"alembic_version_{log.package.replace('.', '_')}"
    drop = [] if db.is_sqlite else [f"DROP FUNCTION {log.table}_refuse()"]
    await by_its_owner(
        db,
        log,
        *drop,
        f"ALTER TABLE {log.table} DROP COLUMN link",
        *log.since,
        f"UPDATE {version} SET version_num = '{log.before}'",
    )
    await migrate(db, log.package)
    assert await head(db, log) == whole
    assert await differences(db, log.package, log.row.metadata) == []
    await add(db, log, 4)
    assert (await head(db, log, whole)).entries == 4
