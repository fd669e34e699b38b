"""What stands between a learner and the model server: the whole path's cost, the client's, and the prefix cache.

The whole path is measured against a server that says real sentences at the pace of a large model (`words_path`).
Client and prefix cache are measured against the real vLLM with a tiny model on the CPU, whose random weights make no
sentences; it is installed by `make test-vllm`. All is asked in turn through ours and by direct calls of the SDK.
"""

import asyncio
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks import case_at_hand, words_path
from benchmarks.chat_turns import Conversation, conversations
from benchmarks.harness import CouldNotRun, Figure, Report, main
from benchmarks.model_load import Asker, Direct, Load, load, through
from feedback.model.adapters.vllm import VllmModel
from feedback.model.port import ModelMessage, ModelRequest, complete
from feedback.model.steady import Steady
from services.kit.logs import configure_logs
from services.kit.settings import LogSettings
from tests.vllm.server import CannotServe, RealServer

CLIENTS: Final = 32
_RULES: Final = "You are a mentor for case assignments. Say what follows from what the learner did, never how. "
_TOKENS: Final = 64
_NUMBERS: Final = {"type": "array", "items": {"type": "integer", "minimum": 100, "maximum": 999}, "minItems": _TOKENS}


def run(report: Report) -> None:
    """Measure the whole path and the client at 32 clients, and the prefix cache between the turns of conversations."""
    with Path(os.devnull).open("w") as nowhere, tempfile.TemporaryDirectory(prefix="cl-bench-") as folder:
        # Logs are written as in the product, and read by nobody.
        configure_logs(LogSettings(), nowhere)
        asyncio.run(words_path.measure(report, rounds=1 if report.quick else 7))
        server = RealServer(Path(folder))
        try:
            server.start()
            asyncio.run(_measure(report, server))
        except CannotServe as error:
            raise CouldNotRun(str(error)) from error
        finally:
            server.stop()


async def _measure(report: Report, server: RealServer) -> None:
    settings = server.settings(slots=CLIENTS, slot_wait=60, time_limit=120, first_token_limit=60)
    direct = Direct(settings)
    try:
        async with VllmModel(settings) as bare:
            model = Steady(bare, settings)
            await _client(report, through(model), direct)
            await _prefixes(report, server, model)
    finally:
        await direct.close()


async def _client(report: Report, ours: Asker, direct: Asker) -> None:
    rounds, times = (3, 1) if report.quick else (25, 3)
    for ask in (ours, direct):
        await load(ask, _question, CLIENTS, times)
    pairs = [await _pair(ours, direct, times, number) for number in range(rounds)]
    first = statistics.median(mine.first_ms / other.first_ms for mine, other in pairs)
    speed = statistics.median(mine.tokens_per_s / other.tokens_per_s for mine, other in pairs)
    note = f"median of {rounds} rounds at {CLIENTS} clients"
    report.add("first_token_ratio", Figure(first, "x", target=1.05, note=f"of direct calls; {note}"))
    report.add("throughput_ratio", Figure(speed, "x", target=0.95, better="higher", note=f"of direct calls; {note}"))
    report.add("first_token_ms", Figure(statistics.median(mine.first_ms for mine, _ in pairs), "ms"))
    report.add("direct_first_token_ms", Figure(statistics.median(other.first_ms for _, other in pairs), "ms"))
    report.add("tokens_per_s", Figure(statistics.median(mine.tokens_per_s for mine, _ in pairs), "tokens/s"))


async def _pair(ours: Asker, direct: Asker, times: int, number: int) -> tuple[Load, Load]:
    """(ours, direct), in turn; who begins changes with each round."""
    if number % 2:
        other = await load(direct, _question, CLIENTS, times)
        return await load(ours, _question, CLIENTS, times), other
    mine = await load(ours, _question, CLIENTS, times)
    return mine, await load(direct, _question, CLIENTS, times)


def _question(number: int, turn: int) -> ModelRequest:
    """A question whose answer always takes all its tokens: a list of numbers that is longer than there is room for."""
    messages = (ModelMessage("system", _RULES * 30), ModelMessage("user", f"I am learner {number}. Question {turn}?"))
    return ModelRequest("feedback", messages, schema=_NUMBERS, max_tokens=_TOKENS, temperature=0, tenant="bench")


async def _prefixes(report: Report, server: RealServer, model: Steady) -> None:
    """The server's own count of prompt tokens that it had read already, over all turns but a conversation's first."""
    learners, turns = (2, 3) if report.quick else (6, 8)
    case = case_at_hand.load()
    cached = asked = 0.0
    async with conversations() as talks:
        for number in range(learners):
            talk = Conversation(talks, case, number)
            for turn in range(turns):
                request, keep = await talk.ask(turn)
                before = _counts(server)
                answer = await complete(model, request)
                await keep(answer.text)
                if turn:
                    hits, queries = _counts(server)
                    cached, asked = cached + hits - before[0], asked + queries - before[1]
    note = f"{learners} conversations of {turns} turns, {asked / (learners * (turns - 1)):.0f} tokens a prompt"
    report.add("cached_prompt_share", Figure(cached / asked, "", target=0.8, better="higher", note=note))


def _counts(server: RealServer) -> tuple[float, float]:
    """(hits, queries) of the prefix cache, in tokens."""
    return server.metric("vllm:prefix_cache_hits_total"), server.metric("vllm:prefix_cache_queries_total")


if __name__ == "__main__":
    sys.exit(main("words", run))
