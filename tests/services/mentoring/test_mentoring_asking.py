"""What learners do: ask, write on, rate, cancel."""

import asyncio

import pytest

from services.contracts.errors import ServiceError
from services.contracts.escalation import AnswerEscalation, RateAnswer, WriteNote
from tests.services.mentoring.conftest import Town, question

HOSTILE = "<img src=x onerror=alert(1)>\x00$\\href{javascript:alert(1)}{x}$ \U0001f600"


async def answered(town: Town, user: str = "ada", **more) -> str:
    asked = await town.ask(user, **more)
    await town.take(asked.id)
    await town.dashboard.answer(asked.id, AnswerEscalation(text="Divide by how many there are."), town.mentor())
    return asked.id


async def test_what_was_asked_is_what_a_mentor_sees(town: Town) -> None:
    asked = await town.ask(notes="I do not see it.", help={"hints": [{"text": "Look at line 1"}]})
    assert (asked.state, asked.reason, asked.mentor) == ("waiting", "repeated_failure", None)
    assert [(note.author, note.name, note.text) for note in asked.notes] == [("learner", "ada", "I do not see it.")]
    full = await town.dashboard.full(asked.id, town.mentor())
    assert full.item.learner == "ada"
    assert full.item.headline == "The mean is not right yet."
    assert full.cells[0].source == "mean = sum(values)"
    assert full.help == {"hints": [{"text": "Look at line 1"}]}
    assert full.case_version == "1" * 64
    assert full.notes == asked.notes


async def test_text_is_kept_as_it_was_written(town: Town) -> None:
    asked = await town.ask(notes=HOSTILE, help={"chat": [HOSTILE]})
    full = await town.dashboard.full(asked.id, town.mentor())
    assert full.notes[0].text == HOSTILE
    assert full.help == {"chat": [HOSTILE]}
    assert (await town.gateway.one(asked.id, town.learner())).notes[0].text == HOSTILE


async def test_the_same_version_and_the_same_step_are_asked_about_once(town: Town) -> None:
    body = question()
    first = await town.gateway.open(body, town.learner())
    assert (await town.gateway.open(body, town.learner())).id == first.id
    assert (await town.ask()).id == first.id
    assert (await town.ask("bob")).id != first.id
    assert (await town.ask(subtask="median")).id != first.id
    assert len(await town.gateway.mine(town.learner())) == 2
    assert [one.id for one in await town.gateway.mine(town.learner(), "mean")] == [first.id]


async def test_twenty_presses_at_once_ask_one_question(town: Town) -> None:
    asked = await asyncio.gather(*(town.ask() for _ in range(20)))
    assert len({one.id for one in asked}) == 1
    assert (await town.dashboard.queue(town.mentor())).total == 1


async def test_the_same_version_may_be_asked_about_again_once_cancelled(town: Town) -> None:
    body = question()
    first = await town.gateway.open(body, town.learner())
    await town.gateway.cancel(first.id, town.learner())
    second = await town.gateway.open(body, town.learner())
    assert (second.id != first.id, second.state) == (True, "waiting")


async def test_both_sides_write_more_than_once(town: Town) -> None:
    asked = await town.ask()
    await town.take(asked.id)
    await town.dashboard.write_as_mentor(asked.id, WriteNote(text="What is it meant to be?"), town.mentor())
    await town.gateway.write(asked.id, WriteNote(text="The mean."), town.learner())
    await town.dashboard.answer(asked.id, AnswerEscalation(text="Then divide."), town.mentor())
    await town.dashboard.write_as_mentor(asked.id, WriteNote(text="By len()."), town.mentor())
    seen = await town.gateway.one(asked.id, town.learner())
    assert seen.state == "answered"
    assert [(note.author, note.text, note.is_answer) for note in seen.notes] == [
        ("mentor", "What is it meant to be?", False),
        ("learner", "The mean.", False),
        ("mentor", "Then divide.", True),
        ("mentor", "By len().", False),
    ]


async def test_a_question_after_the_answer_puts_it_in_front_of_the_queue(town: Town) -> None:
    escalation = await answered(town)
    await town.ask("bob")
    town.clock.move(hours=1)
    again = await town.gateway.write(escalation, WriteNote(text="By what?"), town.learner())
    assert (again.state, again.reopened) == ("waiting", 0)
    assert (await town.dashboard.take_next(town.mentor())).item.id == escalation


