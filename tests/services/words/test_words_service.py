"""A model's words for feedback: shown where nothing speaks against them, and the rules' words in every other event."""

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest
from structlog.testing import capture_logs

from feedback.errors import OutsideScope
from feedback.model.adapters.default_script import default_answer
from feedback.model.adapters.script import BREAK, HANG
from feedback.model.port import BreakerOpen, ModelBusy, ModelError, ModelRefused, ModelTimedOut, ModelUnavailable
from services.contracts.assistance import AiChoice
from services.contracts.feedback import Feedback, Verdict
from services.contracts.notebook import Place
from services.contracts.words import Worded, WordsPart

Fixture = Any
"""Fixtures of this folder's conftest, which tests cannot import."""

GERMAN = {
    "warnings": [
        {
            "finding": "1-0a1b2c3d4e",
            "message": "Waren ohne Preis werden hier mit gezählt, und das ist für den Mittelwert nicht gut.",
        }
    ],
    "remarks": [
        {"findings": ["1-0a1b2c3d4e"], "text": "Ein fehlender Preis ist nicht das Gleiche wie ein Preis von null."}
    ],
}

# fmt: off
NOUNS = (
    "bridge", "candle", "dinner", "eagle", "forest", "garden", "hammer", "island", "jacket", "kettle",
    "ladder", "mirror", "needle", "orange", "pencil", "quarry", "ribbon", "saddle", "tunnel", "valley",
    "window", "yellow", "zipper", "anchor", "basket", "copper", "desert", "engine", "feather", "guitar",
)
# fmt: on


