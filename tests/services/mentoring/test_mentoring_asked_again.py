"""A learner who asks once more: nothing of it is lost, and what arrives twice is taken in once."""

import asyncio

import pytest

from services.contracts.errors import ServiceError
from services.contracts.escalation import AnswerEscalation, EscalationView, Open, RateAnswer
from tests.databases import ON_BOTH
from tests.services.mentoring.conftest import Town, question

pytestmark = ON_BOTH
FIRST, SECOND, THIRD = (digit * 32 for digit in "abc")


def about(body: Open, notes: str, request: str | None = None, **more) -> Open:
    """A further request about the same version."""
    return body.model_copy(update={"notes": notes, "request": request, **more})


async def answered(town: Town, body: Open, user: str = "ada", *, helpful: bool | None = True) -> EscalationView:
    """The question, answered, when both mentors have their mail: a mail about what is answered already is not sent."""
    asked = await town.gateway.open(body, town.learner(user))
    await town.mails_at_last(2)
    await town.take(asked.id)
    await town.dashboard.answer(asked.id, AnswerEscalation(text="Divide."), town.mentor())
    if helpful is None:
        return asked
    return await town.gateway.rate(asked.id, RateAnswer(helpful=helpful), town.learner(user))


def said(view: EscalationView) -> list[str]:
    return [note.text for note in view.notes]


@pytest.mark.parametrize("helpful", [None, True])
async def test_asking_anew_about_an_answered_version_is_a_turn_and_waits_in_front(
    town: Town, helpful: bool | None
) -> None:
    body = question(notes="Why?", request=FIRST, email="ada@example.org")
    first = await answered(town, body, helpful=helpful)
    await town.mails_at_last(3)
    await town.ask("bob")
    await town.mails_at_last(5)
    town.clock.move(hours=1)
    again = about(body, "By what?", SECOND, reason="unhelpful_hint", help={"hints": ["later"]}, email="")
    seen = await town.gateway.open(again, town.learner())
    assert (seen.id, seen.state, seen.reason, said(seen)) == (
        first.id, "waiting", "unhelpful_hint", ["Why?", "Divide.", "By what?"],
    )  # fmt: skip
    mails = await town.mails_at_last(7)
    assert {mail["Subject"] for mail in mails[5:]} == {"Caseloop: again a question about The mean"}
    full = await town.dashboard.take_next(town.mentor())
    assert (full.item.id, full.item.waited_seconds, full.help) == (first.id, 0, {"hints": ["later"]})
    assert town.app.state.metrics.registry.get_sample_value(
        "caseloop_escalations_total", {"case": "numbers", "reason": "unhelpful_hint"}
    ) == 1  # fmt: skip
    # This time no address was left.
    await town.dashboard.answer(first.id, AnswerEscalation(text="By how many there are."), town.mentor())
    assert len(await town.mails_at_last(7)) == 7


async def test_asking_anew_without_a_word_is_a_question_as_well(town: Town) -> None:
    body = question(request=FIRST)
    first = await answered(town, body)
    seen = await town.gateway.open(about(body, "", SECOND), town.learner())
    assert (seen.id, seen.state, said(seen)) == (first.id, "waiting", ["Divide."])


@pytest.mark.parametrize("request_id", [SECOND, None], ids=["named", "told by its words"])
async def test_a_request_that_is_sent_again_changes_nothing(town: Town, request_id: str | None) -> None:
    body = question(notes="Why?", request=FIRST)
    await answered(town, body)
    # The first request comes late once more: it has been answered.
    assert (await town.gateway.open(body, town.learner())).state == "rated"
    again = about(body, "By what?", request_id)
    seen = await asyncio.gather(*(town.gateway.open(again, town.learner()) for _ in range(5)))
    assert [said(one) for one in seen] == [["Why?", "Divide.", "By what?"]] * 5
    await town.mails_at_last(4)
    await town.take(seen[0].id)
    await town.dashboard.answer(seen[0].id, AnswerEscalation(text="By len()."), town.mentor())
    for late in (body, again):
        assert (await town.gateway.open(late, town.learner())).state == "answered"
    assert len(await town.mails_at_last(4)) == 4


async def test_what_is_said_while_a_question_is_open_is_kept_there(town: Town) -> None:
    first = await town.gateway.open(question(notes="One", request=FIRST), town.learner())
    await town.mails_at_last(2)
    other = question(notes="Two", request=SECOND, email="ada@example.org")
    assert said(await town.gateway.open(other, town.learner())) == ["One", "Two"]
    await town.take(first.id)
    seen = await town.gateway.open(about(other, "Three", THIRD, email=""), town.learner())
    assert (seen.id, seen.state, said(seen)) == (first.id, "leased", ["One", "Two", "Three"])
    await town.dashboard.answer(first.id, AnswerEscalation(text="Divide."), town.mentor())
    # Sent again after the answer, and about another version than that of the question: still nothing new.
    seen = await town.gateway.open(other, town.learner())
    assert (seen.id, seen.state) == (first.id, "answered")
    # Two to mentors about the question, one to the address that the second request brought.
    mails = await town.mails_at_last(3)
    assert [mail["To"] for mail in mails].count("ada@example.org") == 1
    assert len(await town.gateway.mine(town.learner())) == 1


async def test_an_old_version_s_question_goes_on_where_the_newer_one_waits(town: Town) -> None:
    old = question(notes="Old", request=FIRST)
    await answered(town, old)
    newer = await town.gateway.open(question(notes="New", request=SECOND), town.learner())
    seen = await town.gateway.open(about(old, "And this?", THIRD), town.learner())
    assert (seen.id, said(seen)) == (newer.id, ["New", "And this?"])


async def test_a_full_conversation_refuses_a_further_request_and_stays_answered(house) -> None:
    house.settings = house.settings.model_copy(update={"notes": 2})
    async with house.open() as town:
        body = question(notes="One", request=FIRST)
        first = await answered(town, body)
        with pytest.raises(ServiceError) as refused:
            await town.gateway.open(about(body, "Three", SECOND), town.learner())
        assert (refused.value.status, refused.value.error) == (429, "conversation_full")
        assert (await town.gateway.one(first.id, town.learner())).state == "rated"


async def test_two_further_requests_at_once_are_two_turns_and_one_place_in_the_queue(town: Town) -> None:
    body = question(notes="Why?", request=FIRST)
    await answered(town, body)
    requests = [about(body, f"Word {number}", f"{number:032x}") for number in range(6)]
    await asyncio.gather(*(town.gateway.open(one, town.learner()) for one in requests))
    (seen,) = await town.gateway.mine(town.learner())
    assert sorted(said(seen)[2:]) == [f"Word {number}" for number in range(6)]
    assert (await town.dashboard.queue(town.mentor())).total == 1
    # Two mentors heard of the question, and of the first of those that followed.
    assert len(await town.mails_at_last(4)) == 4
