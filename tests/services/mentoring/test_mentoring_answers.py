"""Answers: by whom, to whom, for one or for all with the same problem, and never twice."""

from datetime import UTC, datetime

import pytest

from services.contracts.errors import ServiceError
from services.contracts.escalation import AnswerEscalation, LineComment, RateAnswer, Recall, WriteNote, WritePhrase
from services.contracts.notebook import Place
from tests.services.mentoring.conftest import SIGNATURE, Town, question

WORDS = AnswerEscalation(text="Divide by `len(values)`.")


async def _error(call) -> tuple[int, str]:
    with pytest.raises(ServiceError) as refused:
        await call
    return refused.value.status, refused.value.error


async def test_an_answer_has_words_for_lines(town: Town) -> None:
    asked = await town.ask()
    await town.take(asked.id)
    comment = LineComment(place=Place(cell="answer", line=1), text="Sum of what, by what?")
    answer = WORDS.model_copy(update={"comments": (comment,)})
    full = await town.dashboard.answer(asked.id, answer, town.mentor())
    assert (full.item.state, full.item.mentor, full.item.leased_until) == ("answered", "mia", None)
    seen = await town.gateway.one(asked.id, town.learner())
    assert (seen.mentor, seen.notes[0].comments, seen.notes[0].is_answer) == ("mia", (comment,), True)


async def test_only_who_holds_it_may_answer(town: Town) -> None:
    asked = await town.ask()
    assert await _error(town.dashboard.answer(asked.id, WORDS, town.mentor())) == (409, "lease_needed")
    await town.take(asked.id, "max")
    assert await _error(town.dashboard.answer(asked.id, WORDS, town.mentor())) == (409, "lease_needed")
    note = WriteNote(text="Hm")
    assert await _error(town.dashboard.write_as_mentor(asked.id, note, town.mentor())) == (409, "lease_needed")
    assert (await town.gateway.one(asked.id, town.learner())).notes == ()


async def test_an_answer_that_is_sent_again_changes_nothing(town: Town) -> None:
    asked = await town.ask()
    await town.take(asked.id)
    await town.dashboard.answer(asked.id, WORDS, town.mentor())
    assert await _error(town.dashboard.answer(asked.id, WORDS, town.mentor())) == (409, "already_answered")
    assert await _error(town.dashboard.answer(asked.id, WORDS, town.mentor("max"))) == (409, "already_answered")
    assert len((await town.gateway.one(asked.id, town.learner())).notes) == 1


async def test_all_with_the_same_problem_are_answered_together(town: Town) -> None:
    asked = [(await town.ask(user)).id for user in ("ada", "bob", "eve")]
    for one in asked[1:]:
        await town.dashboard.full(one, town.mentor())
    await town.take(asked[0])
    comment = LineComment(place=Place(cell="answer", line=1), text="Here")
    answer = AnswerEscalation(text="Divide.", comments=(comment,), also=tuple(asked))
    await town.dashboard.answer(asked[0], answer, town.mentor())
    for user, one in zip(("ada", "bob", "eve"), asked, strict=True):
        seen = await town.gateway.one(one, town.learner(user))
        assert (seen.state, seen.mentor, seen.notes[0].text) == ("answered", "mia", "Divide.")
        # A line of one learner's code says nothing about another's.
        assert seen.notes[0].comments == ((comment,) if user == "ada" else ())


@pytest.mark.parametrize(
    ("case", "error"),
    [
        ("other signature", "other_signature"),
        ("no signature", "other_signature"),
        ("other step", "other_signature"),
        ("not looked at", "not_looked_at"),
        ("somebody else's", "lease_taken"),
        ("cancelled", "not_waiting"),
        ("unknown", "escalation_not_found"),
    ],
)
async def test_answering_together_is_all_or_nothing(town: Town, case: str, error: str) -> None:
    signature = "" if case == "no signature" else "s"
    first = (await town.ask("ada", signature=signature)).id
    good = (await town.ask("bob", signature=signature)).id
    odd = (
        await town.ask(
            "eve",
            signature="t" if case == "other signature" else signature,
            subtask="median" if case == "other step" else "mean",
        )
    ).id
    for one in (good,) if case == "not looked at" else (good, odd):
        await town.dashboard.full(one, town.mentor())
    match case:
        case "somebody else's":
            await town.take(odd, "max")
        case "cancelled":
            await town.gateway.cancel(odd, town.learner("eve"))
        case "unknown":
            odd = "f" * 32
    await town.take(first)
    answer = AnswerEscalation(text="Divide.", remember=True, also=(good, odd))
    assert (await _error(town.dashboard.answer(first, answer, town.mentor())))[1] == error
    assert (await town.gateway.one(first, town.learner())).state == "leased"
    assert (await town.gateway.one(good, town.learner("bob"))).notes == ()
    assert (await town.dashboard.memory(town.mentor())).items == ()


async def test_an_answer_without_a_signature_cannot_be_remembered(town: Town) -> None:
    asked = await town.ask(signature="")
    await town.take(asked.id)
    answer = WORDS.model_copy(update={"remember": True})
    assert await _error(town.dashboard.answer(asked.id, answer, town.mentor())) == (409, "no_signature")
    assert (await town.dashboard.answer(asked.id, WORDS, town.mentor())).item.state == "answered"


