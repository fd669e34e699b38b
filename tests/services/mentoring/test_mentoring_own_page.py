"""A learner's questions of all cases, as the Hub's page shows them to that learner."""

from services.contracts.escalation import AnswerEscalation, RateAnswer, RateMemory, Recall, WriteNote
from tests.databases import ON_BOTH
from tests.services.mentoring.conftest import SIGNATURE, Town, question

pytestmark = ON_BOTH


async def test_all_cases_newest_first_with_the_newest_answer(town: Town) -> None:
    first = await town.ask(notes="Why?")
    town.clock.move(minutes=5)
    texts = town.learner(case="texts")
    second = await town.gateway.open(question(case_title="Texts"), texts)
    await town.ask("bob", notes="Mine.")
    await town.take(first.id)
    town.clock.move(minutes=5)
    await town.dashboard.answer(first.id, AnswerEscalation(text="Look at **n**."), town.mentor())
    newer, older = await town.hub.questions_of("ada")
    assert (newer.id, newer.case, newer.case_title, newer.state) == (second.id, "texts", "Texts", "waiting")
    assert (newer.asked, newer.answer, newer.answered, newer.mentor) == ("", "", None, None)
    assert (older.id, older.case_title, older.subtask_title, older.state) == (
        first.id,
        "Numbers",
        "The mean",
        "answered",
    )
    assert (older.asked, older.answer, older.mentor, older.helpful) == ("Why?", "Look at **n**.", "mia", None)
    assert older.answered == town.clock.now
    await town.gateway.rate(first.id, RateAnswer(helpful=True), town.learner())
    assert [(one.state, one.helpful) for one in await town.hub.questions_of("ada")] == [
        ("waiting", None),
        ("rated", True),
    ]
    assert await town.hub.questions_of("nobody") == ()


async def test_a_lease_that_ran_out_is_a_question_that_waits(town: Town) -> None:
    asked = await town.ask()
    await town.take(asked.id)
    (leased,) = await town.hub.questions_of("ada")
    assert (leased.state, leased.mentor) == ("leased", "mia")
    town.clock.move(minutes=31)
    (waiting,) = await town.hub.questions_of("ada")
    assert (waiting.state, waiting.mentor) == ("waiting", None)


async def test_a_note_of_the_mentors_is_no_answer_and_a_remembered_one_that_came_back_is_nobodys(town: Town) -> None:
    asked = await town.ask()
    await town.take(asked.id)
    await town.dashboard.write_as_mentor(asked.id, WriteNote(text="Which pandas?"), town.mentor())
    (one,) = await town.hub.questions_of("ada")
    assert one.answer == ""
    await town.dashboard.answer(asked.id, AnswerEscalation(text="So.", remember=True), town.mentor())
    given = await town.feedback.recall(Recall(subtask="mean", signatures=(SIGNATURE,)), town.learner("bob"))
    entry = given.entries[SIGNATURE].id
    await town.gateway.rate_memory(entry, RateMemory(helpful=False, submission="e" * 32), town.learner("bob"))
    assert len(await town.hub.questions_of("ada")) == 1
    assert await town.hub.questions_of("bob") == ()
