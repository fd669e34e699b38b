"""Many clients at one model server, through our client and past it: what the client between them costs."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

import httpx2
import openai

from benchmarks.harness import CouldNotRun
from feedback.model.port import ChatModel, ModelDelta, ModelRequest, streaming
from feedback.model.settings import ModelSettings
from feedback.model.tls import client_context


@dataclass(frozen=True)
class Load:
    """What a number of clients met."""

    first_ms: float
    """Median time to the first piece of an answer."""
    tokens_per_s: float


class Asker(Protocol):
    """One way to ask: yields at the first piece, and at the end the number of the answer's tokens."""

    def __call__(self, request: ModelRequest) -> AsyncIterator[int]:
        """Ask once; the first number says nothing."""
        ...


async def load(ask: Asker, requests: Callable[[int, int], ModelRequest], clients: int, times: int) -> Load:
    """Let each client ask so many times, one answer after the other. `requests`: of the client's number and turn."""
    firsts: list[float] = []
    tokens: list[int] = []

    async def client(number: int) -> None:
        for turn in range(times):
            request = requests(number, turn)
            start = time.perf_counter()
            parts = ask(request)
            await anext(parts)
            firsts.append((time.perf_counter() - start) * 1e3)
            tokens.append(await anext(parts))

    start = time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(clients)))
    return Load(statistics.median(firsts), sum(tokens) / (time.perf_counter() - start))


def through(model: ChatModel) -> Asker:
    """Ask through the client that the product uses."""

    async def ask(request: ModelRequest) -> AsyncIterator[int]:
        async with streaming(model, request) as parts:
            async for part in parts:
                if isinstance(part, ModelDelta):
                    yield 0
                    break
            *_, answer = [part async for part in parts]
        if isinstance(answer, ModelDelta):
            raise CouldNotRun("an answer had no end")
        yield answer.usage.completion

    return ask


class Direct:
    """The bare SDK at the same server, over the same kind of connection, with the same request."""

    def __init__(self, settings: ModelSettings) -> None:
        self._name, server_name = settings.name, settings.server_name

        async def named(request: httpx2.Request) -> None:
            request.extensions["sni_hostname"] = server_name

        http = openai.DefaultAsyncHttpxClient(
            verify=client_context(settings),
            trust_env=False,
            event_hooks={"request": [named]},
            # As ours: the server closes an idle connection after 5 s, just when it may be used again.
            limits=httpx2.Limits(max_connections=settings.slots + 2, keepalive_expiry=3.5),
        )
        assert settings.api_key is not None
        key = settings.api_key.get_secret_value()
        self._client = openai.AsyncOpenAI(base_url=settings.base_url, api_key=key, max_retries=0, http_client=http)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def __call__(self, request: ModelRequest) -> AsyncIterator[int]:
        """As `Asker`."""
        messages: Any = [{"role": message.role, "content": message.content} for message in request.messages]
        schema = {"name": "answer", "schema": request.schema, "strict": True}
        shape: Any = {"type": "json_schema", "json_schema": schema}
        chunks = await self._client.chat.completions.create(
            model=self._name,
            messages=messages,
            max_tokens=request.max_tokens,
            temperature=request.temperature,
            response_format=shape,
            stream=True,
            stream_options={"include_usage": True},
            extra_body={"chat_template_kwargs": {"enable_thinking": False}, "cache_salt": request.tenant},
        )
        begun, tokens = False, 0
        async with aclosing(chunks):
            async for chunk in chunks:
                if chunk.usage:
                    tokens = chunk.usage.completion_tokens
                if not begun and chunk.choices and chunk.choices[0].delta.content:
                    begun = True
                    yield 0
        yield tokens
