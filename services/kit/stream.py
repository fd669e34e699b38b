"""Answers that arrive in parts: newline-delimited JSON between services, server-sent events to browsers."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import aclosing
from typing import Any, Final, TypeVar

from anyio import CancelScope
from pydantic import BaseModel
from starlette.responses import StreamingResponse
from starlette.types import Send

from services.kit.errors import error_body

_T = TypeVar("_T")

KEEP_ALIVE: Final = 15.0
"""Seconds of silence after which an event stream says that it lives; proxies close quieter ones."""
_COMMENT: Final = b": still here\n\n"
"""Browsers pass over it."""
_EMPTY_LINE: Final = b"\n"
"""Typed clients pass over it."""


class PrimedResponse(StreamingResponse):
    """Waits for the first part before it answers, so that an error until then is an ordinary error answer."""

    async def stream_response(self, send: Send) -> None:
        """Send the answer; raises what the first part raises before anything is sent."""
        async with aclosing(_generator(self.body_iterator)) as parts:
            first = await anext(parts, b"")
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": first, "more_body": True})
            async for part in parts:
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def ndjson(events: AsyncIterator[BaseModel], keep_alive: float | None = None) -> StreamingResponse:
    """Answer with one JSON document a line. An error after the first line breaks the connection off.

    `keep_alive`: for streams that may have nothing to tell for long. The answer begins at once, with an empty line, and
    each silence of so many seconds is one more; what there is to refuse must have been refused before.
    """
    lines = _lines(events)
    parts = lines if keep_alive is None else _with_pings(lines, keep_alive, _EMPTY_LINE, at_once=True)
    return PrimedResponse(parts, media_type="application/x-ndjson")


def sse(
    events: AsyncIterator[tuple[str, BaseModel]], keep_alive: float = KEEP_ALIVE, *, at_once: bool = False
) -> StreamingResponse:
    """Answer with server-sent events, (event name, data). An error after the first becomes an `error` event.

    The data of an `error` event is an ErrorBody. `at_once`: the answer begins before there is an event, for streams
    whose first one may be long in coming; then an error before it is an `error` event, too.
    """
    return PrimedResponse(
        _with_pings(_events(events, started=at_once), keep_alive, _COMMENT, at_once=at_once),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _lines(events: AsyncIterator[BaseModel]) -> AsyncGenerator[bytes]:
    async with aclosing(_generator(events)) as source:
        async for event in source:
            yield event.model_dump_json().encode() + b"\n"


async def _events(events: AsyncIterator[tuple[str, BaseModel]], *, started: bool) -> AsyncGenerator[bytes]:
    async with aclosing(_generator(events)) as source:
        try:
            async for name, data in source:
                yield _event(name, data)
                started = True
        except Exception as error:
            if not started:
                raise
            yield _event("error", error_body(error)[1])


def _event(name: str, data: BaseModel) -> bytes:
    # JSON text holds no line break, so one data line is always enough.
    return f"event: {name}\ndata: {data.model_dump_json()}\n\n".encode()


async def _with_pings(
    parts: AsyncGenerator[bytes], keep_alive: float, ping: bytes, *, at_once: bool
) -> AsyncGenerator[bytes]:
    async with aclosing(parts):
        yield ping if at_once else await anext(parts, b"")
        pending: asyncio.Task[bytes] | None = None
        try:
            while True:
                pending = pending or asyncio.ensure_future(_next(parts))
                done, _ = await asyncio.wait({pending}, timeout=keep_alive)
                if not done:
                    yield ping
                    continue
                try:
                    part = pending.result()
                except StopAsyncIteration:
                    return
                finally:
                    pending = None
                yield part
        finally:
            if pending is not None:
                await ended(pending)


async def ended(pending: "asyncio.Task[Any]") -> None:
    """Cancel a task, once, and wait until what it was waiting for is tidied up.

    For a reader who left, the server cancels this task again and again: passed on, that would hit the tidying up, and
    a connection to the service behind would stay open.
    """
    pending.cancel()
    with CancelScope(shield=True):
        await asyncio.wait({pending})
    if not pending.cancelled():
        pending.exception()  # read, or asyncio reports it


async def _next(parts: AsyncGenerator[bytes]) -> bytes:
    return await anext(parts)


async def _generator(source: AsyncIterable[_T]) -> AsyncGenerator[_T]:
    """Close what was iterated as soon as its reader is gone, not when the garbage collector comes by."""
    try:
        async for item in source:
            yield item
    finally:
        close = getattr(source, "aclose", None)
        if close is not None:
            await close()
