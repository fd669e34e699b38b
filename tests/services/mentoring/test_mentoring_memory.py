"""Answer once: remembered by signature, given again, rated, edited, withdrawn, set aside."""

import pytest
from sqlalchemy import select

from services.contracts.errors import ServiceError
from services.contracts.escalation import AnswerEscalation, EditMemory, MemoryEntry, RateMemory, Recall, Recalled
from services.mentoring import audit
from services.mentoring.memory_repository import Memory
from services.mentoring.models import ContentRow, NoteRow, Table
from services.mentoring.repository import forget
from tests.databases import ON_BOTH
from tests.services.mentoring.conftest import SIGNATURE, Town, question

pytestmark = ON_BOTH

NEXT_VERSION = "2" * 64


async def remember(town: Town, user: str = "ada", also: tuple[str, ...] = (), **more) -> MemoryEntry:
    """A mentor answers somebody, and the answer is remembered."""
    version = more.pop("version", "1" * 64)
    only = more.pop("only_version", False)
    text = more.pop("text", "Divide.")
    asked = await town.gateway.open(question(**more), town.learner(user, version=version))
    await town.take(asked.id)
    answer = AnswerEscalation(text=text, remember=True, only_version=only, also=also)
    full = await town.dashboard.answer(asked.id, answer, town.mentor())
    return full.remembered[0]


async def recall(town: Town, user: str = "bob", subtask: str = "mean", **scope) -> dict[str, MemoryEntry]:
    asked = Recall(subtask=subtask, signatures=(SIGNATURE, "unknown#1"))
    return (await town.feedback.recall(asked, town.learner(user, **scope))).entries


async def rate(town: Town, entry: str, user: str, *, helpful: bool, submission: str = "a" * 32) -> MemoryEntry:
    rating = RateMemory(helpful=helpful, submission=submission)
    return await town.gateway.rate_memory(entry, rating, town.learner(user))


async def test_a_remembered_answer_is_given_to_the_next_with_the_same_problem(town: Town) -> None:
    assert await recall(town) == {}
    entry = await remember(town)
    given = await recall(town)
    assert given.keys() == {SIGNATURE}
    assert (given[SIGNATURE].id, given[SIGNATURE].text, given[SIGNATURE].mentor) == (entry.id, "Divide.", "mia")
    assert given[SIGNATURE].written == town.clock()
    assert await recall(town, case="letters") == {}
    assert await recall(town, subtask="median") == {}


async def test_a_look_says_whether_a_step_has_answers_and_gives_none(town: Town) -> None:
    async def looked(subtask: str = "mean", **scope: str) -> Recalled:
        asked = Recall(subtask=subtask, signatures=(), look_only=True)
        return await town.feedback.recall(asked, town.learner("bob", **scope))

    assert not (await looked()).known
    entry = await remember(town, only_version=True)
    assert await looked() == Recalled(entries={}, known=True)
    assert not (await looked("median")).known
    assert not (await looked(version=NEXT_VERSION)).known
    (kept,) = (await town.dashboard.memory(town.mentor())).items
    assert kept.shown == 0
    await town.dashboard.withdraw(entry.id, town.mentor())
    assert not (await looked()).known


async def test_showing_is_counted_and_a_learner_spares_one_question_however_often_they_check(town: Town) -> None:
    asked = await town.ask("ada")
    await town.take(asked.id)
    town.clock.move(minutes=4)
    await town.dashboard.answer(asked.id, AnswerEscalation(text="Divide.", remember=True), town.mentor())
    for user in ("bob", "bob", "bob", "eve"):
        await recall(town, user)
    (entry,) = (await town.dashboard.memory(town.mentor())).items
    assert entry.shown == 4
    measures = await town.dashboard.measures(town.mentor(), case="numbers")
    assert (measures.remembered, measures.minutes_saved) == (2, 8.0)
    assert town.app.state.metrics.registry.get_sample_value("caseloop_remembered_given_total", {"case": "numbers"}) == 4


async def test_an_answer_may_be_for_one_version_only(town: Town) -> None:
    general = await remember(town, text="For all")
    special = await remember(town, "eve", text="For this one", only_version=True)
    assert (general.case_version, special.case_version) == (None, "1" * 64)
    assert (await recall(town))[SIGNATURE].text == "For this one"
    assert (await recall(town, version=NEXT_VERSION))[SIGNATURE].text == "For all"


