"""What a model is sent: its caps, what it holds of the code and the talk, and how much of it the server has read."""

import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest

from feedback.model.port import ModelMessage, ModelRequest, ModelUnavailable
from tests.services.chat.conftest import APPROVED, FINDING, NEEDS_WORK, REDUCED, SHELF, WRONG, Desk, OpenDesk

TALK = (
    "Why are there too many rows in `priced`?",
    "What does it mean that a price is missing, is that the same as zero?",
    "I think the zeros come from my first line, but I do not see why that should matter for the limit at all.",
    "How could I look at the rows that have no price before I decide anything?",
    "And when I drop them, does the order of the rows change?",
    "I have changed the first line, is it better now?",
    "How do I find the ones that are dearer than most?",
    "What should I put into `share` when nothing is dear?",
)
ANSWER = (
    "A price that is missing is not a price of zero: nothing is known about it. In your first line every gap becomes a "
    "number, so the rows without a price stay, and whatever is computed from the column afterwards counts them as free "
    "goods [1-0a1b2c3d4e]. Which of the rows would you call priced if you read the table aloud?"
)
LONG = "\n".join(f"column_{n} = goods['price'].shift({n}).fillna({n})" for n in range(20))


def text_of(request: ModelRequest) -> str:
    return "".join(f"<{message.role}>{message.content}" for message in request.messages)


def shared(before: ModelRequest, after: ModelRequest) -> tuple[int, int]:
    """Characters of the later prompt that are the beginning of the earlier one too, and all of its characters."""
    one, other = text_of(before), text_of(after)
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other))), len(other)


async def talk(desk: Desk, code: Callable[[int], str]) -> list[ModelRequest]:
    """Eight questions; the prompts of their answers."""
    for turn, question in enumerate(TALK):
        await desk.ask(question, code=code(turn))
        await desk.service.close()
    return [request for request in desk.requests if request.purpose == "chat"]


def data(message: ModelMessage) -> dict[str, Any]:
    loaded = json.loads(message.content)
    assert isinstance(loaded, dict)
    return loaded


def history(request: ModelRequest) -> Sequence[ModelMessage]:
    """The messages of the talk itself, the question that is answered included."""
    return [m for m in request.messages[3:] if m.role == "assistant" or "message" in data(m)]


@pytest.mark.parametrize(
    "code",
    [
        lambda turn: WRONG,
        lambda turn: WRONG if turn < 3 else WRONG.replace("fillna(0)", "dropna()"),
        lambda turn: f"{WRONG}\n# {turn}",
        lambda turn: LONG.replace("column_7", f"column_{turn}_7"),
    ],
    ids=["same", "changed once", "short code changed each time", "a line changed each time"],
)
async def test_each_prompt_shares_four_fifths_with_the_one_before(
    open_desk: OpenDesk, code: Callable[[int], str]
) -> None:
    async with open_desk([ANSWER]) as desk:
        prompts = await talk(desk, code)
    assert len(prompts) == len(TALK)
    shares = [same / whole for same, whole in (shared(a, b) for a, b in pairwise(prompts))]
    assert min(shares) >= 0.8, shares