class TestWording:
    async def test_the_models_sentences_stream_and_stay(self, room: Fixture, good: Fixture) -> None:
        said, words = await room.worded(room.service(good))
        first, second = (warning["message"] for warning in good["warnings"])
        assert [(part.finding, part.text) for part in said[:2]] == [("1-0a1b2c3d4e", first), ("2-1122334455", second)]
        assert " ".join(part.text for part in said[2:]) == " ".join(remark["text"] for remark in good["remarks"])
        assert {part.finding for part in said[2:]} == {None}
        assert words.words_by == "model"
        assert [(w.place, w.message) for w in words.warnings] == [
            (Place(cell="shelf", line=1, end_line=1), first),
            (Place(cell="shelf", line=4, end_line=4), second),
        ]
        assert words.remarks[1:] == tuple(remark["text"] for remark in good["remarks"])
        assert not words.truncated
        assert room.count("words", outcome="model") == 1

    async def test_sentences_come_while_the_model_still_writes(
        self, room: Fixture, good: Fixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        paused: list[float] = []
        real = asyncio.sleep

        async def pause(seconds: float) -> None:
            paused.append(seconds)
            await real(0)

        monkeypatch.setattr("feedback.model.adapters.scripted.asyncio.sleep", pause)
        written = [len(paused) async for _ in room.service(good, pause=0.01).words(room.request(), room.scope())]
        # The model pauses before each of its words.
        assert written[0] < written[-1] / 2

    async def test_the_headline_and_what_the_model_left_out_stay_the_rules(
        self, room: Fixture, saying: Callable[..., Any], judged: Feedback
    ) -> None:
        _, words = await room.worded(room.service(saying("Goods without a price count as given away.")))
        assert words.headline == judged.headline
        assert [w.message for w in words.warnings] == [
            "Goods without a price count as given away.",
            judged.findings[1].message,
        ]
        assert words.remarks == (judged.findings[2].message,)

    async def test_words_for_a_finding_without_lines_are_a_remark(
        self, room: Fixture, saying: Callable[..., Any], judged: Feedback
    ) -> None:
        answer = saying("Somewhere out of sight the shelf looks different.", finding="3-5566778899")
        _, words = await room.worded(room.service(answer))
        assert words.remarks == ("Somewhere out of sight the shelf looks different.",)
        assert words.warnings == judged.warnings

    async def test_a_long_message_loses_the_sentence_that_is_too_much(
        self, room: Fixture, saying: Callable[..., Any]
    ) -> None:
        first = "Goods without a price count as given away."
        second = "Everybody who compares two shelves by that mean compares the gaps in two tables and not the goods."
        said, words = await room.worded(room.service(saying(f"{first} {second}")))
        assert [part.text for part in said] == [first]
        assert words.warnings[0].message == first
        assert room.count("words_dropped", reason="too_long") == 1

    async def test_remarks_end_at_a_hundred_and_sixty_words(self, room: Fixture, saying: Callable[..., Any]) -> None:
        rows = [[NOUNS[(3 * k + 7 * i) % 30] for i in range(6)] for k in range(10)]
        lines = [f"The {' and the '.join(row)} wait." for row in rows]
        remarks = [" ".join(lines[at : at + 4]) for at in (0, 4, 8)]
        said, words = await room.worded(room.service(saying("Gaps count as goods.", *remarks)))
        told = " ".join(part.text for part in said if part.finding is None)
        assert 140 < len(told.split()) <= 160
        assert words.truncated
        assert " ".join(words.remarks[1:]) == told

    async def test_nothing_is_said_twice(self, room: Fixture, saying: Callable[..., Any]) -> None:
        sentence = "Goods without a price count as given away."
        said, words = await room.worded(room.service(saying(sentence, f"{sentence} What does a gap mean?")))
        assert [part.text for part in said] == [sentence, "What does a gap mean?"]
        assert words.remarks[-1] == "What does a gap mean?"
        assert room.count("words_dropped", reason="duplicate") == 1

    async def test_emphasis_and_lists_become_plain_text(self, room: Fixture, saying: Callable[..., Any]) -> None:
        said, _ = await room.worded(room.service(saying("- **Goods** without a *price* count\u200b as `goods`.\u202e")))
        assert [part.text for part in said] == ["Goods without a price count as `goods`."]

    async def test_a_use_of_ai_is_counted_for_a_models_words_only(self, room: Fixture, good: Fixture) -> None:
        service = room.service("no words", good)
        await room.worded(service)
        assert (await room.choices.of(room.scope())).uses == 0
        await room.worded(service)
        assert (await room.choices.of(room.scope())).uses == 1

    async def test_the_shipped_scripted_model_words_feedback(self, room: Fixture) -> None:
        said, words = await room.worded(room.service(default_answer))
        assert words.words_by == "model"
        assert {part.finding for part in said} > {None}

    async def test_a_prompt_keeps_its_stable_part_first_and_names_nobody(self, room: Fixture, good: Fixture) -> None:
        service = room.service(good)
        await room.choices.choose(room.scope(user="grace.hopper"), AiChoice(ai=True))
        await room.worded(service, room.request("# Ada Lovelace, ada@example.org\npriced = goods"))
        await room.worded(service, room.request("priced = 1"), room.scope(user="grace.hopper"))
        ada, grace = (request.messages for request in room.asked)
        assert ada[:2] == grace[:2]
        assert [message.role for message in ada] == ["system", "user", "user"]
        mine = json.loads(ada[2].content)
        assert mine["code"] == [{"cell": "shelf", "lines": "1| # [name], [e-mail]\n2| priced = goods"}]
        assert [fact["id"] for fact in mine["findings"]] == ["1-0a1b2c3d4e", "2-1122334455", "3-5566778899"]
        assert not [secret for secret in ("4417", "20.417", "0.8375", "dropna") if secret in str(ada)]

    async def test_an_address_that_an_error_quotes_stays_here(
        self, room: Fixture, good: Fixture, judged: Feedback
    ) -> None:
        said = "There is no entry called `ada@example.org` here."
        findings = (judged.findings[0].model_copy(update={"message": said}), *judged.findings[1:])
        await room.worded(room.service(good), room.request(feedback=judged.model_copy(update={"findings": findings})))
        (asked,) = room.asked
        told = json.loads(asked.messages[2].content)["findings"][0]["message"]
        assert told == "There is no entry called `[e-mail]` here."
        assert "ada@example.org" not in str(asked.messages)

    async def test_leaving_early_ends_the_request_and_counts_nothing(self, room: Fixture, good: Fixture) -> None:
        async with aclosing(room.service(good, pause=0.02).words(room.request(), room.scope())) as events:
            assert isinstance(await anext(events), WordsPart)
        assert (await room.choices.of(room.scope())).uses == 0


class TestTheRulesWords:
    @pytest.mark.parametrize(
        ("change", "outcome"),
        [
            ({"ai_mode": "none"}, "ai_off"),
            ({"user": "grace"}, "ai_not_chosen"),
            ({"case": "another"}, "ai_not_chosen"),
        ],
    )
    async def test_where_ai_may_not_help(
        self, room: Fixture, good: Fixture, judged: Feedback, change: dict[str, str], outcome: str
    ) -> None:
        said, words = await room.worded(room.service(good), scope=room.scope(**change))
        assert said == []
        assert (words.headline, words.warnings, words.remarks) == (judged.headline, judged.warnings, judged.remarks)
        assert words.words_by == "rules"
        assert room.asked == []
        assert room.count("words", outcome=outcome) == 1

    async def test_where_the_learner_declined(self, room: Fixture, good: Fixture) -> None:
        await room.choices.choose(room.scope(), AiChoice(ai=False))
        _, words = await room.worded(room.service(good))
        assert (words.words_by, room.asked) == ("rules", [])

    async def test_without_a_model(self, room: Fixture) -> None:
        _, words = await room.worded(room.service())
        assert words.words_by == "rules"
        assert room.count("words", outcome="no_model") == 1

    @pytest.mark.parametrize(
        "change",
        [
            {"verdict": Verdict.APPROVED},
            {"verdict": Verdict.COULD_NOT_JUDGE},
            {"findings": ()},
            {"words_by": "mentor"},
            {"words_by": "model"},
        ],
    )
    async def test_where_there_is_nothing_to_word(
        self, room: Fixture, good: Fixture, judged: Feedback, change: dict[str, Any]
    ) -> None:
        feedback = judged.model_copy(update=change)
        said, words = await room.worded(room.service(good), room.request(feedback=feedback))
        assert (said, room.asked) == ([], [])
        assert (words.warnings, words.words_by) == (feedback.warnings, feedback.words_by)

    async def test_a_finding_without_evidence_is_not_even_told(
        self, room: Fixture, good: Fixture, judged: Feedback
    ) -> None:
        bare = judged.findings[1].model_copy(update={"evidence": ()})
        feedback = judged.model_copy(update={"findings": (judged.findings[0], bare)})
        said, words = await room.worded(room.service(good), room.request(feedback=feedback))
        assert bare.id not in room.asked[0].messages[2].content
        assert bare.id not in {part.finding for part in said}
        assert words.warnings[1].message == judged.warnings[1].message
        assert room.count("words_dropped", reason="finding") == 2

    async def test_a_scope_for_another_step_is_refused(self, room: Fixture, good: Fixture) -> None:
        with pytest.raises(OutsideScope):
            await room.worded(room.service(good), scope=room.scope(subtask="another"))

    async def test_a_case_that_cannot_be_fetched_costs_nothing_but_the_models_words(
        self, room: Fixture, good: Fixture
    ) -> None:
        _, words = await room.worded(room.service(good), scope=room.scope(case_version="b" * 64))
        assert words.words_by == "rules"
        assert room.count("words", outcome="failed") == 1

    async def test_too_many_rules_words_are_told_in_part(self, room: Fixture, judged: Feedback) -> None:
        many = judged.model_copy(
            update={"warnings": judged.warnings * 4, "remarks": ("word " * 400,) * 9, "headline": "long " * 200}
        )
        _, words = await room.worded(room.service(), room.request(feedback=many))
        assert (len(words.warnings), len(words.remarks)) == (5, 4)


FAULTS: dict[str, tuple[Any, str]] = {
    "not JSON": ("Sure! Here is what I think of your cell.", "bad_answer"),
    "JSON of another kind": ("[1, 2, 3]", "bad_answer"),
    "a lone string": ('"Goods without a price count."', "bad_answer"),
    "other members": ({"warnings": [], "remarks": [], "verdict": "approved"}, "bad_answer"),
    "a member less": ({"warnings": []}, "bad_answer"),
    "a number for a text": ({"warnings": [{"finding": "1-0a1b2c3d4e", "message": 3}], "remarks": []}, "bad_answer"),
    "lines of its own": (
        {"warnings": [{"finding": "1-0a1b2c3d4e", "message": "Here.", "line": 3}], "remarks": []},
        "bad_answer",
    ),
    "remarks as text": ({"warnings": [], "remarks": ["Gaps count as goods."]}, "bad_answer"),
    "a text that is far too long": (
        {"warnings": [{"finding": "1-0a1b2c3d4e", "message": "Gaps. " * 100}], "remarks": []},
        "bad_answer",
    ),
    "cut in the middle": ('{"warnings": [{"finding": "1-0a1b2c3d4e", "message": "Goods wi', "bad_answer"),
    "empty": ("", "bad_answer"),
    "an empty document": ({"warnings": [], "remarks": []}, "nothing_left"),
    "endless": (
        '{"warnings": [], "remarks": [' + '{"findings": ["1-0a1b2c3d4e"], "text": "' + "gaps " * 5_000,
        "bad_answer",
    ),
    "endless items": ('{"warnings": [' + '{"finding": "x", "message": "y."}, ' * 2_000, "bad_answer"),
    "another language": (GERMAN, "language"),
    "the server dies": ('{"warnings": [{"finding": "1-0a1b2c3d4e", "message": "Gaps count as ' + BREAK, "unavailable"),
    "never": (HANG, "late"),
    "unavailable": (ModelUnavailable("x"), "unavailable"),
    "timed out": (ModelTimedOut("x"), "timeout"),
    "refused": (ModelRefused("x"), "refused"),
    "busy": (ModelBusy("x"), "busy"),
    "breaker open": (BreakerOpen("x"), "breaker_open"),
    "some other failure": (ModelError("x"), "failed"),
}


class TestBadAnswers:
    @pytest.mark.parametrize("fault", FAULTS)
    async def test_end_in_the_rules_words_in_time_and_are_counted(
        self, room: Fixture, judged: Feedback, fault: str
    ) -> None:
        answer, outcome = FAULTS[fault]
        budget = 1.0 if answer == HANG else 20.0
        _, words = await room.worded(room.service(answer, seconds=budget))
        assert (words.headline, words.warnings, words.remarks) == (judged.headline, judged.warnings, judged.remarks)
        assert words.words_by == "rules"
        assert room.count("words", outcome=outcome) == 1
        assert (await room.choices.of(room.scope())).uses == 0

    async def test_what_comes_after_the_limit_is_not_used(self, room: Fixture, good: Fixture, judged: Feedback) -> None:
        said, words = await room.worded(room.service(good, pause=0.1, seconds=1))
        assert words.words_by == "rules"
        assert words.warnings == judged.warnings
        assert len(said) < 5
        assert room.count("words", outcome="late") == 1

    async def test_a_language_that_the_case_names_is_right(self, room: Fixture) -> None:
        _, words = await room.worded(room.service(GERMAN), scope=room.scope(languages=("de",)))
        assert words.words_by == "model"
        assert room.asked[0].messages[0].content.endswith("Write in one of these languages and no other: de.")

    @pytest.mark.parametrize(
        ("sentence", "reason"),
        [
            ("Well done, this is nearly there.", "verdict"),
            ("Your solution is correct apart from style.", "verdict"),
            ("All checks pass now.", "verdict"),
            ("The mean is 4417 and not that.", "number"),
            ("Python stops with a `KeyError` at the goods.", "exception"),
            ("Rows go missing because the moon is full.", "cause"),
            ("The goods are `interpolated` by nobody.", "name"),
            ("Line 3 counts goods without a price.", "place"),
            ("Use another way to treat gaps.", "repair"),
            ("See <b>goods</b> again.", "markup"),
            ("See [goods](javascript:alert(1)) again.", "markup"),
            ("See https://goods.example/x again.", "markup"),
            ("![goods](x) are priced.", "markup"),
            ("Finding 2-1122334455 says so.", "finding"),
            ("Goods without a price count as", "unfinished"),
        ],
    )
    async def test_a_sentence_that_nothing_supports_is_not_shown(
        self, room: Fixture, saying: Callable[..., Any], judged: Feedback, sentence: str, reason: str
    ) -> None:
        said, words = await room.worded(room.service(saying(sentence, "A gap is no price.")))
        assert [part.text for part in said] == ["A gap is no price."]
        assert words.warnings == judged.warnings
        assert room.count("words_dropped", reason=reason) == 1

    async def test_only_such_sentences_leave_the_rules_words(
        self, room: Fixture, saying: Callable[..., Any], judged: Feedback
    ) -> None:
        _, words = await room.worded(room.service(saying("Well done.", "<script>alert(1)</script> Perfect!")))
        assert (words.words_by, words.remarks) == ("rules", judged.remarks)
        assert room.count("words", outcome="nothing_left") == 1

    @pytest.mark.parametrize("id_", ["9-ffffffffff", "", "shelf|value|priced"])
    async def test_a_finding_that_does_not_exist_is_not_worded(
        self, room: Fixture, saying: Callable[..., Any], judged: Feedback, id_: str
    ) -> None:
        answer = saying("Goods without a price count as given away.", finding=id_)
        answer["remarks"] = [{"findings": ["1-0a1b2c3d4e", id_], "text": "A gap is no price."}]
        said, words = await room.worded(room.service(answer))
        assert said == []
        assert words.words_by == "rules"
        assert room.count("words_dropped", reason="finding") == 2

    async def test_a_remark_that_quotes_what_the_reference_does_too_is_not_shown(
        self, room: Fixture, saying: Callable[..., Any]
    ) -> None:
        code = 'priced = goods.fillna(0)\nlimit = 3\ndear = priced[priced["price"] > limit]\nshare = 12'
        answer = saying("Gaps count as goods.", 'A limit such as `priced["price"] > limit` hides goods.')
        said, _ = await room.worded(room.service(answer), room.request(code))
        assert [part.text for part in said] == ["Gaps count as goods."]
        assert room.count("words_dropped", reason="reference") == 1


class TestLeaks:
    LEAK = 'What counts is `goods.dropna(subset=["price"]).reset_index(drop=True)` in the end.'

    @pytest.mark.parametrize(
        "leak",
        [
            LEAK,
            "Goods dearer than the quantile 0.8375 of the price are dear.",
            "What counts are goods dearer than the quantile 0.8375 of all that have a price.",
        ],
    )
    async def test_a_leak_leaves_the_rules_words_and_is_counted_and_logged_without_its_text(
        self, room: Fixture, saying: Callable[..., Any], judged: Feedback, leak: str
    ) -> None:
        with capture_logs() as logs:
            said, words = await room.worded(room.service(saying(leak, f"A gap is no price. {leak}")))
        assert [part.text for part in said] == ["A gap is no price."]
        assert words.warnings == judged.warnings
        assert words.words_by == "model"
        assert room.count("words_dropped", reason="leak") == 2
        kinds = [log["kind"] for log in logs if "kind" in log]
        assert sum(room.count("words_leaks", kind=kind) for kind in set(kinds)) == len(kinds) == 2
        written = json.dumps(logs, default=str)
        assert "dropna" not in written
        assert "8375" not in written

    async def test_nothing_but_leaks_leaves_the_rules_words(
        self, room: Fixture, saying: Callable[..., Any], judged: Feedback
    ) -> None:
        said, words = await room.worded(room.service(saying(self.LEAK, self.LEAK)))
        assert (said, words.words_by, words.remarks) == ([], "rules", judged.remarks)
        assert room.count("words", outcome="nothing_left") == 1

    async def test_a_learners_own_words_are_no_leak(self, room: Fixture, saying: Callable[..., Any]) -> None:
        code = 'priced = goods.dropna(subset=["price"])\nlimit = priced["price"].quantile(0.8375)\nshare = 12'
        sentence = "With 0.8375 as its `quantile` the limit stays above most goods."
        said, _ = await room.worded(room.service(saying(sentence)), room.request(code))
        assert [part.text for part in said] == [sentence]


async def test_many_at_once_do_not_mix(room: Fixture, saying: Callable[..., Any]) -> None:
    service = room.service(
        *(saying(f"Goods without a price count as `{name}`.") for name in ("priced", "dear", "goods"))
    )
    told = await asyncio.gather(*(room.worded(service) for _ in range(3)))
    assert sorted(words.warnings[0].message for _, words in told) == sorted(
        f"Goods without a price count as `{name}`." for name in ("priced", "dear", "goods")
    )
    assert all(said[0].text == words.warnings[0].message for said, words in told)


async def test_the_last_part_is_always_worded(room: Fixture, good: Fixture) -> None:
    events = [event async for event in room.service(good).words(room.request(), room.scope())]
    assert isinstance(events[-1], Worded)
    assert all(isinstance(event, WordsPart) for event in events[:-1])
