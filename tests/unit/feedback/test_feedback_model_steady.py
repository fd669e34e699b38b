"""Whatever the server does, an answer or its error comes within a known time, and is counted."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import structlog
from prometheus_client import CollectorRegistry

from feedback.model.adapters.vllm import VllmModel
from feedback.model.port import (
    BadAnswer,
    BreakerOpen,
    ModelAnswer,
    ModelBusy,
    ModelDelta,
    ModelError,
    ModelMessage,
    ModelRefused,
    ModelRequest,
    ModelTimedOut,
    ModelUnavailable,
    SlotExpired,
    complete,
    streaming,
)
from feedback.model.settings import ModelSettings
from feedback.model.steady import Steady
from tests.openai_double import GOOD, NAME, OpenAIDouble, Reply

ASKED = ModelRequest("chat", (ModelMessage("user", "Why?"),))
SUMMARY = ModelRequest("summary", ASKED.messages)
DOCUMENT = ModelRequest("feedback", ASKED.messages, schema={"type": "object"})
TEXT = "Look at the rows."
SHED = Reply(status=503, error={"message": "queue full"})
PATIENT = {"time_limit": 30, "first_token_limit": 30}
"""For what a busy machine may take long over, and must not be tried twice."""
QUICK = {"backoff": 0.01, "time_limit": 0.4, "first_token_limit": 0.2, "slot_wait": 0.05}


@dataclass
class System:
    """The client as it is wired, a server, and its figures."""

    model: Steady
    double: OpenAIDouble
    registry: CollectorRegistry

    def count(self, outcome: str, purpose: str = "chat") -> float:
        labels = {"purpose": purpose, "outcome": outcome}
        return self.registry.get_sample_value("caseloop_model_requests_total", labels) or 0

    def sample(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"caseloop_model_{name}", labels)


@asynccontextmanager
async def system(**limits: float) -> AsyncIterator[System]:
    async with OpenAIDouble().serving() as double:
        settings = ModelSettings.model_validate(
            {"kind": "vllm", "name": NAME, "url": double.url, "api_key": None} | QUICK | limits
        )
        async with VllmModel(settings) as bare:
            registry = CollectorRegistry()
            yield System(Steady(bare, settings, registry), double, registry)


FAULTS: dict[str, tuple[Reply, type[ModelError]]] = {
    "sheds": (SHED, ModelUnavailable),
    "fails": (Reply(status=500, error={"message": ""}), ModelUnavailable),
    "a proxy says too many": (Reply(status=429), ModelUnavailable),
    "refuses": (Reply(status=400, error={"message": "bad"}), ModelRefused),
    "prompt too long": (Reply(status=400, error={"message": "x", "param": "input_tokens"}), ModelRefused),
    "redirects": (Reply(status=302, location="http://127.0.0.1:1/v1"), ModelRefused),
    "hangs at once": (Reply(before=9), ModelTimedOut),
    "hangs before the first piece": (Reply(pieces=(), then="hang"), ModelTimedOut),
    "hangs in the middle": (Reply(then="hang"), ModelTimedOut),
    "drips": (Reply(pieces=("a ",) * 50, pause=0.05), ModelTimedOut),
    "breaks off": (Reply(then="break"), ModelUnavailable),
    "breaks off at once": (Reply(pieces=(), then="break"), ModelUnavailable),
    "ends without an end": (Reply(finish=None), ModelUnavailable),
    "engine dies": (Reply(error={"message": "EngineDead", "code": 500}), ModelUnavailable),
    "refuses in the middle": (Reply(error={"message": "no", "code": 400}), ModelRefused),
    "says nothing": (Reply(pieces=()), BadAnswer),
    "says white space": (Reply(pieces=("\n", "  ")), BadAnswer),
    "content is null": (Reply(pieces=(None,)), BadAnswer),
    "not the protocol": (Reply(raw=b"<html>Welcome to nginx</html>"), ModelUnavailable),
    "not JSON": (Reply(raw=b"data: {broken\n\n"), BadAnswer),
    "JSON of another kind": (Reply(raw=b"data: [1, 2]\n\n"), BadAnswer),
    "choices of another kind": (Reply(raw=b'data: {"choices": [7]}\n\n'), BadAnswer),
    "not text": (Reply(raw=b"data: \xff\xfe\xfa\n\n"), BadAnswer),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_every_fault_ends_in_its_error(name: str):
    reply, kind = FAULTS[name]
    async with system() as there:
        there.double.answers(reply)
        with pytest.raises(ModelError) as caught:
            await complete(there.model, ASKED)
        assert type(caught.value) is kind
        assert there.count(kind.reason) == 1
        there.double.answers(GOOD)
        assert (await complete(there.model, ASKED)).text == TEXT
        assert there.sample("slots", state="in_use") == 0


async def test_nothing_of_the_prompt_or_the_servers_words_is_in_an_error():
    async with system() as there:
        told = {"message": "Bad prompt: my name is Lena", "param": "my name is Lena", "type": "Lena's fault"}
        for status in (400, 500):
            there.double.answers(Reply(status=status, error=told))
            with pytest.raises(ModelError) as caught:
                await complete(there.model, ASKED)
            assert "Lena" not in str(caught.value)
            assert caught.value.__cause__ is None
            assert caught.value.__suppress_context__


async def test_a_server_that_is_not_there_is_unavailable():
    settings = ModelSettings(kind="vllm", name=NAME, url="http://127.0.0.1:9/v1", backoff=0)
    async with VllmModel(settings) as bare:
        with pytest.raises(ModelUnavailable, match="refused"):
            await complete(Steady(bare, settings), ASKED)


class TestAttempts:
    @pytest.mark.parametrize("reply", [SHED, Reply(status=500), Reply(before=9), Reply(pieces=(), then="break")])
    async def test_what_may_be_over_soon_is_tried_again(self, reply: Reply):
        async with system() as there:
            there.double.answers(reply, GOOD)
            assert (await complete(there.model, ASKED)).text == TEXT
            assert len(there.double.requests) == 2
            assert (there.count("answered"), there.sample("attempts_total", purpose="chat")) == (1, 2)

    @pytest.mark.parametrize("reply", [Reply(status=400), Reply(status=401), Reply(pieces=())])
    async def test_what_will_stay_so_is_not(self, reply: Reply):
        async with system() as there:
            there.double.answers(reply)
            with pytest.raises(ModelError):
                await complete(there.model, ASKED)
            assert len(there.double.requests) == 1

    async def test_there_are_no_more_than_allowed(self):
        async with system(attempts=3, breaker_failures=9) as there:
            there.double.answers(SHED)
            with pytest.raises(ModelUnavailable):
                await complete(there.model, ASKED)
            assert len(there.double.requests) == 3

    async def test_an_answer_that_has_begun_is_not_begun_again(self):
        async with system() as there:
            there.double.answers(Reply(then="break"), GOOD)
            parts = there.model.stream(ASKED)
            heard = [(await anext(parts)).text for _ in GOOD.pieces]
            with pytest.raises(ModelUnavailable):
                await anext(parts)
            assert len(there.double.requests) == 1
            assert "".join(heard) == TEXT

    async def test_pauses_count_against_the_time(self):
        async with system(backoff=0.15, time_limit=0.3, attempts=9, breaker_failures=99) as there:
            there.double.answers(SHED)
            with pytest.raises(ModelError):
                await complete(there.model, ASKED)
            # Pauses of 0.15, 0.3 and 0.6 s at least: without a limit on all together there would be nine.
            assert len(there.double.requests) <= 3


class TestBreaker:
    async def test_it_opens_after_failures_in_a_row_and_closes_after_a_trial(self):
        async with system(attempts=1, breaker_failures=3, breaker_pause=0.1) as there:
            there.double.answers(SHED)
            for _ in range(3):
                with pytest.raises(ModelUnavailable):
                    await complete(there.model, ASKED)
            assert there.sample("breaker_open") == 1
            with pytest.raises(BreakerOpen):
                await complete(there.model, ASKED)
            assert len(there.double.requests) == 3
            there.double.answers(GOOD)
            await asyncio.sleep(0.12)
            assert (await complete(there.model, ASKED)).text == TEXT
            assert there.sample("breaker_open") == 0
            assert (there.count("unavailable"), there.count("breaker_open")) == (3, 1)

    async def test_a_failed_trial_opens_it_again(self):
        async with system(attempts=1, breaker_failures=2, breaker_pause=0.05) as there:
            there.double.answers(SHED)
            for _ in range(2):
                with pytest.raises(ModelUnavailable):
                    await complete(there.model, ASKED)
            await asyncio.sleep(0.06)
            with pytest.raises(ModelUnavailable):
                await complete(there.model, ASKED)
            with pytest.raises(BreakerOpen):
                await complete(there.model, ASKED)

    @pytest.mark.parametrize("reply", [Reply(status=400), Reply(pieces=())])
    async def test_a_server_that_answers_at_all_does_not_open_it(self, reply: Reply):
        async with system(attempts=1, breaker_failures=2) as there:
            there.double.answers(reply)
            for _ in range(4):
                with pytest.raises(ModelError) as caught:
                    await complete(there.model, ASKED)
                assert not isinstance(caught.value, BreakerOpen)

    async def test_learners_who_leave_a_hanging_server_do_not_make_it_look_well(self):
        async with system(attempts=1, breaker_failures=2, first_token_limit=0.06) as there:
            there.double.answers(Reply(pieces=(), then="hang"))
            for patience in (9, 0.02, 9):
                with pytest.raises((ModelTimedOut, TimeoutError)):
                    await asyncio.wait_for(complete(there.model, ASKED), patience)
            with pytest.raises(BreakerOpen):
                await complete(there.model, ASKED)
            assert there.count("abandoned") == 1

    async def test_nobody_queues_for_a_server_that_is_left_alone(self):
        async with system(attempts=1, breaker_failures=1, slots=1, slot_wait=5) as there:
            there.double.answers(Reply(before=0.05, status=500))
            first, second = await asyncio.gather(
                complete(there.model, ASKED), complete(there.model, ASKED), return_exceptions=True
            )
            assert isinstance(first, ModelUnavailable)
            assert isinstance(second, BreakerOpen)
            assert len(there.double.requests) == 1


class TestSlots:
    async def test_no_more_than_the_slots_ask_at_once(self):
        async with system(slots=3, slot_wait=5) as there:
            there.double.answers(Reply(before=0.01))
            answers = await asyncio.gather(*(complete(there.model, ASKED) for _ in range(12)))
            assert len(answers) == 12
            assert there.double.most_under_way == 3

    async def test_whoever_waits_too_long_is_told_so(self):
        async with system(slots=1) as there:
            there.double.answers(Reply(then="hang"))
            async with streaming(there.model, ASKED) as parts:
                await anext(parts)
                waiting = asyncio.create_task(complete(there.model, ASKED))
                await asyncio.sleep(0.01)
                assert there.sample("slots", state="waiting") == 1
                assert there.sample("slots", state="in_use") == 1
                with pytest.raises(ModelBusy):
                    await waiting
            assert there.count("busy") == 1
            assert there.sample("slots", state="waiting") == 0

    async def test_what_nobody_waits_for_leaves_half_of_the_slots_to_others(self):
        async with system(slots=4, slot_wait=30, **PATIENT) as there:
            there.double.answers(Reply(then="hang"))
            async with streaming(there.model, ASKED) as one, streaming(there.model, ASKED) as other:
                await anext(one)
                await anext(other)
                there.double.answers(GOOD)
                later = asyncio.create_task(complete(there.model, SUMMARY))
                assert (await complete(there.model, ASKED)).text == TEXT
                assert not later.done()
                assert there.count("answered", "summary") == 0
            assert (await later).text == TEXT

    async def test_it_is_given_up_where_the_slots_stay_in_use(self):
        async with system(slots=1, slot_wait=0.01, **PATIENT) as there:
            there.double.answers(Reply(then="hang"))
            async with streaming(there.model, ASKED) as parts:
                await anext(parts)
                with pytest.raises(ModelBusy, match="more than half"):
                    await complete(there.model, SUMMARY)
            assert there.sample("slots", state="in_use") == 0

    async def test_a_holder_that_takes_no_more_is_cut_off(self):
        async with system(slots=1, slot_expiry=0.1, slot_wait=0.3) as there:
            there.double.answers(Reply(pieces=("a ",) * 1000, pause=0.001), GOOD)
            async with streaming(there.model, ASKED) as parts:
                await anext(parts)
                assert (await complete(there.model, ASKED)).text == TEXT
                with pytest.raises(SlotExpired):
                    await anext(parts)
            assert there.double.left_early == 1
            assert there.sample("slots", state="in_use") == 0
            assert there.sample("breaker_open") == 0

    async def test_a_holder_that_still_waits_is_cut_off(self):
        async with system(slots=1, slot_expiry=0.05, attempts=1) as there:
            there.double.answers(Reply(before=9))
            with pytest.raises(SlotExpired):
                await complete(there.model, ASKED)
            assert there.sample("slots", state="in_use") == 0

    async def test_a_reader_slower_than_the_limit_gets_the_whole_answer(self):
        async with system(time_limit=0.1, first_token_limit=0.1) as there:
            read = []
            async with streaming(there.model, ASKED) as parts:
                async for part in parts:
                    read.append(part)
                    await asyncio.sleep(0.06)
            assert read[-1].text == TEXT

    async def test_leaving_ends_the_request_and_frees_the_slot(self):
        async with system(slots=1) as there:
            there.double.answers(Reply(pieces=("a ",) * 1000, pause=0.005), GOOD)
            async with streaming(there.model, ASKED) as parts:
                await anext(parts)
            assert (await complete(there.model, ASKED)).text == TEXT
            assert (there.double.left_early, there.count("abandoned"), there.count("answered")) == (1, 1, 1)


class TestCaps:
    async def test_an_endless_answer_is_cut_after_a_sentence_and_says_so(self):
        async with system(response_chars=200, time_limit=5) as there:
            there.double.answers(Reply(pieces=("Look at it, then. ",), then="forever"))
            *deltas, answer = [part async for part in there.model.stream(ASKED)]
            assert isinstance(answer, ModelAnswer)
            assert answer.text == "".join(delta.text for delta in deltas)
            assert 150 < len(answer.text) <= 200
            assert answer.text.endswith("then.")
            assert (answer.truncated, answer.finish) == (True, "length")
            assert there.count("truncated") == 1
            there.double.answers(GOOD)
            await complete(there.model, ASKED)
            assert there.double.left_early == 1

    async def test_a_long_document_is_not_prose(self):
        text = '{"a": "' + "x" * 2500 + '"}'
        async with system(response_chars=200, time_limit=5) as there:
            there.double.answers(Reply(pieces=(text,)))
            assert (await complete(there.model, DOCUMENT)).text == text
            there.double.answers(Reply(pieces=("[",), then="forever"))
            assert (await complete(there.model, DOCUMENT)).truncated

    async def test_the_settings_say_how_many_tokens_where_the_request_does_not(self):
        async with system(max_tokens=77) as there:
            await complete(there.model, ASKED)
            await complete(there.model, ModelRequest("chat", ASKED.messages, max_tokens=5))
            assert [body["max_tokens"] for body in there.double.requests] == [77, 5]

    async def test_max_tokens_at_the_server_count_as_truncated(self):
        async with system() as there:
            there.double.answers(Reply(finish="length"))
            answer = await complete(there.model, ASKED)
            assert (answer.finish, answer.truncated) == ("length", True)


async def test_what_is_sent_is_what_vllm_understands():
    async with system(**PATIENT) as there:
        request = ModelRequest(
            "hint",
            (ModelMessage("system", "S"), ModelMessage("user", "U")),
            schema={"type": "object"},
            temperature=0.7,
            seed=4,
            logprobs=2,
            tenant="case-1",
        )
        await complete(there.model, request)
        (body,) = there.double.requests
        assert body["messages"] == [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]
        assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}
        assert (body["stream"], body["stream_options"]) == (True, {"include_usage": True})
        assert (body["cache_salt"], body["chat_template_kwargs"]) == ("case-1", {"enable_thinking": False})
        assert (body["seed"], body["temperature"], body["logprobs"], body["top_logprobs"]) == (4, 0.7, True, 2)
        await complete(there.model, ASKED)
        assert {"cache_salt", "response_format", "seed", "logprobs"}.isdisjoint(there.double.requests[1])


async def test_tokens_and_times_are_counted():
    async with system(**PATIENT) as there:
        await complete(there.model, ASKED)
        tokens = [there.sample("tokens_total", kind=kind) for kind in ("prompt", "cached", "completion")]
        assert tokens == [40, 32, 4]
        assert there.sample("first_token_seconds_count", purpose="chat") == 1
        assert there.sample("seconds_count", purpose="chat") == 1


class Broken:
    """A model with a mistake in it."""

    name = "broken"

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelDelta | ModelAnswer, None]:
        yield ModelDelta("Well, ")
        raise KeyError("Lena's notebook")


class Unfinished:
    """A model that forgets the last part."""

    name = "unfinished"

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelDelta | ModelAnswer, None]:
        yield ModelDelta("Well, ")


async def test_a_mistake_in_an_adapter_costs_the_words_and_not_the_check():
    registry = CollectorRegistry()
    with pytest.raises(ModelError) as caught:
        await complete(Steady(Broken(), ModelSettings(), registry), ASKED)
    assert caught.value.reason == "failed"
    assert "Lena" not in str(caught.value)
    with pytest.raises(BadAnswer):
        await complete(Steady(Unfinished(), ModelSettings()), ASKED)


async def test_an_answer_is_one_line_of_the_log_without_a_text():
    async with system() as there:
        there.double.answers(SHED, GOOD)
        with structlog.testing.capture_logs() as lines:
            await complete(there.model, ModelRequest("hint", (ModelMessage("user", "I am Lena"),)))
        (line,) = [line for line in lines if line["event"] == "model"]
        assert (line["purpose"], line["outcome"], line["attempts"], line["log_level"]) == (
            "hint",
            "answered",
            2,
            "info",
        )
        assert 0 <= line["first_ms"] <= line["total_ms"]
        assert (line["prompt"], line["cached"], line["completion"]) == (40, 32, 4)
        assert "Lena" not in str(lines)
        assert TEXT not in str(lines)


async def test_a_failure_is_a_warning_with_its_reason():
    async with system() as there:
        there.double.answers(Reply(status=400))
        with structlog.testing.capture_logs() as lines, pytest.raises(ModelRefused):
            await complete(there.model, ASKED)
        assert [(line["log_level"], line["outcome"], line["detail"]) for line in lines] == [
            ("warning", "refused", "the server answered 400")
        ]
