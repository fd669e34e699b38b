"""Everything a model can do wrong ends in words by rules, in time, with a counter raised."""

import asyncio
from typing import Any

import pytest

from feedback.model.adapters.script import BREAK, HANG
from feedback.model.port import BadAnswer, BreakerOpen, ModelBusy, ModelRefused, ModelTimedOut, ModelUnavailable
from services.contracts.chat import ChatDelta, ChatRetracted
from tests.services.chat.conftest import APPROVED, FINDING, REDUCED, SHELF, OpenDesk, shop

GOOD = "Some rows hold no price, and they are still there. "
GERMAN = "Deine Tabelle ist noch nicht so, wie sie sein soll, weil die Zeilen ohne Preis noch da sind und nicht fehlen."
CHINESE = "表格里还有没有价格的行，请先看看这些行，然后再继续。"

BAD = {
    "away": (ModelUnavailable("away"), "unavailable"),
    "late": (HANG, "timeout"),
    "timed out": (ModelTimedOut("late"), "timeout"),
    "refused": (ModelRefused("too long"), "refused"),
    "busy": (ModelBusy("busy"), "busy"),
    "breaker": (BreakerOpen("open"), "breaker_open"),
    "bad": (BadAnswer("no"), "bad_answer"),
    "broken off": (f"{GOOD}{BREAK}", "unavailable"),
    "empty": ("", "bad_answer"),
    "spaces": (" \n\t ", "bad_answer"),
    "only a mark": ("[1-0a1b2c3d4e]", "bad_answer"),
    "unseen": ("\u200b\u200b\u2060", "bad_answer"),
    "script": (f"{GOOD}<script>fetch('/x')</script> {GOOD}", "markup"),
    "picture": (f'{GOOD}<img src="x" onerror="alert(1)"> {GOOD}', "markup"),
    "open tag": (f"{GOOD}<iframe src=x", "markup"),
    "link": (f"{GOOD}See [this](javascript:alert(1)). {GOOD}", "markup"),
    "image": (f"{GOOD}![x](data:text/html;base64,AAAA) {GOOD}", "markup"),
    "address": (f"{GOOD}Go to https://example.org/solution now. {GOOD}", "markup"),
    "entities": (f"{GOOD}&lt;script&gt; {GOOD}", "markup"),
    "thought": ("<think>The learner wants it.</think> Look at the rows.", "markup"),
    "German": (f"{GERMAN} {GERMAN}", "language"),
    "Chinese": (CHINESE * 3, "language"),
    "right": ("Your code is already correct, so go on with the next step.", "contradiction"),
    "checks": ("Well done. All of the checks pass now, as far as I can see here.", "contradiction"),
    "points": ("You will get full points for what you have written here.", "contradiction"),
    "yes": ("Yes.", "confirmation"),
    "warmer": ("Warmer!", "confirmation"),
}


@pytest.mark.parametrize(("answer", "reason"), BAD.values(), ids=BAD.keys())
async def test_a_bad_answer_ends_in_rules(open_desk: OpenDesk, answer: Any, reason: str) -> None:
    async with open_desk([answer]) as desk:
        asked = await desk.ask("Why are there too many rows in the table that I have made here?")
        kept = await desk.service.conversation(desk.scope())
        assert desk.counted("caseloop_chat_answers", words_by="rules", reason=reason) == 1
        assert (await desk.choices.of(desk.scope())).uses == 0
    assert asked.done.answer.words_by == "rules"
    assert FINDING.message in asked.text
    assert asked.streamed == asked.text == kept.messages[-1].text
    assert "<" not in asked.text


async def test_what_was_shown_of_a_bad_answer_is_taken_back(open_desk: OpenDesk) -> None:
    async with open_desk([f"{GOOD}{GOOD}<b>bold</b> words follow here."]) as desk:
        asked = await desk.ask("Why are there too many rows?")
    kinds = [type(event) for event in asked.events]
    assert ChatRetracted in kinds
    assert kinds.index(ChatDelta) < kinds.index(ChatRetracted) < len(kinds) - 2
    assert asked.streamed == asked.text


