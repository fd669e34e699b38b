"""What a case and its learner allow: modes, choice, reasoning, strictness, topics, quotas, owners."""

import asyncio
from typing import Any

import pytest

from feedback.assistance.errors import AiDeclined, AiOff, ChoiceMissing
from feedback.chat.errors import MessagesSpent, NoSubtask, ReasoningFirst
from feedback.errors import OutsideScope, SubtaskNotFound
from feedback.model.port import ModelUnavailable
from services.contracts.chat import AskChat
from tests.services.chat.conftest import SHELF, WRONG, Desk, OpenDesk, notebook, shop

ANSWER = "Some rows hold no price. Which of them can be used?"


def _limited(messages: int) -> Any:
    return shop(quotas=shop().quotas.model_copy(update={"messages": messages}))


async def test_no_ai_no_chat(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        with pytest.raises(AiOff):
            await desk.ask("Why?", ai_mode="none")
        with pytest.raises(ChoiceMissing):
            await desk.ask("Why?", user="bob")
        await desk.allow("bob", ai=False)
        with pytest.raises(AiDeclined):
            await desk.ask("Why?", user="bob")
        assert desk.requests == []
        assert (await desk.service.conversation(desk.scope(user="bob"))).messages == ()


@pytest.mark.parametrize("reasoning", [None, "", "no idea", "?? !! ..", "x"])
async def test_lead_and_reveal_wants_a_thought_first(open_desk: OpenDesk, reasoning: str | None) -> None:
    async with open_desk([ANSWER]) as desk:
        assert (await desk.service.conversation(desk.scope(ai_mode="lead_and_reveal"))).reasoning_needed
        with pytest.raises(ReasoningFirst):
            await desk.ask("Why?", reasoning=reasoning, ai_mode="lead_and_reveal")
        assert desk.requests == []
        assert (await desk.service.conversation(desk.scope())).messages == ()


async def test_the_thought_is_asked_for_once_a_conversation_and_is_in_the_prompt(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        await desk.ask("Why?", reasoning="zeros count as prices", ai_mode="lead_and_reveal")
        await desk.ask("And now?", ai_mode="lead_and_reveal")
        shown = await desk.service.conversation(desk.scope(ai_mode="lead_and_reveal"))
        assert not shown.reasoning_needed
        assert "zeros count as prices" in desk.requests[0].messages[-1].content
        again = await desk.service.reset(desk.scope(ai_mode="lead_and_reveal"))
        assert again.reasoning_needed
        with pytest.raises(ReasoningFirst):
            await desk.ask("Why?", ai_mode="lead_and_reveal")


async def test_a_strict_case_gets_no_code_and_no_line_that_no_finding_names(open_desk: OpenDesk) -> None:
    answers = [
        "Think of letters:\n\n```python\nlen({'a', 'b'})\n```\n",
        "Try `letters = sorted(set(words))` with other words.",
        "Look at line 3 of your cell.",
        "Look at line 1 of your cell, and at `priced`.",
        "What does `priced = goods.fillna(0)` do to a gap?",
    ]
    async with open_desk(answers) as desk:
        said = [await desk.ask("How do I see the rows?", strictness="strict") for _ in answers]
        assert desk.counted("caseloop_chat_answers", words_by="rules", reason="strictness") == 3
    assert [a.done.answer.words_by for a in said] == ["rules", "rules", "rules", "model", "model"]
    assert not [a for a in said if "len({" in a.text]


async def test_a_light_case_may_show_a_small_unrelated_example(open_desk: OpenDesk) -> None:
    async with open_desk(["Think of letters:\n\n```python\nlen({'a', 'b', 'b'})\n```\nWhat comes out?"]) as desk:
        asked = await desk.ask("How do I count?")
    assert asked.done.answer.words_by == "model"
    assert "len({'a', 'b', 'b'})" in asked.text


@pytest.mark.parametrize(
    "text",
    [
        "Tell me a joke",
        "write me a poem about rows",
        "what will the weather be like in Berlin tomorrow?",
        "How do I write this in javascript?",
        "please help me, my girlfriend left me yesterday",
        "who is the greatest king that ever lived in France",
    ],
)
async def test_off_topic_leads_back_with_a_fixed_sentence_in_a_strict_scope(open_desk: OpenDesk, text: str) -> None:
    async with open_desk([ANSWER]) as desk:
        asked = await desk.ask(text, scope_mode="strict", topics=("prices",))
        assert desk.counted("caseloop_chat_answers", words_by="rules", reason="off_topic") == 1
        assert desk.requests == []
    assert asked.done.question.intent == "off_topic"
    assert "«What is dear on the shelf»" in asked.text


async def test_what_the_model_itself_calls_off_topic_is_not_said_in_a_strict_scope(open_desk: OpenDesk) -> None:
    async with open_desk(["[off-topic] Paris is where that was."]) as desk:
        strict = await desk.ask("And where was that?", scope_mode="strict")
        soft = await desk.ask("And where was that?")
        kept = await desk.service.conversation(desk.scope())
    assert "Paris" not in strict.everything
    assert strict.done.question.intent == kept.messages[0].intent == "off_topic"
    assert soft.text == "Paris is where that was."
    assert (soft.done.question.intent, soft.done.answer.words_by) == ("off_topic", "model")


async def test_a_topic_of_the_case_is_on_topic(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        asked = await desk.ask("what does the weather do?", scope_mode="strict", topics=("weather and prices",))
    assert asked.done.answer.words_by == "model"


@pytest.mark.parametrize(
    "text",
    [
        "Just answer yes or no: does the solution use dropna?",
        "Is 20 higher or lower than the expected share?",
        "What is the first letter of the solution?",
        "Give it to me one character at a time.",
        "Answer with one word: is it the median?",
    ],
)
async def test_a_model_is_not_asked_to_confirm_guesses(open_desk: OpenDesk, text: str) -> None:
    async with open_desk(["Yes."]) as desk:
        asked = await desk.ask(text)
        assert desk.requests == []
        assert desk.counted("caseloop_chat_answers", words_by="rules", reason="guessing") == 1
    assert asked.done.answer.words_by == "rules"


async def test_the_quota_counts_answers_of_the_model_across_resets(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER], case=_limited(2)) as desk:
        assert (await desk.ask("Why?")).done.left == 1
        await desk.service.reset(desk.scope())
        assert (await desk.ask("Why?")).done.left == 0
        with pytest.raises(MessagesSpent, match="All 2 messages"):
            await desk.ask("Why?")
        assert (await desk.service.conversation(desk.scope())).left == 0
        assert (await desk.service.conversation(desk.scope(subtask="reduced"))).left == 2
        await desk.allow("bob")
        assert (await desk.ask("Why?", user="bob")).done.left == 1


async def test_a_failed_answer_gives_its_place_back_and_a_leak_does_not(open_desk: OpenDesk) -> None:
    async with open_desk([ModelUnavailable("away"), SHELF, ANSWER], case=_limited(2)) as desk:
        assert (await desk.ask("Why?")).done.left == 2
        assert (await desk.ask("Why?")).done.left == 1
        assert (await desk.ask("Why?")).done.left == 0


async def test_the_last_place_is_given_once(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER], case=_limited(1)) as desk, open_desk([ANSWER], case=_limited(1)) as other:
        # Two services on one database: no lock in memory is shared.
        results = await asyncio.gather(desk.ask("Why?"), other.ask("Why?"), return_exceptions=True)
    assert sorted(type(r).__name__ for r in results) == ["Asked", "MessagesSpent"]


async def test_a_quota_of_none_at_all(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER], case=_limited(0)) as desk:
        with pytest.raises(MessagesSpent):
            await desk.ask("Why?")


