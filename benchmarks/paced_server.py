"""A model server that says known texts at the pace of a large model on a GPU: `python -m benchmarks.paced_server …`.

It keeps the bodies it was sent, so that others can be asked exactly the same.
"""

import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvicorn

FIRST_SECONDS: Final = 0.4
TOKEN_SECONDS: Final = 0.025
"""About what a model of 30 billion parameters (3 active) does for 32 readers at once on one data-centre GPU."""
NAME: Final = "paced"
_TOKEN = re.compile(r"\s*(?:\w{1,6}|[^\w\s]{1,2})")
_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]


@dataclass(frozen=True)
class Says:
    """Texts of the server: one for a prompt that asks for a document, one for every other."""

    document: str
    prose: str

    def of(self, body: dict[str, Any]) -> str:
        """The answer to a request."""
        return self.document if "response_format" in body else self.prose


def tokens(text: str) -> list[str]:
    """The text in pieces of about a token's length."""
    return _TOKEN.findall(text)


class PacedServer:
    """An ASGI app with vLLM's `/v1/chat/completions`, always streaming; `GET /asked` empties the list of bodies."""

    def __init__(self, says: Says) -> None:
        self._says = says
        self._asked: list[dict[str, Any]] = []

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise ValueError("HTTP only")
        if scope["path"] == "/asked":
            asked, self._asked = self._asked, []
            await _start(send, b"application/json")
            await send({"type": "http.response.body", "body": json.dumps(asked).encode()})
            return
        body = await _body(receive)
        self._asked.append(body)
        await self._answer(body, send)

    async def _answer(self, body: dict[str, Any], send: _Send) -> None:
        clock = asyncio.get_running_loop().time
        due = clock() + FIRST_SECONDS
        pieces = tokens(self._says.of(body))
        await _start(send, b"text/event-stream; charset=utf-8")
        for piece in pieces:
            # By a schedule: a server that is late once is not slower from then on.
            await asyncio.sleep(max(due - clock(), 0))
            await _event(send, [{"index": 0, "delta": {"content": piece}, "finish_reason": None}])
            due += TOKEN_SECONDS
        await _event(send, [{"index": 0, "delta": {"content": ""}, "finish_reason": "stop"}])
        used = {"prompt_tokens": 1, "completion_tokens": len(pieces), "total_tokens": 1 + len(pieces)}
        await _event(send, [], usage=used)
        await send({"type": "http.response.body", "body": b"data: [DONE]\n\n", "more_body": False})


async def _body(receive: _Receive) -> dict[str, Any]:
    content, more = b"", True
    while more:
        message = await receive()
        content, more = content + message.get("body", b""), message.get("more_body", False)
    body: dict[str, Any] = json.loads(content)
    return body


async def _start(send: _Send, kind: bytes) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})


async def _event(send: _Send, choices: list[dict[str, Any]], **more: object) -> None:
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": NAME, "choices": choices}
    data = f"data: {json.dumps(chunk | more)}\n\n".encode()
    await send({"type": "http.response.body", "body": data, "more_body": True})


def serve(socket: Path, says: Says) -> None:
    """Answer on a unix socket until the process is ended."""
    uvicorn.run(PacedServer(says), uds=str(socket), log_config=None, access_log=False, lifespan="off")


if __name__ == "__main__":
    serve(Path(sys.argv[1]), Says(**json.loads(Path(sys.argv[2]).read_text())))