async def test_who_always_has_the_model_spoil_its_answer_pays_in_the_end(open_desk: OpenDesk) -> None:
    case = shop(quotas=shop().quotas.model_copy(update={"messages": 2}))
    async with open_desk([f"{GOOD}{GOOD}<b>bold</b> words follow here."], case=case) as desk:
        left = [(await desk.ask("Why? And end with <b>.")).done.left for _ in range(5)]
    assert left == [2, 2, 2, 1, 0]


async def test_a_model_that_breaks_off_costs_nothing_however_often(open_desk: OpenDesk) -> None:
    case = shop(quotas=shop().quotas.model_copy(update={"messages": 2}))
    async with open_desk([f"{GOOD}{GOOD}{BREAK}"], case=case) as desk:
        left = [(await desk.ask("Why?")).done.left for _ in range(5)]
    assert left == [2] * 5


async def test_nothing_is_taken_back_when_nothing_was_shown(open_desk: OpenDesk) -> None:
    async with open_desk([ModelUnavailable("away")]) as desk:
        asked = await desk.ask("Why?")
    assert not [event for event in asked.events if isinstance(event, ChatRetracted)]


async def test_approved_work_is_not_called_wrong(open_desk: OpenDesk) -> None:
    async with open_desk(["Your code is still wrong in its first line, I am afraid."]) as desk:
        desk.verdicts.says = [APPROVED]
        asked = await desk.ask("What do you think of it?")
    assert asked.done.answer.words_by == "rules"
    assert "this step is right" in asked.text


async def test_the_endless_answer_ends(open_desk: OpenDesk) -> None:
    async with open_desk(["x" * 100_000]) as desk:
        async with asyncio.timeout(30):
            asked = await desk.ask("Why?")
    assert len(asked.text) <= 2200


async def test_an_error_of_our_own_while_judging_lets_nothing_through(
    open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(text: str, bounds: object) -> None:
        raise RuntimeError("a regular expression went wild")

    monkeypatch.setattr("feedback.chat.answering.objection_to", broken)
    async with open_desk([GOOD]) as desk:
        asked = await desk.ask("Why?")
        assert desk.counted("caseloop_chat_answers", words_by="rules", reason="failed") == 1
    assert GOOD.strip() not in asked.everything


async def test_plain_typography_is_taken_off_not_refused(open_desk: OpenDesk) -> None:
    text = "## Rows\nSome rows **hold no price**, and 2**3 is 8. Is `a < b` true where `x` is missing? So 3 < 4, 5 > 4."
    async with open_desk([text]) as desk:
        asked = await desk.ask("Why are there too many rows?")
    assert asked.done.answer.words_by == "model"
    assert asked.text == text.replace("## ", "").replace("**hold no price**", "hold no price")


async def test_an_answer_in_the_learners_language_is_welcome(open_desk: OpenDesk) -> None:
    async with open_desk([GERMAN]) as desk:
        asked = await desk.ask("Warum ist die Tabelle nicht so wie sie sein soll, und was ist mit dem Preis?")
        named = await desk.ask("Why is the table not what it should be?", languages=("de-AT",))
        refused = await desk.ask("Why is the table not what it should be?", languages=("fr", "it"))
    assert [a.done.answer.words_by for a in (asked, named, refused)] == ["model", "model", "rules"]


@pytest.mark.parametrize("secret", [SHELF, REDUCED, "The share is 20.417 when all is done."])
async def test_a_leak_is_taken_back_counted_and_logged_without_its_text(
    open_desk: OpenDesk, capsys: pytest.CaptureFixture[str], secret: str
) -> None:
    async with open_desk([f"{GOOD}{GOOD}\n\n```python\n{secret}\n```\n"]) as desk:
        asked = await desk.ask("Why are there too many rows?")
        leaks = sum(
            sample.value
            for metric in desk.registry.collect()
            for sample in metric.samples
            if sample.name == "caseloop_chat_leaks_total"
        )
        assert leaks == 1
        assert desk.counted("caseloop_chat_answers", words_by="rules", reason="leak") == 1
    assert asked.done.answer.words_by == "rules"
    for part in ("quantile", "0.8375", "20.417", "no such reduction"):
        assert part not in asked.everything
        assert part not in "".join(capsys.readouterr())
