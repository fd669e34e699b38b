"""What evaluation reads of mentors' answers: those that hold, and nothing that did not help."""

from services.contracts.escalation import AnswerEscalation, EditMemory, LineComment, RateAnswer, RateMemory, Recall
from services.contracts.notebook import Place
from services.mentoring.kept import KeptAnswers, SettledDispute
from services.mentoring.memory_repository import RegressionSample
from tests.databases import ON_BOTH
from tests.services.mentoring.conftest import SIGNATURE, Town

pytestmark = ON_BOTH
COMMENT = LineComment(place=Place(cell="answer", line=1), text="By how many?")


async def remembered(town: Town) -> list[RegressionSample]:
    db = town.house.database()
    found = [one async for one in KeptAnswers(db).remembered("numbers")]
    await db.close()
    return found


async def disputes(town: Town) -> list[SettledDispute]:
    db = town.house.database()
    found = [one async for one in KeptAnswers(db).disputes("numbers")]
    await db.close()
    return found


async def answer(town: Town, user: str, text: str = "Divide.", *, remember: bool = False) -> str:
    """A mentor answers somebody's question; returns its id."""
    asked = await town.ask(user)
    await town.take(asked.id)
    said = AnswerEscalation(text=text, remember=remember, comments=(COMMENT,))
    await town.dashboard.answer(asked.id, said, town.mentor())
    return asked.id


async def test_an_answered_question_is_read_with_the_words_about_single_lines(town: Town) -> None:
    await answer(town, "ada")
    await town.ask("bob")
    [dispute] = await disputes(town)
    assert (dispute.learner, dispute.mentor, dispute.case, dispute.subtask) == ("ada", "mia", "numbers", "mean")
    assert (dispute.text, dispute.comments, dispute.reason) == ("Divide.", (COMMENT,), "repeated_failure")
    assert dispute.cells[0].source == "mean = sum(values)"


async def test_an_answer_that_did_not_help_says_nothing_until_there_is_a_better_one(town: Town) -> None:
    asked = await answer(town, "ada")
    await town.gateway.rate(asked, RateAnswer(helpful=False), town.learner("ada"))
    assert await disputes(town) == []
    await town.take(asked)
    await town.dashboard.answer(asked, AnswerEscalation(text="By their number."), town.mentor())
    assert [(one.text, one.comments) for one in await disputes(town)] == [("By their number.", ())]
    await town.gateway.rate(asked, RateAnswer(helpful=True), town.learner("ada"))
    assert len(await disputes(town)) == 1


async def test_remembered_answers_are_read_as_they_stand_now(town: Town) -> None:
    await answer(town, "ada", remember=True)
    (entry,) = (await town.dashboard.memory(town.mentor())).items
    await town.dashboard.edit_memory(entry.id, EditMemory(text="Divide by n."), town.mentor("max"))
    [one] = await remembered(town)
    assert (one.words, one.text, one.mentor, one.learner) == ("Divide.", "Divide by n.", "max", "ada")
    assert one.signature == SIGNATURE


async def test_what_nobody_is_given_any_more_is_left_out(town: Town) -> None:
    await answer(town, "ada", remember=True)
    (entry,) = (await town.dashboard.memory(town.mentor())).items
    for user in ("bob", "eve"):
        await town.feedback.recall(Recall(subtask="mean", signatures=(SIGNATURE,)), town.learner(user))
        rating = RateMemory(helpful=False, submission="a" * 32)
        await town.gateway.rate_memory(entry.id, rating, town.learner(user))
    assert await remembered(town) == []
    await town.dashboard.edit_memory(entry.id, EditMemory(text="Divide by n."), town.mentor())
    assert len(await remembered(town)) == 1
    await town.dashboard.withdraw(entry.id, town.mentor())
    assert await remembered(town) == []


async def test_more_than_one_part_is_read_to_its_end(town: Town, monkeypatch) -> None:
    monkeypatch.setattr("services.mentoring.kept._PART", 2)
    for number in range(5):
        await answer(town, f"learner-{number}")
    assert [one.learner for one in await disputes(town)] == [f"learner-{number}" for number in range(5)]
    assert len({one.text for one in await disputes(town)}) == 1
