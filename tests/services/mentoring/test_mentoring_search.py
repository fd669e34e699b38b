"""Mentors find questions by words, learner, step and reason, and remembered answers by case, step and words."""

import pytest
from sqlalchemy import func, select, text

from services.contracts.errors import ServiceError
from services.contracts.escalation import (
    AnswerEscalation,
    AskQueue,
    MemoryEntry,
    QueuePage,
    RateMemory,
    Recall,
    WriteNote,
)
from services.contracts.feedback import Feedback, Verdict
from services.contracts.finding import Finding
from services.contracts.output import CellOutputs, Output
from services.kit.database import Database
from services.kit.migrations import differences, migrate
from services.mentoring.models import EscalationRow, Table, WordRow
from services.mentoring.sought import MOST_WORDS
from tests.databases import ON_BOTH
from tests.services.mentoring.conftest import SIGNATURE, Town, question

pytestmark = ON_BOTH


async def found(town: Town, **asked: str) -> list[str]:
    """Learners whose questions are found, the most urgent first."""
    page: QueuePage = await town.dashboard.queue(town.mentor(), AskQueue(**asked))
    assert page.total == len(page.items)
    return [item.learner for item in page.items]


async def remember(town: Town, user: str, **question: str) -> MemoryEntry:
    asked = await town.ask(user, **question)
    await town.take(asked.id)
    full = await town.dashboard.answer(asked.id, AnswerEscalation(text=f"For {user}.", remember=True), town.mentor())
    return next(entry for entry in full.remembered if entry.origin == asked.id)


def judged(signature: str, message: str) -> Feedback:
    finding = Finding(
        id="f1", kind="check", severity="error", subtask="mean", message=message, evidence=(), signature=signature
    )
    return Feedback(verdict=Verdict.NEEDS_WORK, headline="Not yet.", findings=(finding,))


async def test_questions_are_found_by_the_words_of_their_learner_titles_and_headline(town: Town) -> None:
    await town.ask("ada", notes="Why does `usual_price` count the *Äpfel* twice?")
    await town.ask("bob", case_title="Späte Busse", subtask_title="Delays by line")
    await town.ask("eve", feedback=Feedback(verdict=Verdict.NEEDS_WORK, headline="The **median** is not right yet."))
    assert await found(town, q="äpfel") == ["ada"]
    assert await found(town, q="A\N{COMBINING DIAERESIS}PFEL usual") == ["ada"]
    assert await found(town, q="price") == ["ada"]
    assert await found(town, q="usual_pr") == ["ada"]
    assert await found(town, q="dela späte") == ["bob"]
    assert await found(town, q="median") == ["eve"]
    assert await found(town, q="median bus") == []
    assert await found(town, q="edian") == []
    assert await found(town, q="%") == await found(town) == ["ada", "bob", "eve"]


async def test_what_a_learner_writes_later_is_found_and_what_a_mentor_writes_is_not(town: Town) -> None:
    asked = await town.ask("ada", notes="First words.")
    await town.gateway.write(asked.id, WriteNote(text="Second words, with a zebra, and a zebra."), town.learner())
    await town.take(asked.id)
    await town.dashboard.write_as_mentor(asked.id, WriteNote(text="A giraffe?"), town.mentor())
    assert await found(town, q="first zebra") == ["ada"]
    assert await found(town, q="giraffe") == []


async def test_questions_are_found_by_learner_step_and_reason(town: Town) -> None:
    await town.ask("ada.lovelace", notes="ben")
    await town.ask("Ada_B", reason="unhelpful_hint")
    await town.ask("ben", subtask="total", reason="unhelpful_hint")
    assert await found(town, learner="ada") == ["ada.lovelace", "Ada_B"]
    assert await found(town, learner=" ADA.") == ["ada.lovelace"]
    assert await found(town, learner="ben") == ["ben"]
    assert await found(town, reason="unhelpful_hint") == ["Ada_B", "ben"]
    assert await found(town, subtask="total") == ["ben"]
    assert await found(town, subtask="mean", reason="unhelpful_hint", learner="a", case="numbers") == ["Ada_B"]
    assert await found(town, subtask="mean", case="letters") == []


async def test_those_that_are_over_are_found_too_newest_first_and_in_parts(town: Town) -> None:
    for number in range(5):
        asked = await town.ask(f"learner-{number}", notes="a heron")
        if number % 2:
            await town.take(asked.id)
            await town.dashboard.answer(asked.id, AnswerEscalation(text="So."), town.mentor())
    assert await found(town, q="heron") == ["learner-0", "learner-2", "learner-4"]
    assert await found(town, q="heron", state="answered") == ["learner-3", "learner-1"]
    seen, after = [], None
    while True:
        page = await town.dashboard.queue(town.mentor(), AskQueue(state="all", q="her", limit=2, after=after))
        assert page.total == 5
        seen += [item.learner for item in page.items]
        if (after := page.next) is None:
            break
    assert seen == [f"learner-{number}" for number in (4, 3, 2, 1, 0)]