async def test_a_helpful_answer_is_rated(town: Town) -> None:
    escalation = await answered(town)
    rated = await town.gateway.rate(escalation, RateAnswer(helpful=True, text="Thank you"), town.learner())
    assert (rated.state, rated.helpful, rated.notes[-1].text) == ("rated", True, "Thank you")
    assert (await town.dashboard.queue(town.mentor())).total == 0


async def test_an_unhelpful_answer_comes_back_before_everybody_else(town: Town) -> None:
    escalation = await answered(town)
    older = await town.ask("bob")
    town.clock.move(hours=3)
    reopened = await town.gateway.rate(escalation, RateAnswer(helpful=False, text="No"), town.learner())
    assert (reopened.state, reopened.reopened, reopened.reason) == ("waiting", 1, "unhelpful_answer")
    # The same rating again, as a browser sends it whose connection broke, changes nothing.
    assert await town.gateway.rate(escalation, RateAnswer(helpful=False, text="No"), town.learner()) == reopened
    queue = await town.dashboard.queue(town.mentor())
    assert [item.id for item in queue.items] == [escalation, older.id]


async def test_an_old_answer_does_not_come_back_while_a_newer_question_waits(town: Town) -> None:
    escalation = await answered(town)
    newer = await town.ask()
    assert newer.id != escalation
    rated = await town.gateway.rate(escalation, RateAnswer(helpful=False), town.learner())
    assert (rated.state, rated.helpful, rated.reopened) == ("rated", False, 0)
    with pytest.raises(ServiceError) as refused:
        await town.gateway.write(escalation, WriteNote(text="And?"), town.learner())
    assert refused.value.error == "another_open"
    assert len((await town.gateway.one(escalation, town.learner())).notes) == 1


async def test_a_cancelled_question_leaves_the_queue_and_the_mentors_hands(town: Town) -> None:
    asked = await town.ask()
    await town.take(asked.id)
    assert (await town.gateway.cancel(asked.id, town.learner())).state == "cancelled"
    assert (await town.gateway.cancel(asked.id, town.learner())).state == "cancelled"
    assert (await town.dashboard.queue(town.mentor())).total == 0
    for call, error in [
        (town.dashboard.answer(asked.id, AnswerEscalation(text="Late"), town.mentor()), "lease_needed"),
        (town.dashboard.lease(asked.id, town.mentor()), "not_waiting"),
        (town.gateway.write(asked.id, WriteNote(text="Hello?"), town.learner()), "escalation_closed"),
        (town.gateway.rate(asked.id, RateAnswer(helpful=True), town.learner()), "nothing_to_rate"),
    ]:
        with pytest.raises(ServiceError) as refused:
            await call
        assert (refused.value.status, refused.value.error) == (409, error)


async def test_what_cannot_be_is_refused_with_a_reason(town: Town) -> None:
    waiting = await town.ask()
    with pytest.raises(ServiceError) as early:
        await town.gateway.rate(waiting.id, RateAnswer(helpful=True), town.learner())
    assert early.value.error == "nothing_to_rate"
    done = await answered(town, "bob")
    with pytest.raises(ServiceError) as late:
        await town.gateway.cancel(done, town.learner("bob"))
    assert late.value.error == "already_answered"


@pytest.mark.parametrize(
    "address", ["a@b.example\nBcc: all@school.example", "ada", "a@b@c.example", '"a b"@c.example', "ä@b.example"]
)
async def test_an_address_that_is_none_is_refused(town: Town, address: str) -> None:
    with pytest.raises(ServiceError) as refused:
        await town.ask(email=address)
    assert (refused.value.status, refused.value.error) == (422, "address_refused")
    assert await town.gateway.mine(town.learner()) == ()


async def test_a_conversation_ends_with_an_answer_however_long_it_is(house) -> None:
    house.settings = house.settings.model_copy(update={"notes": 2})
    async with house.open() as town:
        asked = await town.ask(notes="One")
        await town.gateway.write(asked.id, WriteNote(text="Two"), town.learner())
        await town.take(asked.id)
        for call in (
            town.gateway.write(asked.id, WriteNote(text="Three"), town.learner()),
            town.dashboard.write_as_mentor(asked.id, WriteNote(text="Three"), town.mentor()),
        ):
            with pytest.raises(ServiceError) as refused:
                await call
            assert (refused.value.status, refused.value.error) == (429, "conversation_full")
        full = await town.dashboard.answer(asked.id, AnswerEscalation(text="The end"), town.mentor())
        assert (full.item.state, len(full.notes)) == ("answered", 3)
