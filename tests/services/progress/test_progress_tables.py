from pathlib import Path

from services.kit.database import Database
from services.kit.migrations import differences, migrate
from services.progress.models import Base
from services.progress.sessions.models import JOBS


async def test_the_migrations_make_exactly_the_tables_of_the_models(tmp_path: Path) -> None:
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'progress.sqlite'}")
    assert JOBS.metadata is Base.metadata
    await migrate(db, "services.progress")
    assert await differences(db, "services.progress", Base.metadata) == []
    await migrate(db, "services.progress")
    await db.close()