async def test_a_mentor_of_one_case_finds_nothing_of_another(town: Town) -> None:
    await town.ask("ada", notes="heron")
    scope = town.mentor("lea", case="letters")
    assert (await town.dashboard.queue(scope, AskQueue(state="all", q="heron", learner="ada"))).total == 0


async def test_a_book_is_found_by_its_first_words(town: Town) -> None:
    asked = await town.ask("ada", notes=" ".join(f"w{number}" for number in range(1_500)))
    await town.gateway.write(asked.id, WriteNote(text="afterwards"), town.learner())
    assert await found(town, q="w100") == ["ada"]
    assert await found(town, q="w1400") == await found(town, q="afterwards") == []
    db = town.house.database()
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(WordRow)) == MOST_WORDS
    await db.close()


async def test_a_long_word_is_found_and_odd_ones_harm_nobody(town: Town) -> None:
    long = "ü" * 300
    await town.ask("ada", notes=f"{long} \x00 \N{ZERO WIDTH SPACE} ___ 数据 '; DROP TABLE escalation_word; --")
    assert await found(town, q=long[:200]) == ["ada"]
    assert await found(town, q="数") == ["ada"]
    assert await found(town, q="'; drop") == ["ada"]
    assert await found(town, q="\N{ZERO WIDTH SPACE} ___") == ["ada"]


async def test_questions_of_before_there_was_an_index_are_found(town: Town) -> None:
    await town.ask("ada", notes="a heron")
    await town.ask("bob", notes="a stork")
    db = town.house.database()
    async with db.write() as session:
        await session.execute(text("ALTER TABLE escalation_content DROP COLUMN outputs"))
        await session.execute(text("DROP TABLE escalation_word"))
        await session.execute(text("UPDATE alembic_version_services_mentoring SET version_num = '0004'"))
    await migrate(db, "services.mentoring")
    assert await differences(db, "services.mentoring", Table.metadata) == []
    await db.close()
    assert await found(town, q="stork numbers") == ["bob"]
    assert await found(town, learner="ad") == ["ada"]


async def test_an_answer_that_came_back_is_found_by_its_headline_and_under_no_learner(town: Town) -> None:
    db: Database = town.house.database()
    entry = await remember(town, "ada")
    await town.feedback.recall(Recall(subtask="mean", signatures=(SIGNATURE,)), town.learner("bob"))
    await town.gateway.rate_memory(entry.id, RateMemory(helpful=False, submission="e" * 32), town.learner("bob"))
    (item,) = (await town.dashboard.queue(town.mentor(), AskQueue(q="came back"))).items
    assert item.about_memory == entry.id
    assert await found(town, learner="ada") == []
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(EscalationRow)) == 2
    await db.close()


async def test_all_with_the_same_problem_are_read_in_parts(town: Town) -> None:
    asked = [(await town.ask(f"learner-{number:02}")).id for number in range(56)]
    await town.ask("stranger", signature="other")
    full = await town.dashboard.full(asked[0], town.mentor())
    assert (full.item.same, len(full.same)) == (55, 50)
    seen, after = [], None
    while True:
        page = await town.dashboard.same(asked[0], town.mentor(), limit=20, after=after)
        assert page.total == 55
        seen += [item.id for item in page.items]
        if (after := page.next) is None:
            break
    assert seen == asked[1:]
    assert (await town.dashboard.same(asked[0], town.mentor())).items == full.same
    for scope, escalation in ((town.mentor("lea", case="letters"), asked[0]), (town.mentor(), "0" * 32)):
        with pytest.raises(ServiceError) as refused:
            await town.dashboard.same(escalation, scope)
        assert refused.value.error == "escalation_not_found"


async def test_remembered_answers_are_read_in_parts_those_that_wait_first(town: Town) -> None:
    entries = [await remember(town, f"learner-{number}", signature=f"s{number}") for number in range(7)]
    db = town.house.database()
    async with db.write() as session:
        await session.execute(
            text("UPDATE remembered SET set_aside = written WHERE id IN (:a, :b)"),
            {"a": entries[1].id, "b": entries[3].id},
        )
        await session.execute(
            text("UPDATE remembered SET set_aside = written, withdrawn = written WHERE id = :c"), {"c": entries[5].id}
        )
    await db.close()
    for limit in (1, 2, 3, 7):
        seen, after = [], None
        while True:
            page = await town.dashboard.memory(town.mentor(), limit=limit, after=after)
            assert page.total == 7
            seen += [entry.id for entry in page.items]
            if (after := page.next) is None:
                break
        assert seen == [entries[number].id for number in (3, 1, 6, 5, 4, 2, 0)]
    for cursor in ("x", "2~1", "1~"):
        with pytest.raises(ServiceError) as refused:
            await town.dashboard.memory(town.mentor(), after=cursor)
        assert refused.value.error == "invalid_request"