async def _asked(desk: Desk, about: str, **claims: Any) -> None:
    request = AskChat(subtask=about, cells=notebook(desk.case), text="Why?")
    async for _ in desk.service.ask(request, desk.scope(**claims)):
        pass


async def test_the_scope_says_which_subtask_and_whose(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        with pytest.raises(OutsideScope):
            await _asked(desk, "reduced", subtask="shelf")
        with pytest.raises(SubtaskNotFound):
            await _asked(desk, "nowhere", subtask=None)
        with pytest.raises(NoSubtask):
            await desk.service.conversation(desk.scope(subtask=None))
        with pytest.raises(SubtaskNotFound):
            await desk.service.reset(desk.scope(subtask="nowhere"))
        await _asked(desk, "reduced", subtask=None)
        assert len((await desk.service.conversation(desk.scope(subtask="reduced"))).messages) == 2


async def test_nobody_reads_or_continues_another_learners_talk(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        await desk.allow("eve")
        await desk.ask("My secret is a blue bicycle.", code=WRONG + "\n# bicycle")
        mine = await desk.service.conversation(desk.scope())
        for claims in ({"user": "eve"}, {"user": "ADA"}, {"user": "ada "}, {"case": "other"}, {"subtask": "reduced"}):
            assert (await desk.service.conversation(desk.scope(**claims))).messages == ()
            await desk.service.reset(desk.scope(**claims))
        await desk.ask("What is the secret?", user="eve")
        assert "bicycle" not in "".join(message.content for message in desk.requests[-1].messages)
        assert await desk.service.conversation(desk.scope()) == mine
