"""A model server of our own: vLLM's wire format over real connections, and every way in which a server misbehaves."""

import asyncio
import contextlib
import json
import ssl
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

NAME = "double"
STATUS_LINES = {200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}


@dataclass(frozen=True)
class Reply:
    """What the server does with one request."""

    pieces: Sequence[str | None] = ("Look ", "at ", "the ", "rows.")
    """Content of the chunks; None: `content` is null."""
    finish: str | None = "stop"
    status: int = 200
    error: Mapping[str, Any] = field(default_factory=dict)
    """Body of an error; with status 200 it comes in the middle of the stream."""
    location: str = ""
    raw: bytes = b""
    """Sent instead of all chunks."""
    before: float = 0
    """Seconds before the answer begins."""
    pause: float = 0
    """Seconds before each chunk."""
    then: Literal["end", "hang", "break", "forever"] = "end"
    """After the last piece: end as one should, say nothing more, cut the connection, repeat the last piece for ever."""


GOOD = Reply()


def document(value: Any, size: int = 7) -> Reply:
    """An answer that is JSON, in small pieces."""
    text = json.dumps(value)
    return Reply([text[start : start + size] for start in range(0, len(text), size)])


class OpenAIDouble:
    """Answers `POST /v1/chat/completions` by `replies` in turn; the last one is repeated."""

    def __init__(self, key: str = "") -> None:
        self.replies: deque[Reply] = deque([GOOD])
        self.requests: list[dict[str, Any]] = []
        """Bodies of the requests."""
        self.headers: list[dict[str, str]] = []
        self.under_way = 0
        self.most_under_way = 0
        self.left_early = 0
        """Clients that closed the connection before the answer's end."""
        self.connections = 0
        self.key = key
        self.url = ""

    def answers(self, *replies: Reply) -> None:
        """From now on, answer so."""
        self.replies = deque(replies)

    @asynccontextmanager
    async def serving(self, context: ssl.SSLContext | None = None, socket: str = "") -> AsyncIterator["OpenAIDouble"]:
        """Listen on a free port of this machine, or on a unix socket."""
        if socket:
            server = await asyncio.start_unix_server(self._connection, socket)
        else:
            server = await asyncio.start_server(self._connection, "127.0.0.1", 0, ssl=context)
            port = server.sockets[0].getsockname()[1]
            self.url = f"{'https' if context else 'http'}://127.0.0.1:{port}/v1"
        tasks: set[asyncio.Task[Any]] = set()
        self._tasks = tasks
        try:
            yield self
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = json.loads(await reader.readexactly(int(headers.get("content-length", 0))) or b"null")
        if self.key and headers.get("authorization") != f"Bearer {self.key}":
            return await self._whole(writer, 401, {"error": "Unauthorized"})
        if not first.startswith("POST /v1/chat/completions "):
            return await self._whole(writer, 404, {"detail": "Not Found"})
        self.requests.append(body)
        self.headers.append(headers)
        reply = self.replies[0] if len(self.replies) == 1 else self.replies.popleft()
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        answering = asyncio.create_task(self._answer(writer, reply, body))
        # A client that leaves is noticed by the end of what it sends, as uvicorn does.
        leaving = asyncio.create_task(_end_of(reader))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done() or isinstance(answering.exception(), ConnectionError):
                self.left_early += 1
                return False
            return answering.result()
        finally:
            self.under_way -= 1
            for task in (answering, leaving):
                task.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)

    async def _answer(self, writer: asyncio.StreamWriter, reply: Reply, body: Mapping[str, Any]) -> bool:
        await asyncio.sleep(reply.before)
        if reply.status != 200:
            return await self._whole(writer, reply.status, {"error": dict(reply.error)}, reply.location)
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        if reply.raw:
            await self._part(writer, reply.raw)
            await self._part(writer, b"")
            return False
        await self._event(writer, _chunk({"role": "assistant", "content": ""}))
        for piece in reply.pieces:
            await asyncio.sleep(reply.pause)
            await self._event(writer, _chunk({"content": piece}, logprobs=_logprobs(piece, body)))
        if reply.error:
            await self._event(writer, {"error": dict(reply.error)})
        match reply.then:
            case "hang":
                await asyncio.Event().wait()
            case "break":
                writer.transport.abort()
                return False
            case "forever":
                while True:
                    await self._event(writer, _chunk({"content": reply.pieces[-1]}))
        if reply.finish is not None:
            await self._event(writer, _chunk({"content": ""}, finish=reply.finish))
        count = len(reply.pieces)
        usage = {"prompt_tokens": 40, "completion_tokens": count, "total_tokens": 40 + count}
        usage["prompt_tokens_details"] = {"cached_tokens": 32}
        await self._event(writer, _chunk(None) | {"usage": usage})
        await self._part(writer, b"data: [DONE]\n\n")
        await self._part(writer, b"")
        return True

    async def _whole(self, writer: asyncio.StreamWriter, status: int, body: Mapping[str, Any], to: str = "") -> bool:
        content = json.dumps(body).encode()
        location = f"Location: {to}\r\n" if to else ""
        writer.write(
            f"HTTP/1.1 {status} {STATUS_LINES.get(status, 'Error')}\r\nContent-Type: application/json\r\n{location}"
            f"Content-Length: {len(content)}\r\n\r\n".encode()
            + content
        )
        await writer.drain()
        return True

    async def _event(self, writer: asyncio.StreamWriter, data: Mapping[str, Any]) -> None:
        await self._part(writer, f"data: {json.dumps(data)}\n\n".encode())

    async def _part(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await writer.drain()
        await asyncio.sleep(0)


async def _end_of(reader: asyncio.StreamReader) -> None:
    while not reader.at_eof():
        await asyncio.sleep(0.002)


def _chunk(
    delta: Mapping[str, Any] | None, finish: str | None = None, logprobs: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": NAME,
        "choices": [] if delta is None else [choice],
    }


def _logprobs(piece: str | None, body: Mapping[str, Any]) -> dict[str, Any] | None:
    if not body.get("logprobs") or piece is None:
        return None
    token = {"token": piece, "logprob": -0.25, "bytes": list(piece.encode())}
    others = [{"token": other, "logprob": -0.25 - rank, "bytes": []} for rank, other in enumerate((piece, "x", "y"))]
    return {"content": [token | {"top_logprobs": others[: body["top_logprobs"]]}]}