async def test_a_newer_answer_takes_the_older_ones_place(town: Town) -> None:
    old = await remember(town, text="Old")
    new = await remember(town, "eve", text="New")
    assert (await recall(town))[SIGNATURE].id == new.id
    entries = {entry.id: entry for entry in (await town.dashboard.memory(town.mentor())).items}
    assert entries[old.id].withdrawn is not None
    assert await _record(town, old.id) == [("mia", "remember", ""), ("mia", "replace", "Old")]


async def test_an_edit_keeps_what_was_said_before_in_the_record(town: Town) -> None:
    entry = await remember(town)
    town.clock.move(hours=1)
    edited = await town.dashboard.edit_memory(entry.id, EditMemory(text="Divide by n."), town.mentor("max"))
    assert (edited.text, edited.mentor, edited.edited) == ("Divide by n.", "max", town.clock())
    assert (await recall(town))[SIGNATURE].text == "Divide by n."
    assert await _record(town, entry.id) == [("mia", "remember", ""), ("max", "edit", "Divide.")]


async def test_a_withdrawn_answer_is_given_to_nobody(town: Town) -> None:
    entry = await remember(town)
    await town.dashboard.withdraw(entry.id, town.mentor())
    await town.dashboard.withdraw(entry.id, town.mentor())
    assert await recall(town) == {}
    with pytest.raises(ServiceError) as refused:
        await town.dashboard.edit_memory(entry.id, EditMemory(text="Again"), town.mentor())
    assert (refused.value.status, refused.value.error) == (409, "memory_withdrawn")
    assert (await _record(town, entry.id))[-1] == ("mia", "withdraw", "")
    assert len(await _record(town, entry.id)) == 2


async def test_two_answers_cannot_be_made_to_serve_the_same_learners(town: Town) -> None:
    await remember(town, text="For all")
    special = await remember(town, "eve", text="For this one", only_version=True)
    with pytest.raises(ServiceError) as refused:
        await town.dashboard.edit_memory(special.id, EditMemory(text="For all, too"), town.mentor())
    assert (refused.value.status, refused.value.error) == (409, "memory_taken")
    assert (await recall(town))[SIGNATURE].text == "For this one"


async def test_a_learner_has_one_voice(town: Town) -> None:
    entry = await remember(town)
    await recall(town, "bob")
    assert (await rate(town, entry.id, "bob", helpful=True)).helpful == 1
    assert (await rate(town, entry.id, "bob", helpful=True)).helpful == 1
    changed = await rate(town, entry.id, "bob", helpful=False)
    assert (changed.helpful, changed.unhelpful, changed.set_aside) == (0, 1, None)
    again = await rate(town, entry.id, "bob", helpful=False, submission="b" * 32)
    assert (again.unhelpful, again.set_aside) == (1, None)


async def test_who_never_got_an_answer_cannot_rate_it(town: Town, logged) -> None:
    entry = await remember(town)
    for asked in (entry.id, "f" * 32):
        with pytest.raises(ServiceError) as refused:
            await rate(town, asked, "eve", helpful=False)
        assert (refused.value.status, refused.value.error) == (404, "memory_not_found")
    assert (await town.dashboard.memory(town.mentor())).items[0].unhelpful == 0
    assert [line["user"] for line in logged if "never given" in line["event"]] == ["eve", "eve"]


