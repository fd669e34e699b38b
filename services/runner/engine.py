"""The few calls of a Docker engine that containers for checks need, by its HTTP interface."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from services.runner.errors import SessionRefused

_SECONDS: Final = 60.0
_FOR_EVER: Final = httpx.Timeout(_SECONDS, read=None)
_CALLS_AT_ONCE: Final = 1_000
"""Each running container has a call that waits for its end."""
_WORDS: Final = 4_000
_FRAME: Final = 8
"""Length of the header before each piece of a container's log."""


class EngineFault(SessionRefused):
    """The engine refused a call, or did not answer."""


class NoImage(EngineFault):
    """The engine does not have the image."""


class Engine:
    """A client on the engine's socket. Every call raises EngineFault."""

    def __init__(self, socket: Path) -> None:
        limits = httpx.Limits(max_connections=_CALLS_AT_ONCE, max_keepalive_connections=8)
        transport = httpx.AsyncHTTPTransport(uds=str(socket), limits=limits)
        self._http = httpx.AsyncClient(transport=transport, base_url="http://engine", timeout=_SECONDS)

    async def create(self, name: str, container: Mapping[str, Any]) -> str:
        """Make a container; returns its id."""
        try:
            made = await self._call("POST", "/containers/create", params={"name": name}, json=container)
        except EngineFault as fault:
            if "no such image" in fault.detail.lower():
                raise NoImage(fault.detail) from None
            raise
        return str(made.json()["Id"])

    async def start(self, container: str) -> None:
        """Start it."""
        await self._call("POST", f"/containers/{container}/start")

    async def limit(self, container: str, memory: int, processes: int) -> None:
        """Change what it may use: bytes, with no swap, and processes."""
        wanted = {"Memory": memory, "MemorySwap": memory, "PidsLimit": processes}
        await self._call("POST", f"/containers/{container}/update", json=wanted)

    async def kill(self, container: str) -> None:
        """End all its processes."""
        await self._call("POST", f"/containers/{container}/kill")

    async def ended(self, container: str) -> None:
        """Return when it does not run, or is gone."""
        wanted = {"condition": "not-running"}
        await self._call("POST", f"/containers/{container}/wait", params=wanted, timeout=_FOR_EVER)

    async def ran_out_of_memory(self, container: str) -> bool:
        """Whether the kernel ended something in it for lack of memory; known once it has ended."""
        told = await self._call("GET", f"/containers/{container}/json")
        return bool(told.json()["State"]["OOMKilled"])

    async def out_of_memory(self, container: str) -> bool:
        """Wait until the kernel has ended something in it for lack of memory; false when the engine hangs up."""
        filters = json.dumps({"container": [container], "event": ["oom"]})
        async with self._stream("GET", "/events", params={"filters": filters}) as answer:
            async for _ in answer.aiter_bytes():
                return True
        return False

    async def memory(self, container: str) -> int:
        """Bytes that it uses, files that could be read again left out."""
        told = await self._call("GET", f"/containers/{container}/stats", params={"stream": "false", "one-shot": "true"})
        memory = told.json()["memory_stats"]
        again = memory["stats"].get("total_inactive_file", memory["stats"].get("inactive_file", 0))
        return max(0, int(memory["usage"]) - int(again))

    async def said(self, container: str) -> str:
        """The last that it has written."""
        wanted = {"stdout": "true", "stderr": "true", "tail": "20"}
        answer = await self._call("GET", f"/containers/{container}/logs", params=wanted)
        return _pieces(answer.content)[-_WORDS:].decode("utf-8", "replace")

    async def remove(self, container: str) -> None:
        """End it and leave nothing of it; it may be gone already."""
        gone = (httpx.codes.NOT_FOUND, httpx.codes.CONFLICT)
        await self._call("DELETE", f"/containers/{container}", gone, params={"force": "true", "v": "true"})

    async def labelled(self, label: str) -> Mapping[str, str]:
        """Containers with this label: id -> its value."""
        wanted = {"all": "true", "filters": json.dumps({"label": [label]})}
        answer = await self._call("GET", "/containers/json", params=wanted)
        return {str(one["Id"]): str(one["Labels"][label]) for one in answer.json()}

    async def close(self) -> None:
        """Hang up."""
        await self._http.aclose()

    async def _call(self, method: str, path: str, expected: tuple[int, ...] = (), **more: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, path, **more)
        except httpx.HTTPError as error:
            raise _silent(error) from None
        if answer.is_success or answer.status_code in (httpx.codes.NOT_MODIFIED, *expected):
            return answer
        raise _refused(answer)

    @asynccontextmanager
    async def _stream(self, method: str, path: str, **more: Any) -> AsyncIterator[httpx.Response]:
        try:
            async with self._http.stream(method, path, timeout=_FOR_EVER, **more) as answer:
                if not answer.is_success:
                    await answer.aread()
                    raise _refused(answer)
                yield answer
        except httpx.HTTPError as error:
            raise _silent(error) from None


def _silent(error: httpx.HTTPError) -> EngineFault:
    return EngineFault(f"the Docker engine does not answer ({type(error).__name__}): is dockerd running?")


def _refused(answer: httpx.Response) -> EngineFault:
    try:
        reason = str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        reason = f"status {answer.status_code}"
    return EngineFault(f"the Docker engine refuses: {' '.join(reason.split())}")


def _pieces(log: bytes) -> bytes:
    """The text of a log without the header that stands before each piece of it."""
    found = []
    while len(log) >= _FRAME:
        length = int.from_bytes(log[4:_FRAME])
        found.append(log[_FRAME : _FRAME + length])
        log = log[_FRAME + length :]
    return b"".join(found)
