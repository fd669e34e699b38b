"""Asking a server that may answer anything, on a real unix socket."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from jupyterhub.httpclient import JupyterHubHTTPClient

from spawner import looking_in
from spawner.idleness import Signs
from spawner.looking_in import NoAnswer, look_in

STATUS = '{"last_activity": "2026-11-26T17:00:00Z"}'
KERNELS = '[{"execution_state": "busy", "connections": 0}]'
HANG = "hang"


def answer(body: str, status: str = "200 OK", *headers: str) -> str:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines) + "\r\n\r\n" + body


class Server:
    """Answers each request as its function says, and keeps what was asked."""

    def __init__(self, socket: Path, answers: Callable[[str], str]) -> None:
        self.url = "http+unix://" + quote(str(socket), safe="") + "/user/ada/basics/"
        self.asked: list[str] = []
        self.answering: set[asyncio.Task[None] | None] = set()
        self._answers = answers

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.answering.add(asyncio.current_task())
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(request)
        said = self._answers(request.split(" ")[1])
        if said == HANG:
            await reader.read()
        else:
            writer.write(said.encode())
        # the other side may be gone: it reads no more than it wants
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def serving(folder: Path, answers: Callable[[str], str]) -> AsyncIterator[Server]:
    socket = folder / "s.sock"
    server = Server(socket, answers)
    listener = await asyncio.start_unix_server(server.serve, socket)
    try:
        yield server
    finally:
        await JupyterHubHTTPClient.loop_instance().close()
        await asyncio.gather(*filter(None, server.answering))
        listener.close()
        await listener.wait_closed()


def jupyter(path: str) -> str:
    return answer(STATUS if "/api/status" in path else KERNELS)


async def test_a_server_says_when_it_was_active_and_what_its_kernels_do(tmp_path: Path) -> None:
    async with serving(tmp_path, jupyter) as server:
        signs = await look_in(server.url, "secret")
    assert signs == Signs(datetime(2026, 11, 26, 17, tzinfo=UTC), "a kernel is busy")
    paths = [request.split(" ")[1] for request in server.asked]
    assert paths == ["/user/ada/basics/api/status", "/user/ada/basics/api/kernels?no_track_activity=1"]
    assert all("authorization: token secret" in request.lower() for request in server.asked)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (answer("", "302 Found", "Location: http://127.0.0.1:1/elsewhere"), "the status is 302"),
        (answer("", "403 Forbidden"), "403"),
        (answer("what?"), "faults"),
        (answer(" " * (1 << 19)), "too long"),
        ("no HTTP at all\r\n\r\n", "."),
    ],
)
async def test_whatever_else_it_says_is_no_answer(tmp_path: Path, said: str, why: str) -> None:
    async with serving(tmp_path, lambda _: said) as server:
        with pytest.raises(NoAnswer, match=why):
            await look_in(server.url, "secret")
    assert all("/api/" in request for request in server.asked)


async def test_one_that_hangs_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking_in, "_SECONDS", 0.1)
    async with serving(tmp_path, lambda _: HANG) as server:
        with pytest.raises(NoAnswer, match="nothing came"):
            await look_in(server.url, "secret")


async def test_one_that_is_not_there_is_no_answer(tmp_path: Path) -> None:
    async with serving(tmp_path, jupyter) as server:
        (tmp_path / "s.sock").unlink()
        with pytest.raises(NoAnswer):
            await look_in(server.url, "secret")
