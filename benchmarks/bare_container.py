"""A learner's server started by hand: `docker run` of what the spawner started, with nothing that confines it."""

import asyncio
import contextlib
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx

from benchmarks.harness import CouldNotRun
from spawner.inside import BOX, HOME
from spawner.socket_server import SERVER_SOCKET

ENGINE: Final = "unix:///var/run/docker.sock"
_PATIENCE: Final = 120.0
_PAUSE: Final = 0.01
"""Between two calls of a server that does not listen yet."""


@dataclass(frozen=True)
class Taken:
    """Seconds of one start."""

    to_container: float
    """Until the engine had started the container."""
    to_answer: float
    """Until the server in it gave its first answer."""


async def docker(*words: str) -> str:
    """What the command says, with the engine itself and no door before it. CouldNotRun."""
    program = shutil.which("docker")
    if program is None:
        raise CouldNotRun("the docker command is not installed")
    process = await asyncio.create_subprocess_exec(
        *(program, "--host", ENGINE, *words), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, wrong = await process.communicate()
    if process.returncode:
        raise CouldNotRun(f"`docker {words[0]}` ended with {process.returncode}: {wrong.decode(errors='replace')}")
    return said.decode().strip()


async def inspected(container: str) -> Mapping[str, Any]:
    """All that the engine tells of a container. CouldNotRun."""
    told: Mapping[str, Any] = json.loads(await docker("container", "inspect", container))[0]
    return told


def started_at(told: Mapping[str, Any]) -> float:
    """When the engine started the container, as `time.time()` tells it."""
    return datetime.fromisoformat(told["State"]["StartedAt"]).timestamp()


def bare_words(told: Mapping[str, Any], own: Mapping[str, Path], variables: Path) -> Sequence[str]:
    """`docker run` of the same image with the same command, variables and mounts, and no limit and no confinement.

    `own`: what is mounted there in place of what belongs to that container alone. There is no network either: making
    one would only take longer.
    """
    config = told["Config"]
    words = ["run", "--detach", "--network", "none", "--user", config["User"], "--workdir", config["WorkingDir"]]
    words += ["--env-file", str(variables)]
    for mount in told["Mounts"]:
        if mount["Type"] == "bind":
            source = own.get(mount["Destination"], mount["Source"])
            words += ["--volume", f"{source}:{mount['Destination']}{'' if mount['RW'] else ':ro'}"]
    return [*words, told["Image"], *config["Cmd"]]


class BareContainer:
    """Starts such a server again and again; only the last words of a call differ from one start to the next."""

    def __init__(self, told: Mapping[str, Any], folder: Path, path: str, token: str) -> None:
        """`told`: the spawner's container, which keeps running, for its token is used. `path`: what is asked for."""
        self._socket = folder / "box" / SERVER_SOCKET
        self._path, self._headers = path, {"Authorization": f"token {token}"}
        own, variables = {HOME: folder / "home", BOX: folder / "box"}, folder / "variables"
        for place in own.values():
            place.mkdir(mode=0o700, parents=True)
        variables.touch(mode=0o600)
        variables.write_text("".join(f"{line}\n" for line in told["Config"]["Env"]))
        self._words = bare_words(told, own, variables)

    async def start(self) -> Taken:
        """Start one, wait for its answer, and remove it. CouldNotRun."""
        began_at, begun = time.time(), time.perf_counter()
        container = await docker(*self._words)
        try:
            await self._answer(container)
            answered = time.perf_counter() - begun
            return Taken(started_at(await inspected(container)) - began_at, answered)
        finally:
            await docker("rm", "--force", "--volumes", container)
            self._socket.unlink(missing_ok=True)

    async def _answer(self, container: str) -> None:
        end = time.monotonic() + _PATIENCE
        transport = httpx.AsyncHTTPTransport(uds=str(self._socket))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=30) as http:
            while time.monotonic() < end:
                with contextlib.suppress(httpx.TransportError):
                    answer = await http.get(self._path, headers=self._headers)
                    if answer.is_success:
                        return
                    raise CouldNotRun(f"the server started by hand refuses the call: {answer.status_code}")
                await asyncio.sleep(_PAUSE)
        said = await docker("logs", "--tail", "10", container)
        raise CouldNotRun(f"the server started by hand did not answer within {_PATIENCE:.0f} s: {said}")
