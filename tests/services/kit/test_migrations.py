import asyncio
import importlib
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from sqlalchemy import String, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.kit.database import TYPES, Database, table_metadata
from services.kit.migrations import MigrationFailed, differences, migrate

FIRST = """
    import sqlalchemy as sa
    from alembic import op

    revision, down_revision = "0001", None

    def upgrade():
        op.create_table(
            "learner",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("name", sa.String(64), nullable=False),
        )
        op.create_table(
            "visit",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("learner", sa.Integer, sa.ForeignKey("learner.id", ondelete="CASCADE"), nullable=False),
        )
"""
SECOND = """
    import sqlalchemy as sa
    from alembic import op

    revision, down_revision = "0002", "0001"

    def upgrade():
        with op.batch_alter_table("learner", recreate="always") as table:
            table.alter_column("name", existing_type=sa.String(64), type_=sa.String(255))
"""
BROKEN = """
    from alembic import op

    revision, down_revision = "0003", "0002"

    def upgrade():
        op.execute("UPDATE learner SET name = 'lost'")
        op.execute("INSERT INTO no_such_table VALUES (1)")
"""


class Table(DeclarativeBase):
    metadata = table_metadata()
    type_annotation_map = TYPES


class Learner(Table):
    __tablename__ = "learner"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255))


@pytest.fixture
def package(tmp_path: Path, monkeypatch):
    """An importable package `ledger` whose migrations the test writes."""
    versions = tmp_path / "ledger" / "migrations" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "ledger" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield lambda name, source: (versions / f"{name}.py").write_text(dedent(source))
    sys.modules.pop("ledger", None)


@pytest.fixture
async def db(tmp_path: Path):
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    yield database
    await database.close()


async def rows(db: Database, sql: str) -> list[tuple]:
    async with db.read() as session:
        return [tuple(row) for row in await session.execute(text(sql))]


async def test_migrations_run_once_and_keep_their_own_version_table(package, db):
    package("0001_first", FIRST)
    await migrate(db, "ledger")
    await migrate(db, "ledger")
    assert await rows(db, "SELECT version_num FROM alembic_version_ledger") == [("0001",)]


async def test_rebuilding_a_table_keeps_the_rows_that_refer_to_it(package, db):
    package("0001_first", FIRST)
    await migrate(db, "ledger")
    async with db.write() as session:
        await session.execute(text("INSERT INTO learner VALUES (1, 'lena')"))
        await session.execute(text("INSERT INTO visit VALUES (7, 1)"))
    package("0002_longer_names", SECOND)
    await migrate(db, "ledger")
    assert await rows(db, "SELECT id, learner FROM visit") == [(7, 1)]
    assert await differences(db, "ledger", Table.metadata) == []


async def test_a_failing_migration_changes_nothing(package, db):
    package("0001_first", FIRST)
    package("0002_longer_names", SECOND)
    await migrate(db, "ledger")
    async with db.write() as session:
        await session.execute(text("INSERT INTO learner VALUES (1, 'lena')"))
    package("0003_broken", BROKEN)
    with pytest.raises(MigrationFailed, match=r"ledger.*no_such_table"):
        await migrate(db, "ledger")
    assert await rows(db, "SELECT name FROM learner") == [("lena",)]
    assert await rows(db, "SELECT version_num FROM alembic_version_ledger") == [("0002",)]


async def test_a_model_without_its_migration_is_noticed(package, db):
    package("0001_first", FIRST)
    await migrate(db, "ledger")
    found = await differences(db, "ledger", Table.metadata)
    assert "modify_type" in str(found)


async def test_processes_that_start_at_once_migrate_once(package, db, tmp_path):
    package("0001_first", FIRST)
    package("0002_longer_names", SECOND)
    program = f"""
import asyncio, sys
sys.path.insert(0, {str(tmp_path)!r})
from services.kit.database import Database
from services.kit.migrations import migrate
async def main():
    db = Database({db.url!r})
    await migrate(db, "ledger")
    await db.ping()
    await db.close()
asyncio.run(main())
"""
    processes = [await asyncio.create_subprocess_exec(sys.executable, "-c", program) for _ in range(4)]
    assert [await process.wait() for process in processes] == [0, 0, 0, 0]
    assert await rows(db, "SELECT version_num FROM alembic_version_ledger") == [("0002",)]


async def test_a_package_without_migrations_is_told_so(db):
    with pytest.raises(MigrationFailed, match=r"services\.contracts has no folder"):
        await migrate(db, "services.contracts")


async def test_constraints_made_by_migrations_have_the_names_of_the_models(package, db):
    package("0001_first", FIRST)
    await migrate(db, "ledger")
    ((schema,),) = await rows(db, "SELECT sql FROM sqlite_master WHERE name = 'visit'")
    assert "pk_visit" in schema
    assert "fk_visit_learner_learner" in schema