async def test_also_a_talk_in_which_long_code_is_rewritten_again_and_again_shares_most(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        prompts = await talk(desk, lambda turn: LONG.replace("price", "price" * (turn // 4 + 1)))
    pairs = [shared(a, b) for a, b in pairwise(prompts)]
    assert sum(same for same, _ in pairs) >= 0.8 * sum(whole for _, whole in pairs), pairs


async def test_learners_of_one_case_share_rules_and_criteria(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        await desk.allow("bob")
        await desk.ask("Why?")
        await desk.ask("What now?", user="bob", code=SHELF.replace("dear", "d"))
    one, other = desk.requests
    assert one.messages[:2] == other.messages[:2]
    assert one.messages[0].role == "system"
    assert one.tenant == desk.case.version


async def test_the_prompt_holds_eight_messages_of_2400_characters_at_most(open_desk: OpenDesk) -> None:
    async with open_desk(["word " * 300]) as desk:
        for turn in range(10):
            await desk.ask(f"{turn}: " + "why " * 300)
            await desk.service.close()
    for request in desk.requests:
        if request.purpose != "chat":
            continue
        said = [m.content if m.role == "assistant" else data(m)["message"] for m in history(request)]
        assert len(said) <= 9
        assert all(len(text) <= 800 for text in said)
        assert sum(map(len, said[:-1])) <= 2400
        for message in request.messages[3:]:
            if message.role == "user":
                assert len(data(message).get("summary", "")) <= 900


async def test_what_falls_out_of_the_window_is_summed_up_by_the_model(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER], summaries=["The learner wonders about gaps."]) as desk:
        prompts = await talk(desk, lambda _: WRONG)
        asked = [request for request in desk.requests if request.purpose == "summary"]
        assert desk.counted("caseloop_chat_summaries", words_by="model") == len(asked) > 0
    assert data(asked[0].messages[1])["messages"][0] == {"who": "learner", "text": TALK[0]}
    told = [data(m).get("summary") for m in prompts[-1].messages[3:] if m.role == "user"]
    assert "The learner wonders about gaps." in told
    assert TALK[0] not in text_of(prompts[-1])


@pytest.mark.parametrize("summary", [ModelUnavailable("away"), "<b>They talked</b>", "   ", SHELF, "yes " + SHELF])
async def test_a_summary_that_is_of_no_use_is_made_by_rules(open_desk: OpenDesk, summary: Any) -> None:
    async with open_desk([ANSWER], summaries=[summary]) as desk:
        prompts = await talk(desk, lambda _: WRONG)
        assert desk.counted("caseloop_chat_summaries", words_by="rules") > 0
        assert desk.counted("caseloop_chat_summaries", words_by="model") == 0
    told = [data(m).get("summary", "") for m in prompts[-1].messages[3:] if m.role == "user"]
    assert any(f"Learner: {TALK[0]}" in summary for summary in told)
    assert "quantile" not in "".join(told)


async def test_the_reference_is_in_no_prompt(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        await talk(desk, lambda _: WRONG)
        await desk.ask("And this one?", subtask="reduced", code="def reduced(price, percent):\n    return price")
    sent = "".join(text_of(request) for request in desk.requests)
    for line in (
        *SHELF.splitlines(),
        *REDUCED.splitlines()[1:],
        "20.417",
        "16.92",
        "check-shelf/hidden",
        "5 rows instead",
    ):
        assert line.strip() not in sent


async def test_a_changed_code_comes_behind_what_was_said_before(open_desk: OpenDesk) -> None:
    changed = LONG.replace("column_7 =", "column_seven =")
    async with open_desk([ANSWER]) as desk:
        await desk.ask(TALK[0], code=LONG)
        await desk.ask(TALK[1], code=changed)
        await desk.ask(TALK[2], code=changed)
    first, second, third = desk.requests
    assert data(first.messages[2])["code"] == LONG
    assert second.messages[: len(first.messages)] == first.messages
    change = data(second.messages[-1])["code_change"]
    assert "+column_seven = goods['price'].shift(7).fillna(7)" in change
    assert len(change) < len(LONG) / 2
    assert set(data(third.messages[-1])) == {"message"}


async def test_new_findings_are_sent_and_old_ones_are_not_repeated(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        desk.verdicts.says = [NEEDS_WORK, APPROVED]
        await desk.ask(TALK[0])
        await desk.ask(TALK[1], code=WRONG + "\n# better")
        await desk.ask(TALK[2], code=WRONG + "\n# better")
    assert data(desk.requests[1].messages[-1])["check"] == {"approved": True, "findings": []}
    assert "check" not in data(desk.requests[2].messages[-1])


async def test_the_code_is_judged_only_when_it_has_changed(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        for code in (WRONG, WRONG, WRONG + "\n# 2", WRONG + "\n# 2"):
            await desk.ask("Why?", code=code)
        assert len(desk.verdicts.asked) == 2


async def test_names_addresses_and_keys_stay_here(open_desk: OpenDesk) -> None:
    async with open_desk([ANSWER]) as desk:
        await desk.allow("ada.lovelace")
        text = "I am ada lovelace, write to ada@example.org, my key is sk-abcdefghij0123456789ABCD"
        done = (await desk.ask(text, code="# ada.lovelace\n" + WRONG, user="ada.lovelace")).done
        shown = await desk.service.conversation(desk.scope(user="ada.lovelace"))
    sent = text_of(desk.requests[0]).lower()
    for private in ("lovelace", "ada@example.org", "sk-abcdefghij"):
        assert private not in sent
    assert done.question.text == shown.messages[0].text == text


async def test_an_address_that_an_error_quotes_stays_here(open_desk: OpenDesk) -> None:
    quoting = FINDING.model_copy(update={"message": "There is no entry called `ada@example.org` here."})
    async with open_desk([ANSWER]) as desk:
        desk.verdicts.says = [NEEDS_WORK, NEEDS_WORK.model_copy(update={"findings": (quoting,)})]
        await desk.ask(TALK[0])
        await desk.ask(TALK[1], code=WRONG + "\n# better")
        await desk.ask(TALK[2], code=WRONG + "\n# better")
    told = data(desk.requests[1].messages[-1])["check"]["findings"]
    assert [finding["message"] for finding in told] == ["There is no entry called `[e-mail]` here."]
    assert "ada@example.org" not in "".join(map(text_of, desk.requests))