async def test_an_answer_that_does_not_help_goes_back_to_a_mentor(town: Town) -> None:
    asked = await town.ask("ada")
    await town.mails_at_last(2)
    await town.take(asked.id)
    full = await town.dashboard.answer(asked.id, AnswerEscalation(text="Divide.", remember=True), town.mentor())
    entry = full.remembered[0]
    for user in ("bob", "eve", "joe"):
        await recall(town, user)
    await rate(town, entry.id, "bob", helpful=False)
    # At once, while others may still be helped by it.
    queue = await town.dashboard.queue(town.mentor())
    assert [(item.about_memory, item.reason, item.same) for item in queue.items] == [(entry.id, "unhelpful_answer", 0)]
    headline = "An answer of mia's came back: helped 0, did not help 1. It is still given."
    assert queue.items[0].headline == headline
    mails = await town.mails_at_last(4)
    assert {mail["Subject"] for mail in mails[2:]} == {"Caseloop: again a remembered answer about The mean"}
    assert headline in mails[3].get_content()
    assert (await recall(town, "ann"))[SIGNATURE].id == entry.id
    await rate(town, entry.id, "eve", helpful=True)
    town.clock.move(minutes=1)
    assert (await rate(town, entry.id, "bob", helpful=False, submission="b" * 32)).set_aside is None
    town.clock.move(minutes=1)
    aside = await rate(town, entry.id, "joe", helpful=False)
    assert aside.set_aside == town.clock()
    assert await recall(town, "ann") == {}

    queue = await town.dashboard.queue(town.mentor())
    assert len(queue.items) == 1
    assert queue.items[0].headline == (
        "An answer of mia's came back: helped 1, did not help 2, the last 2 in a row. "
        "Nobody gets it until a mentor has looked at it."
    )
    full = await town.take(queue.items[0].id)
    assert full.item.about_memory == entry.id
    assert full.cells[0].source == "mean = sum(values)"
    assert [one.id for one in full.remembered] == [entry.id]
    town.clock.move(minutes=1)
    answer = AnswerEscalation(text="Divide by how many there are.", remember=True)
    await town.dashboard.answer(queue.items[0].id, answer, town.mentor())
    given = (await recall(town, "ann"))[SIGNATURE]
    assert (given.id, given.text, given.set_aside) == (entry.id, "Divide by how many there are.", None)
    # Nobody has waited for it: only Ada was answered.
    value = town.app.state.metrics.registry.get_sample_value
    assert value("caseloop_escalation_answers_total", {"case": "numbers"}) == 1
    assert value("caseloop_escalation_first_answer_seconds_count", {"case": "numbers"}) == 1
    # Ratings of the words that did not help say nothing about the new ones.
    await recall(town, "pat")
    assert (await rate(town, entry.id, "pat", helpful=False)).set_aside is None


async def test_only_an_answer_that_came_back_is_told_from_a_question(town: Town) -> None:
    entry = await remember(town)
    await recall(town, "bob")
    await rate(town, entry.id, "bob", helpful=False)
    asked = await town.ask("bob")
    about = {item.id: item.about_memory for item in (await town.dashboard.queue(town.mentor())).items}
    assert about.pop(asked.id) is None
    assert list(about.values()) == [entry.id]
    full = await town.dashboard.full(asked.id, town.mentor())
    assert (full.item.about_memory, [item.about_memory for item in full.same]) == (None, [])


async def test_the_headline_says_what_learners_have_said_by_now(town: Town) -> None:
    entry = await remember(town)
    for user in ("bob", "eve", "joe"):
        await recall(town, user)
    for user, helpful in (("bob", False), ("eve", False), ("joe", True)):
        await rate(town, entry.id, user, helpful=helpful)
    (item,) = (await town.dashboard.queue(town.mentor())).items
    assert "helped 1, did not help 2, the last 2 in a row. Nobody gets it" in item.headline


async def test_who_thinks_otherwise_takes_the_item_back_unless_a_mentor_has_it(town: Town) -> None:
    entry = await remember(town)
    await recall(town, "bob")
    await rate(town, entry.id, "bob", helpful=False)
    await rate(town, entry.id, "bob", helpful=True)
    assert (await town.dashboard.queue(town.mentor())).total == 0
    await rate(town, entry.id, "bob", helpful=False)
    (item,) = (await town.dashboard.queue(town.mentor())).items
    await town.take(item.id)
    await rate(town, entry.id, "bob", helpful=True)
    assert (await town.dashboard.queue(town.mentor())).total == 1


async def test_a_learner_is_told_which_versions_no_answer_helped(town: Town) -> None:
    entry = await remember(town)
    for user in ("bob", "eve"):
        await recall(town, user)
        await rate(town, entry.id, user, helpful=False, submission=f"{user:0<32}".encode().hex()[:32])
    assert len(await town.gateway.unhelpful_memory(town.learner("bob"))) == 1
    assert await town.gateway.unhelpful_memory(town.learner("bob", case="letters")) == ()
    await rate(town, entry.id, "bob", helpful=True)
    assert await town.gateway.unhelpful_memory(town.learner("bob")) == ()


