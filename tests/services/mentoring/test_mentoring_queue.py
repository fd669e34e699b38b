"""What mentors do with the queue: see, take, give back, lose."""

import asyncio

import pytest
from sqlalchemy import select

from services.contracts.errors import ServiceError
from services.contracts.escalation import AnswerEscalation, AskQueue
from services.mentoring import audit
from services.mentoring.models import JOBS, EscalationRow
from tests.databases import ON_BOTH
from tests.services.mentoring.conftest import House, Town, question

pytestmark = ON_BOTH


async def test_who_waits_longest_comes_first(town: Town) -> None:
    asked = []
    for user in ("ada", "bob", "eve"):
        asked.append((await town.ask(user)).id)
        town.clock.move(minutes=5)
    queue = await town.dashboard.queue(town.mentor())
    assert [item.id for item in queue.items] == asked
    assert [item.waited_seconds for item in queue.items] == [900.0, 600.0, 300.0]
    taken = [(await town.dashboard.take_next(town.mentor())).item.id for _ in asked]
    assert taken == asked
    with pytest.raises(ServiceError) as empty:
        await town.dashboard.take_next(town.mentor())
    assert (empty.value.status, empty.value.error) == (404, "queue_empty")


async def test_a_case_may_have_a_head_start(house: House) -> None:
    house.settings = house.settings.model_copy(update={"head_start": {"exam": 20.0}})
    async with house.open() as town:
        first = await town.ask("ada")
        town.clock.move(minutes=15)
        exam = await town.gateway.open(question(), town.learner("bob", case="exam"))
        town.clock.move(minutes=15)
        late = await town.gateway.open(question(), town.learner("eve", case="exam"))
        queue = await town.dashboard.queue(town.mentor())
        assert [item.id for item in queue.items] == [exam.id, first.id, late.id]


async def test_twenty_mentors_press_at_once_and_one_gets_it(town: Town) -> None:
    asked = await town.ask()
    scopes = [town.mentor(f"mentor-{n}") for n in range(20)]
    results = await asyncio.gather(*(town.dashboard.lease(asked.id, scope) for scope in scopes), return_exceptions=True)
    won = [one for one in results if not isinstance(one, BaseException)]
    lost = [one.error for one in results if isinstance(one, ServiceError)]
    assert len(won) == 1
    assert lost == ["lease_taken"] * 19
    assert (await town.gateway.one(asked.id, town.learner())).mentor == won[0].item.mentor


async def test_twenty_mentors_who_take_the_next_get_one_each(town: Town) -> None:
    asked = {(await town.ask(f"learner-{n}")).id for n in range(15)}
    scopes = [town.mentor(f"mentor-{n}") for n in range(20)]
    results = await asyncio.gather(*(town.dashboard.take_next(scope) for scope in scopes), return_exceptions=True)
    won = [one.item.id for one in results if not isinstance(one, BaseException)]
    assert len(won) == 15
    assert set(won) == asked
    assert sum(isinstance(one, ServiceError) and one.error == "queue_empty" for one in results) == 5


async def test_a_lease_that_has_run_out_is_none_in_every_query(town: Town) -> None:
    asked = await town.ask()
    held = await town.take(asked.id)
    assert held.item.leased_until is not None
    assert (held.item.leased_until - town.clock()).total_seconds() == 1800
    town.clock.move(minutes=29, seconds=59)
    assert (await town.gateway.one(asked.id, town.learner())).state == "leased"
    assert (await town.dashboard.queue(town.mentor(), AskQueue(state="waiting"))).items == ()
    town.clock.move(seconds=1)
    assert (await town.gateway.one(asked.id, town.learner())).state == "waiting"
    assert (await town.gateway.one(asked.id, town.learner())).mentor is None
    assert [i.id for i in (await town.dashboard.queue(town.mentor(), AskQueue(state="waiting"))).items] == [asked.id]
    assert (await town.dashboard.queue(town.mentor(), AskQueue(state="leased"))).items == ()
    assert (await town.dashboard.queue(town.mentor(), AskQueue(mine=True))).items == ()
    with pytest.raises(ServiceError) as late:
        await town.dashboard.answer(asked.id, AnswerEscalation(text="Divide."), town.mentor())
    assert late.value.error == "lease_needed"
    assert (await town.take(asked.id, "max")).item.mentor == "max"


async def test_a_lease_that_has_run_out_is_ended_by_its_job_when_nobody_looks(house: House) -> None:
    async with house.open() as town:
        asked = await town.ask()
        await town.take(asked.id)
    # The process ends; half an hour later another one comes.
    house.clock.move(minutes=31)
    async with house.open() as town:
        db = house.database()
        try:
            async with asyncio.timeout(30):
                while await _state_in_the_table(db, asked.id) != "waiting":
                    await asyncio.sleep(0.05)
        finally:
            await db.close()


