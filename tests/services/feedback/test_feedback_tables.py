from pathlib import Path

import feedback.assistance.models
import feedback.chat.models
import feedback.hints.models
from feedback.models import Table
from services.kit.database import Database
from services.kit.migrations import differences, migrate

OWNERS = (feedback.assistance.models, feedback.chat.models, feedback.hints.models)


async def test_the_migrations_make_exactly_the_tables_of_the_models(tmp_path: Path) -> None:
    db = Database(f"sqlite+aiosqlite:///{tmp_path / 'feedback.sqlite'}")
    await migrate(db, "feedback")
    assert {"job", "hint", "ai_choice", "ai_use", "conversation", "message"} <= set(Table.metadata.tables)
    assert await differences(db, "feedback", Table.metadata) == []
    await migrate(db, "feedback")
    await db.close()
