"""An operator has a learner forgotten, while `mentoring` runs."""

import hashlib
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from services.contracts.escalation import AnswerEscalation
from services.kit.adapters.jobs_table import TableJobQueue
from services.mentoring import audit
from services.mentoring.forgetting import QUEUE, Forgetting
from services.mentoring.models import JOBS, EscalationRow

Fixture = Any
WORDS = "my grandmother's recipe"


async def test_nothing_of_the_learner_is_left_in_the_database(town: Fixture) -> None:
    asked = await town.ask("ada", notes=WORDS, email="ada@school.example")
    other = await town.ask("bob", notes="mine")
    await town.take(asked.id)
    await town.dashboard.answer(asked.id, AnswerEscalation(text="So."), town.mentor())
    db = town.house.database()
    queue = TableJobQueue(db, JOBS, clock=town.clock)
    forgetting = Forgetting(db, queue, town.clock)
    assert await forgetting.forget("ada", "root") == 1
    assert await forgetting.forget("ada", "root") == 0

    subject = hashlib.sha256(b"ada").hexdigest()[:32]
    async with db.read() as session:
        assert list(await session.scalars(select(EscalationRow.id))) == [other.id]
        jobs = (await session.execute(select(JOBS.c.key, JOBS.c.payload))).all()
        assert not any(asked.id in str(job) for job in jobs)
        record = [(row.who, row.action, row.detail) for row in await audit.entries(session, subject)]
        compacting = select(func.count()).select_from(JOBS).where(JOBS.c.queue == QUEUE)
        assert await session.scalar(compacting) == 1
    assert record == [("root", "forget", "1 entries"), ("root", "forget", "0 entries")]

    town.clock.now += timedelta(hours=1, minutes=1)
    await db.compact()
    await db.close()
    content = b"".join(file.read_bytes() for file in town.house.folder.glob("mentoring.sqlite*"))
    assert WORDS.encode() not in content
    assert b"grandmother" not in content
    assert b"ada@school.example" not in content
    assert b"mine" in content