@pytest.mark.parametrize("how", ["confirm", "withdraw", "replace"])
async def test_looking_at_the_answer_itself_closes_the_item(town: Town, how: str) -> None:
    entry = await remember(town)
    for user in ("bob", "eve"):
        await recall(town, user)
        await rate(town, entry.id, user, helpful=False)
    assert (await town.dashboard.queue(town.mentor())).total == 1
    match how:
        case "confirm":
            await town.dashboard.edit_memory(entry.id, EditMemory(text="Divide."), town.mentor())
        case "withdraw":
            await town.dashboard.withdraw(entry.id, town.mentor())
        case "replace":
            await remember(town, "joe", text="Other words")
    assert (await town.dashboard.queue(town.mentor())).total == 0
    given = await recall(town, "ann")
    assert (len(given), [e.text for e in given.values()]) == {
        "confirm": (1, ["Divide."]),
        "withdraw": (0, []),
        "replace": (1, ["Other words"]),
    }[how]


async def test_an_item_about_an_answer_is_nobodys_question(town: Town) -> None:
    entry = await remember(town)
    for user in ("bob", "eve"):
        await recall(town, user)
        await rate(town, entry.id, user, helpful=False)
    assert (await town.dashboard.measures(town.mentor())).escalated == 1
    assert await town.gateway.mine(town.learner("bob")) == ()
    (own,) = await town.gateway.mine(town.learner("ada"))
    assert own.state == "answered"
    (item,) = (await town.dashboard.queue(town.mentor())).items
    with pytest.raises(ServiceError) as refused:
        await town.gateway.one(item.id, town.learner("ada"))
    assert refused.value.error == "escalation_not_found"


async def test_answers_are_found_by_their_words_and_those_that_wait_come_first(town: Town) -> None:
    first = await remember(town, text="Divide by 100% of them")
    await remember(town, "eve", signature="other#2", text="Sort before")
    scope = town.mentor()
    assert [e.text for e in (await town.dashboard.memory(scope, q="SORT")).items] == ["Sort before"]
    assert [e.id for e in (await town.dashboard.memory(scope, q="100%")).items] == [first.id]
    assert (await town.dashboard.memory(scope, q="0_%")).items == ()
    assert (await town.dashboard.memory(scope, case="letters")).items == ()
    assert [e.text for e in (await town.dashboard.memory(scope)).items] == ["Sort before", "Divide by 100% of them"]
    for user in ("bob", "joe"):
        await recall(town, user)
        await rate(town, first.id, user, helpful=False)
    assert (await town.dashboard.memory(scope)).items[0].id == first.id


async def test_every_program_that_was_answered_is_a_regression_sample(town: Town) -> None:
    other = await town.ask("bob", cells=question().cells[:1])
    await town.dashboard.full(other.id, town.mentor())
    entry = await remember(town, also=(other.id,))
    db = town.house.database()
    async with db.read() as session:
        samples = await Memory(session, None).samples()
        rest = await Memory(session, None).samples(after=samples[0].seq)
        elsewhere = await Memory(session, "letters").samples()
    await db.close()
    assert [(s.entry, s.signature, s.subtask, s.words, s.withdrawn) for s in samples] == [
        (entry.id, SIGNATURE, "mean", "Divide.", False)
    ] * 2
    assert samples[0].cells[0].source == "mean = sum(values)"
    assert (list(rest), list(elsewhere)) == ([samples[1]], [])


async def test_a_learner_is_forgotten_and_the_mentors_answer_stays(town: Town) -> None:
    entry = await remember(town)
    await town.ask("bob", notes="mine")
    await recall(town, "ada")
    await recall(town, "bob")
    db = town.house.database()
    async with db.write() as session:
        assert await forget(session, "ada") == 2
    async with db.read() as session:
        assert await Memory(session, None).samples() == []
        for table in Table.metadata.sorted_tables:
            if "learner" in table.c:
                assert set(await session.scalars(select(table.c.learner))) == {"bob"}
        assert len((await session.scalars(select(ContentRow.escalation))).all()) == 1
        assert [note.text for note in await session.scalars(select(NoteRow))] == ["mine"]
    await db.close()
    assert (await recall(town))[SIGNATURE].id == entry.id


async def _record(town: Town, about: str) -> list[tuple[str, str, str]]:
    db = town.house.database()
    async with db.read() as session:
        record = [(row.who, row.action, row.detail) for row in await audit.entries(session, about)]
    await db.close()
    return record