async def test_a_lease_that_was_prolonged_outlives_its_first_job(house: House) -> None:
    async with house.open() as town:
        asked = await town.ask()
        await town.take(asked.id)
        town.clock.move(minutes=20)
        await town.take(asked.id)
        town.clock.move(minutes=15)
        db = house.database()
        try:
            async with asyncio.timeout(30):
                # The job of the first lease comes, and orders itself for the end of the second.
                while not await _jobs(db, "lease-expiry", "done"):
                    await asyncio.sleep(0.05)
            assert await _state_in_the_table(db, asked.id) == "leased"
            assert len(await _jobs(db, "lease-expiry", "queued")) == 1
        finally:
            await db.close()


async def test_a_mentor_gives_one_back(town: Town) -> None:
    asked = await town.ask()
    await town.take(asked.id)
    await town.dashboard.release(asked.id, town.mentor("max"))
    assert (await town.gateway.one(asked.id, town.learner())).state == "leased"
    await town.dashboard.release(asked.id, town.mentor())
    await town.dashboard.release(asked.id, town.mentor())
    assert (await town.gateway.one(asked.id, town.learner())).state == "waiting"
    assert (await town.take(asked.id, "max")).item.mentor == "max"


async def test_the_queue_is_read_in_parts(town: Town) -> None:
    asked = []
    for n in range(7):
        asked.append((await town.ask(f"learner-{n}")).id)
        town.clock.move(seconds=1)
    found, after = [], None
    while True:
        page = await town.dashboard.queue(town.mentor(), AskQueue(limit=3, after=after))
        assert page.total == 7
        found += [item.id for item in page.items]
        if (after := page.next) is None:
            break
    assert found == asked


async def test_parts_of_what_is_over_are_the_newest_first(town: Town) -> None:
    asked = [(await town.ask(f"learner-{n}")).id for n in range(5)]
    for one in asked:
        await town.take(one)
        await town.dashboard.answer(one, AnswerEscalation(text="Divide."), town.mentor())
    first = await town.dashboard.queue(town.mentor(), AskQueue(state="answered", limit=3))
    second = await town.dashboard.queue(town.mentor(), AskQueue(state="answered", limit=3, after=first.next))
    assert [item.id for item in (*first.items, *second.items)] == asked[::-1]
    mine = await town.dashboard.queue(town.mentor(), AskQueue(mine=True))
    assert (mine.total, (await town.dashboard.queue(town.mentor("max"), AskQueue(mine=True))).total) == (5, 0)


async def test_the_queue_is_filtered_by_case_and_says_who_has_the_same_problem(town: Town) -> None:
    for user in ("ada", "bob", "eve"):
        await town.ask(user)
    other = await town.gateway.open(question(), town.learner("ada", case="letters"))
    queue = await town.dashboard.queue(town.mentor(), AskQueue(case="numbers"))
    assert (queue.total, [item.same for item in queue.items]) == (3, [2, 2, 2])
    letters = await town.dashboard.queue(town.mentor(), AskQueue(case="letters"))
    assert [(item.id, item.same) for item in letters.items] == [(other.id, 0)]
    full = await town.dashboard.full(queue.items[0].id, town.mentor())
    assert {item.learner for item in full.same} == {"bob", "eve"}


async def test_a_place_that_is_none_is_refused(town: Town) -> None:
    with pytest.raises(ServiceError) as refused:
        await town.dashboard.queue(town.mentor(), AskQueue(after="1 OR 1=1"))
    assert refused.value.status == 422


async def test_every_look_at_another_persons_work_is_in_the_record(town: Town) -> None:
    asked = await town.ask()
    await town.dashboard.queue(town.mentor())
    await town.dashboard.full(asked.id, town.mentor("max"))
    await town.take(asked.id)
    await town.dashboard.answer(asked.id, AnswerEscalation(text="Divide."), town.mentor())
    assert await _record(town, asked.id) == [("max", "view"), ("mia", "lease"), ("mia", "answer")]


async def test_what_a_screen_asks_for_meanwhile_is_the_same_look(town: Town) -> None:
    asked, other = await town.ask(), await town.ask("bob")
    for minutes in (0, 1, 28):
        town.clock.move(minutes=minutes)
        await town.dashboard.full(asked.id, town.mentor("max"))
    assert await _record(town, asked.id) == [("max", "view")]
    await town.dashboard.full(asked.id, town.mentor("mia"))
    await town.dashboard.full(other.id, town.mentor("max"))
    assert await _record(town, asked.id) == [("max", "view"), ("mia", "view")]
    assert await _record(town, other.id) == [("max", "view")]
    town.clock.move(minutes=1)
    await town.dashboard.full(asked.id, town.mentor("max"))
    assert await _record(town, asked.id) == [("max", "view"), ("mia", "view"), ("max", "view")]


async def _record(town: Town, about: str) -> list[tuple[str, str]]:
    db = town.house.database()
    async with db.read() as session:
        record = [(row.who, row.action) for row in await audit.entries(session, about)]
    await db.close()
    return record


async def _state_in_the_table(db, escalation: str) -> str:
    async with db.read() as session:
        return await session.scalar(select(EscalationRow.state).where(EscalationRow.id == escalation))


async def _jobs(db, kind: str, status: str) -> list[str]:
    async with db.read() as session:
        found = select(JOBS.c.id).where(JOBS.c.kind == kind, JOBS.c.status == status)
        return list((await session.scalars(found)).all())
