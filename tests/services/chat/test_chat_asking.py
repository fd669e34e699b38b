"""A question and its answer: streamed, cited, kept, counted."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from feedback.assistance.models import AiUseRow
from feedback.chat.errors import ConversationDeleted, MessagesSpent
from feedback.chat.models import ConversationRow
from feedback.chat.spoken import Spoken
from feedback.chat.talks import LEFT
from feedback.firewall import NOBODY, SentenceGate
from feedback.firewalls import KeptFirewalls
from feedback.model.adapters.script import HANG
from services.contracts.chat import AskChat, ChatDelta, ChatDone, ChatEvent
from services.contracts.errors import ServiceError
from services.contracts.feedback import Feedback, Verdict
from tests.databases import ON_BOTH
from tests.services.chat.conftest import APPROVED, FINDING, SECOND, WRONG, Desk, OpenDesk, notebook, shop

pytestmark = ON_BOTH

ANSWER = "Some rows hold no price [1-0a1b2c3d4e]. Which ones are they? Look at them before you go on."


async def test_the_answer_streams_and_is_kept_as_it_was_shown(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        asked = await desk.ask("Why are there too many rows?")
        kept = await desk.service.conversation(desk.scope())
    deltas = [event.text for event in asked.events if isinstance(event, ChatDelta)]
    assert len(deltas) == 3
    assert "".join(deltas) == asked.text
    assert asked.text == "Some rows hold no price. Which ones are they? Look at them before you go on."
    assert kept.messages == (asked.done.question, asked.done.answer)
    assert (asked.done.answer.words_by, asked.done.answer.truncated) == ("model", False)
    assert kept.left is None


async def test_a_finding_that_is_marked_is_cited_and_the_mark_is_not_shown(open_desk: OpenDesk) -> None:
    async with open_desk(["The share is off [2-1122334455]. So are the rows [1-0a1b2c3d4e][9-ffffffffff]."]) as desk:
        asked = await desk.ask("What is a share?")
    assert [cited.finding for cited in asked.done.answer.cites] == [SECOND.id, FINDING.id]
    assert asked.text == "The share is off. So are the rows."


async def test_a_sentence_is_shown_while_the_mark_behind_it_still_arrives(open_desk: OpenDesk) -> None:
    said = "Some rows of the table hold no price, and they count as goods. [1-0a1b2c3d4e] Which ones are they?"
    async with open_desk([said]) as desk:
        spoken = Spoken([FINDING.id])
        firewall = await KeptFirewalls(1).of(desk.case)
        gate = SentenceGate(firewall, NOBODY)
        shown = ""
        for heard in said.partition("1-0a")[0]:
            shown += "".join(gate.push(spoken.push(heard), whole_words=spoken.whole_words))
        asked = await desk.ask("Why are there too many rows?")
    assert shown == "Some rows of the table hold no price, and they count as goods."
    assert next(event.text for event in asked.events if isinstance(event, ChatDelta)) == shown


async def test_an_answer_about_evidence_without_a_mark_cites_what_it_is_about_or_nothing(open_desk: OpenDesk) -> None:
    async with open_desk(
        ["Your `share` exists, but its numbers are not those that the data lead to.", "Breathe in, breathe out."]
    ) as desk:
        about = await desk.ask("Why is it wrong?")
        nothing = await desk.ask("Why is it wrong?")
    assert [cited.finding for cited in about.done.answer.cites] == [SECOND.id]
    assert nothing.done.answer.cites == ()


async def test_follow_ups_are_three_at_most_and_none_that_was_asked(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        first = (await desk.ask("Why is it wrong?")).done.answer.follow_ups
        assert len(first) == 3
        second = (await desk.ask(first[0])).done.answer.follow_ups
    assert first[0] not in second


async def test_a_use_of_ai_is_counted_with_the_answer(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        await desk.ask("Why?")
        assert (await desk.choices.of(desk.scope())).uses == 1
        async with desk.db.read() as session:
            uses = (await session.scalars(select(AiUseRow))).all()
    assert [(use.kind, use.words_by, use.learner) for use in uses] == [("chat", "model", "ada")]


async def test_without_a_model_rules_answer_and_say_so(open_desk: OpenDesk) -> None:
    async with open_desk() as desk:
        asked = await desk.ask("Why is it wrong?")
        assert desk.counted("caseloop_chat_answers", words_by="rules", reason="no_model") == 1
        assert (await desk.choices.of(desk.scope())).uses == 0
    assert asked.done.answer.words_by == "rules"
    assert FINDING.message in asked.text
    assert "No language model wrote this" in asked.text
    assert asked.streamed == asked.text
    assert [cited.finding for cited in asked.done.answer.cites] == [FINDING.id]


async def test_rules_go_down_the_ladder_and_say_no_step_twice(open_desk: OpenDesk) -> None:
    async with open_desk() as desk:
        said = [(await desk.ask("What should I do?")).text for _ in range(5)]
    plan, location, example = (FINDING.ladder[at].text for at in (0, 2, 3))
    assert [text for text in said if plan in text] == [said[0]]
    assert [text for text in said if location in text] == [said[1]]
    assert [text for text in said if example in text] == [said[2]]
    assert SECOND.ladder[0].text in said[3]


@pytest.mark.parametrize(
    "verdict",
    [
        Feedback(verdict=Verdict.COULD_NOT_JUDGE, fault="platform", headline="Something broke."),
        ServiceError("runner", 503, "service_unavailable", "away"),
    ],
)
async def test_an_answer_does_not_need_a_verdict(open_desk: OpenDesk, verdict: Any) -> None:
    async with open_desk() as desk:
        desk.verdicts.says = [verdict]
        unknown = await desk.ask("Am I done?")
        desk.verdicts.says = [APPROVED]
        known = await desk.ask("Am I done?")
    assert "could not be checked" in unknown.text
    assert "this step is right" in known.text


async def test_an_answer_does_not_wait_for_a_verdict_that_takes_for_ever(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER], judge_seconds=0.05) as desk:
        desk.verdicts.seconds = 30
        async with asyncio.timeout(30):
            asked = await desk.ask("Why?")
    assert asked.done.answer.words_by == "model"
    assert "could not be judged" in desk.requests[0].messages[2].content


async def test_two_questions_at_once_are_answered_one_after_the_other(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        await asyncio.gather(*(desk.ask(f"Question {n}?") for n in range(4)))
        kept = await desk.service.conversation(desk.scope())
    assert [message.role for message in kept.messages] == ["learner", "assistant"] * 4
    sent = [len(request.messages) for request in desk.requests]
    assert sent == [4, 6, 8, 10]


async def test_different_conversations_do_not_wait_for_each_other(open_desk: OpenDesk) -> None:
    async with open_desk([HANG, ANSWER], patience=5) as desk:
        await desk.allow("bob")
        slow = asyncio.create_task(desk.ask("Why?"))
        while not desk.requests:
            await asyncio.sleep(0.01)
        quick = await desk.ask("Why?", user="bob")
        assert quick.done.answer.words_by == "model"
        assert not slow.done()
        assert (await slow).done.answer.words_by == "rules"


async def _leave_after(desk: Desk, parts: int) -> None:
    request = AskChat(subtask="shelf", cells=notebook(desk.case), text="Why?")
    async with aclosing(desk.service.ask(request, desk.scope())) as events:
        seen = 0
        async for _ in events:
            seen += 1
            if seen == parts:
                break
    await desk.service.close()


async def test_who_goes_away_finds_the_question_and_a_note_and_has_lost_nothing(open_desk: OpenDesk) -> None:
    case = shop(quotas=shop().quotas.model_copy(update={"messages": 2}))
    async with open_desk([ANSWER], case=case) as desk:
        await _leave_after(desk, 1)
        kept = await desk.service.conversation(desk.scope())
        assert [message.text for message in kept.messages] == ["Why?", LEFT]
        assert kept.left == 2
        assert desk.counted("caseloop_chat_left") == 1
        again = await desk.ask("Why?")
    assert again.done.answer.words_by == "model"
    assert LEFT not in "".join(message.content for message in desk.requests[-1].messages)


async def test_a_use_of_ai_is_counted_when_its_words_were_seen_though_their_reader_left(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        await _leave_after(desk, 1)
        assert (await desk.choices.of(desk.scope())).uses == 1
    async with open_desk([HANG], patience=60) as desk:
        await _leave_at_once(desk)
        assert (await desk.choices.of(desk.scope())).uses == 1


async def _leave_at_once(desk: Desk) -> None:
    task = asyncio.create_task(desk.ask("Why?"))
    while not desk.requests:
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await desk.service.close()


async def test_who_always_leaves_before_the_last_word_pays_in_the_end(open_desk: OpenDesk) -> None:
    case = shop(quotas=shop().quotas.model_copy(update={"messages": 2}))
    left = []
    async with open_desk([ANSWER], case=case) as desk:
        for _ in range(5):
            await _leave_after(desk, 2)
            left.append((await desk.service.conversation(desk.scope())).left)
        with pytest.raises(MessagesSpent):
            await desk.ask("Why?")
    assert left == [2, 2, 2, 1, 0]


async def test_the_models_request_ends_with_its_reader(open_desk: OpenDesk) -> None:
    async with open_desk([HANG], patience=60) as desk:
        task = asyncio.create_task(desk.ask("Why?"))
        while not desk.requests:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await desk.service.close()
        kept = await desk.service.conversation(desk.scope())
    assert [message.text for message in kept.messages] == ["Why?", LEFT]
    assert not [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]


async def test_who_reads_to_the_end_has_an_answer_even_when_the_line_breaks_there(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        await _leave_after(desk, 4)
        kept = await desk.service.conversation(desk.scope())
    assert kept.messages[1].words_by == "model"
    assert len(kept.messages) == 2


async def test_a_killed_process_leaves_no_half_answer_and_the_place_comes_back(open_desk: OpenDesk) -> None:
    case = shop(quotas=shop().quotas.model_copy(update={"messages": 1}))
    async with open_desk([HANG, ANSWER], case=case, patience=60) as desk:
        request = AskChat(subtask="shelf", cells=notebook(desk.case), text="Why?")
        events = desk.service.ask(request, desk.scope())
        reading = asyncio.ensure_future(anext(events))
        while not desk.requests:
            await asyncio.sleep(0.01)
        # What a killed process leaves is what stands in the database now.
        async with open_desk([ANSWER], case=case) as after:
            kept = await after.service.conversation(after.scope())
            assert [(m.role, m.text) for m in kept.messages] == [("learner", "Why?")]
            assert kept.left == 0
            after.clock.turn(timedelta(minutes=6))
            asked = await after.ask("Why?")
            assert asked.done.answer.words_by == "model"
            assert asked.done.left == 0
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await events.aclose()


async def test_a_conversation_deleted_meanwhile_is_not_written_to(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        request = AskChat(subtask="shelf", cells=notebook(desk.case), text="Why?")
        events = desk.service.ask(request, desk.scope())
        await anext(events)
        async with desk.db.write() as session:
            await session.execute(delete(ConversationRow))
        with pytest.raises(ConversationDeleted):
            await _rest(events)
        assert (await desk.service.conversation(desk.scope())).messages == ()


async def _rest(events: AsyncGenerator[ChatEvent, None]) -> list[ChatEvent]:
    return [event async for event in events]


async def test_a_reset_begins_anew_and_what_was_said_is_not_in_the_next_prompt(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        await desk.ask("What about milk?")
        assert (await desk.service.reset(desk.scope())).messages == ()
        asked = await desk.ask("Why?")
        kept = await desk.service.conversation(desk.scope())
        async with desk.db.read() as session:
            rows = (await session.scalars(select(ConversationRow))).all()
    assert "milk" not in "".join(message.content for message in desk.requests[-1].messages)
    assert kept.messages == (asked.done.question, asked.done.answer)
    assert sorted(row.closed is None for row in rows) == [False, True]


async def test_long_answers_are_cut_and_say_so(open_desk: OpenDesk) -> None:
    async with open_desk(["The rows without a price stay where they are. " * 100]) as desk:
        asked = await desk.ask("Why?")
    assert asked.done.answer.truncated
    assert len(asked.text) <= 2200
    assert asked.streamed == asked.text


async def test_code_that_is_nowhere_is_said_to_be_missing(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        request = AskChat(subtask="shelf", cells=notebook(desk.case)[:2], text="Why?")
        events = [event async for event in desk.service.ask(request, desk.scope())]
    assert isinstance(events[-1], ChatDone)
    assert "not in the notebook" in desk.requests[0].messages[2].content
    assert WRONG not in desk.requests[0].messages[2].content
