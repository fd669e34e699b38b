"""The real vLLM is killed in the middle of an answer, and comes back."""

import asyncio
import time
from collections.abc import Callable, Iterator

import pytest

from feedback.model.port import (
    BreakerOpen,
    ChatModel,
    ModelMessage,
    ModelRequest,
    ModelUnavailable,
    complete,
    streaming,
)
from feedback.model.wiring import open_model
from tests.vllm.server import RealServer

ASKED = ModelRequest("chat", (ModelMessage("user", "Why?"),), max_tokens=8)
LONG = ModelRequest(
    "chat",
    ASKED.messages,
    max_tokens=8000,
    schema={"type": "array", "items": {"type": "integer", "minimum": 100, "maximum": 999}, "minItems": 4000},
)
PAUSE = 1.0
LEARNERS = 32


@pytest.fixture
def mortal(tmp_path) -> Iterator[RealServer]:
    server = RealServer(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.mark.timeout(600)
async def test_a_killed_server_is_left_alone_and_used_again_when_it_is_back(
    mortal: RealServer, figure: Callable[[str], None]
) -> None:
    # Half a minute of work: however late the first words come, no answer has ended by then.
    limits = {"attempts": 1, "breaker_failures": LEARNERS + 2, "breaker_pause": PAUSE, "slots": LEARNERS}
    patience = {"first_token_limit": 60, "time_limit": 120, "slot_expiry": 240}
    async with open_model(mortal.settings(**limits, **patience)) as model:
        assert model is not None
        begun = asyncio.Event()
        waiting = [asyncio.create_task(_ask_at_length(model, begun)) for _ in range(LEARNERS)]
        await begun.wait()
        mortal.kill()
        killed = time.perf_counter()
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(end) for end in ends] == [ModelUnavailable] * LEARNERS
        figure(f"{LEARNERS} learners noticed a killed server within {(time.perf_counter() - killed) * 1e3:.0f} ms")
        for _ in range(2):
            with pytest.raises(ModelUnavailable):
                await complete(model, ASKED)
        refused = time.perf_counter()
        with pytest.raises(BreakerOpen):
            await complete(model, ASKED)
        assert time.perf_counter() - refused < 0.5
        await asyncio.to_thread(mortal.start)
        await asyncio.sleep(PAUSE)
        assert (await complete(model, ASKED)).text
        assert (await complete(model, ASKED)).text
    figure(f"back after {mortal.start_seconds:.1f} s; the first request after the pause was answered")


async def _ask_at_length(model: ChatModel, begun: asyncio.Event) -> None:
    async with streaming(model, LONG) as parts:
        async for _ in parts:
            begun.set()