async def test_each_mentor_has_a_comment_bank_of_their_own(town: Town) -> None:
    scope = town.mentor()
    first = await town.dashboard.add_phrase(WritePhrase(text="Read the error from its last line."), scope)
    second = await town.dashboard.add_phrase(WritePhrase(text="Try it with two values."), scope)
    again = await town.dashboard.add_phrase(WritePhrase(text="Try it with two values."), scope)
    assert (again.id, again.used) == (second.id, 1)
    assert [phrase.id for phrase in await town.dashboard.phrases(scope)] == [second.id, first.id]
    assert await town.dashboard.phrases(town.mentor("max")) == ()
    await town.dashboard.drop_phrase(first.id, town.mentor("max"))
    assert len(await town.dashboard.phrases(scope)) == 2
    await town.dashboard.drop_phrase(first.id, scope)
    assert [phrase.id for phrase in await town.dashboard.phrases(scope)] == [second.id]


async def test_a_comment_bank_has_an_end(house) -> None:
    house.settings = house.settings.model_copy(update={"phrases": 1})
    async with house.open() as town:
        await town.dashboard.add_phrase(WritePhrase(text="One"), town.mentor())
        assert await _error(town.dashboard.add_phrase(WritePhrase(text="Two"), town.mentor())) == (429, "bank_full")
        assert (await town.dashboard.add_phrase(WritePhrase(text="One"), town.mentor())).used == 1


async def test_the_measures_count_what_happened(town: Town) -> None:
    for user, helpful in (("ada", True), ("bob", False), ("eve", True)):
        asked = await town.ask(user)
        town.clock.move(minutes=10)
        await town.take(asked.id)
        town.clock.move(minutes=6)
        await town.dashboard.answer(asked.id, WORDS, town.mentor())
        await town.gateway.rate(asked.id, RateAnswer(helpful=helpful), town.learner(user))
    await town.gateway.open(question(), town.learner("ada", case="letters"))
    measures = await town.dashboard.measures(town.mentor(), case="numbers")
    assert (measures.escalated, measures.answered, measures.first_answer_seconds_median) == (3, 3, 960.0)
    assert measures.helpful_share == pytest.approx(2 / 3)
    assert (measures.remembered, measures.minutes_saved, measures.remembered_helpful_share) == (0, 0.0, None)
    assert (await town.dashboard.measures(town.mentor())).escalated == 4
    town.clock.move(days=8)
    later = await town.dashboard.measures(town.mentor(), days=7)
    assert (later.escalated, later.answered, later.helpful_share) == (0, 0, None)


async def test_the_measures_tell_the_weeks_apart(town: Town) -> None:
    # The clock stands on a Friday; weeks begin on Mondays.
    waits = {"ada": 10, "bob": 20, "eve": 25}
    for user, minutes in waits.items():
        asked = await town.ask(user)
        await town.take(asked.id)
        town.clock.move(minutes=minutes)
        await town.dashboard.answer(asked.id, WORDS, town.mentor())
    town.clock.move(days=3)
    await town.gateway.rate(asked.id, RateAnswer(helpful=True), town.learner("eve"))
    asked = await town.ask("joe")
    await town.take(asked.id)
    town.clock.move(minutes=7)
    await town.dashboard.answer(asked.id, WORDS, town.mentor())
    measures = await town.dashboard.measures(town.mentor(), days=7)
    friday, monday = measures.weeks
    assert (friday.begins, monday.begins) == (measures.since, datetime(2026, 11, 23, tzinfo=UTC))
    assert (friday.escalated, friday.answered, friday.first_answer_seconds_median) == (3, 3, 1200.0)
    assert (monday.escalated, monday.answered, monday.first_answer_seconds_median) == (1, 1, 420.0)
    assert (friday.helpful_share, monday.helpful_share) == (None, 1.0)
    # Of an even number, the middle between the two in the middle.
    assert (measures.escalated, measures.first_answer_seconds_median) == (4, 900.0)
    # Others count what was judged.
    assert (measures.judged, monday.judged) == (None, None)


async def test_the_figures_of_the_queue_are_metrics(town: Town) -> None:
    asked = await town.ask()
    await town.ask("bob")
    town.clock.move(minutes=5)
    await town.take(asked.id)
    await town.dashboard.answer(asked.id, WORDS, town.mentor())
    await town.app.state.service.measuring.observe_queue()
    value = town.app.state.metrics.registry.get_sample_value
    assert value("caseloop_escalations_total", {"case": "numbers", "reason": "repeated_failure"}) == 2
    assert value("caseloop_escalation_answers_total", {"case": "numbers"}) == 1
    assert value("caseloop_escalation_first_answer_seconds_sum", {"case": "numbers"}) == 300
    assert value("caseloop_escalations_waiting") == 1
    assert value("caseloop_escalations_longest_wait_seconds") == 300


async def test_minutes_saved_are_a_metric_of_the_last_seven_days(town: Town) -> None:
    async def saved() -> float | None:
        await town.app.state.service.measuring.observe_queue()
        return town.app.state.metrics.registry.get_sample_value("caseloop_minutes_saved", {"case": "numbers"})

    for user, minutes in (("ada", 2), ("eve", 4), ("joe", 8)):
        asked = await town.ask(user)
        await town.take(asked.id)
        town.clock.move(minutes=minutes)
        remember = AnswerEscalation(text="Divide.", remember=True)
        await town.dashboard.answer(asked.id, remember, town.mentor())
    assert await saved() is None
    recall = Recall(subtask="mean", signatures=(SIGNATURE,))
    for user in ("bob", "bob", "pat"):
        await town.feedback.recall(recall, town.learner(user))
    assert await saved() == 8.0
    measures = await town.dashboard.measures(town.mentor(), case="numbers")
    assert measures.minutes_saved == 8.0
    town.clock.move(days=8)
    assert await saved() is None