async def test_remembered_answers_are_found_by_step_and_by_what_was_said_of_the_mistake(town: Town) -> None:
    await remember(town, "ada", feedback=Feedback(verdict=Verdict.NEEDS_WORK, headline="The zebra is missing."))
    await remember(town, "bob", subtask="total")
    found_of = town.dashboard.memory
    assert [entry.text for entry in (await found_of(town.mentor(), subtask="total")).items] == ["For bob."]
    assert [entry.text for entry in (await found_of(town.mentor(), q="zebra", case="numbers")).items] == ["For ada."]
    assert (await found_of(town.mentor(), q="zebra", subtask="total")).total == 0


async def test_an_entry_says_which_mistake_it_is_for_and_which_question_it_answered(town: Town) -> None:
    entry = await remember(town, "ada", feedback=judged(SIGNATURE, "`mean` is too high."))
    told = await remember(town, "bob", signature="mean|repair|f|call#1", feedback=judged("another", "`f` fails."))
    assert (entry.mistake, told.mistake) == ("`mean` is too high.", "`f` fails.")
    (newest, oldest) = (await town.dashboard.memory(town.mentor())).items
    assert (newest, oldest) == (told, entry)
    full = await town.dashboard.full(str(oldest.origin), town.mentor())
    assert full.cells[0].source == "mean = sum(values)"


async def test_what_the_notebook_showed_is_kept_with_a_question_and_renewed_when_it_is_asked_again(town: Town) -> None:
    def shown(text: str) -> tuple[CellOutputs, ...]:
        return (CellOutputs(cell="answer", outputs=(Output(kind="stdout", text=text),)),)

    body = question(outputs=shown("1 \x00"))
    asked = await town.gateway.open(body, town.learner())
    assert (await town.dashboard.full(asked.id, town.mentor())).outputs == shown("1 \x00")
    await town.take(asked.id)
    await town.dashboard.answer(asked.id, AnswerEscalation(text="So."), town.mentor())
    await town.gateway.open(body.model_copy(update={"outputs": shown("2"), "notes": "And now?"}), town.learner())
    assert (await town.dashboard.full(asked.id, town.mentor())).outputs == shown("2")


async def test_learners_are_told_nothing_of_whose_mistake_it_was(town: Town) -> None:
    entry = await remember(town, "ada", feedback=judged(SIGNATURE, "`mean` is too high."))
    recalled = await town.feedback.recall(Recall(subtask="mean", signatures=(SIGNATURE,)), town.learner("bob"))
    given = recalled.entries[SIGNATURE]
    rated = await town.gateway.rate_memory(entry.id, RateMemory(helpful=True, submission="e" * 32), town.learner("bob"))
    assert [(one.mistake, one.origin) for one in (given, rated)] == [("", None)] * 2


async def test_answers_to_similar_mistakes_are_offered_where_there_is_none_to_the_same(town: Town) -> None:
    near = await remember(town, "a", signature="mean|check|check-mean|TypeError#1")
    far = await remember(town, "b", signature="mean|check|check-empty|ValueError#2")
    await remember(town, "c", signature="mean|value|mean|numbers#3")
    await remember(town, "d", signature="mean|check|check-mean|KeyError#4", subtask="total")
    asked = await town.ask("ada", signature=SIGNATURE)
    full = await town.dashboard.full(asked.id, town.mentor())
    assert full.remembered == ()
    assert [entry.id for entry in full.similar] == [near.id, far.id]
    recall = Recall(subtask="mean", signatures=(SIGNATURE,))
    assert (await town.feedback.recall(recall, town.learner())).entries == {}
    await town.dashboard.withdraw(near.id, town.mentor())
    assert [e.id for e in (await town.dashboard.full(asked.id, town.mentor())).similar] == [far.id]
    await town.take(asked.id)
    own = await town.dashboard.answer(asked.id, AnswerEscalation(text="So.", remember=True), town.mentor())
    assert ([entry.text for entry in own.remembered], own.similar) == (["So."], ())


@pytest.mark.parametrize("signature", ["", "no parts", "mean|check", "value:total:numbers:3"])
async def test_a_signature_without_a_kind_is_like_no_other(town: Town, signature: str) -> None:
    await remember(town, "a", signature="mean|check|check-mean|TypeError#1")
    asked = await town.ask("ada", signature=signature)
    assert (await town.dashboard.full(asked.id, town.mentor())).similar == ()
