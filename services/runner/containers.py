"""Sandboxes that are containers of the cases' images, each for one session and never used again.

The container is the whole sandbox, so nothing in it makes namespaces, and it needs nothing that the engine does not
give to every container. Its zygote connects to a socket that is mounted, and takes the session's one by it.
"""

import asyncio
import contextlib
import itertools
import json
import secrets
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from services.runner.bubblewrap import CODE_INSIDE, TEMPORARY, WORK_INSIDE, variables
from services.runner.container_place import SOCKET, Place
from services.runner.engine import Engine, EngineFault, NoImage
from services.runner.errors import SessionRefused
from services.runner.sandboxes import Plan
from services.runner.settings import ContainerSettings

LABEL: Final = "caseloop.runner"
"""On every container; its value tells which runner's it is."""
USERS: Final = range(64_200, 65_200)
"""Ids that nobody has. Each container has its own: the kernel counts processes by user, wherever they run."""
_DOOR_INSIDE: Final = "/caseloop/door"
_LOADING_MB: Final = 2_048
_LOADING_PROCESSES: Final = 64
"""Until the run is known that the container is for."""
_LOADED_MB: Final = 256
"""What the zygote's libraries take: in a container they are counted, too."""
_PERIOD_US: Final = 100_000
_MAX_FILES: Final = 4_096
_GONE_SECONDS: Final = 20.0
_TRUNCATED_TAG: Final = 24
_COMMON: Final = "`python3 infra/images/build.py learner` makes it"


class Containers:
    """`Sandboxes` by a Docker engine that sees the files of this machine at the same paths."""

    nested = False

    def __init__(self, settings: ContainerSettings, start_seconds: float) -> None:
        self._settings, self.start_seconds = settings, start_seconds
        self._engine = Engine(settings.engine)
        self._place = Place(settings.folder)
        first = secrets.randbelow(len(USERS))
        self._users: Iterator[int] = itertools.cycle((*USERS[first:], *USERS[:first]))

    async def sweep(self) -> None:
        """Remove containers of runners that were killed; those of one that lives are its own business."""
        stale = await asyncio.to_thread(self._place.stale)
        labelled = await self._engine.labelled(LABEL) if stale else {}
        for container, runner in labelled.items():
            if runner in stale:
                await self._engine.remove(container)
        await asyncio.to_thread(self._place.forget, stale)

    async def start(self, plan: Plan) -> "Container":
        """Start one. Raises SessionRefused."""
        mark = secrets.token_hex(6)
        with self._place.listening(mark) as (listener, door):
            try:
                made = await self._made(f"caseloop-run-{mark}", self._container(plan, door))
            except NoImage as fault:
                remedy = "publish the case again to make it" if plan.packages else _COMMON
                raise SessionRefused(f"{fault.detail}: {remedy}") from None
            container = Container(self._engine, made)
            await container.begin(listener, self.start_seconds)
        return container

    async def _made(self, name: str, container: Mapping[str, Any]) -> str:
        """Its id. The engine makes it whether or not somebody waits, so what is broken off is removed."""
        making = asyncio.create_task(self._engine.create(name, container))
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            with contextlib.suppress(EngineFault):
                await self._engine.remove(await making)
            raise

    def image_of(self, plan: Plan) -> str:
        """The image that the plan runs in, by the same rule as learners' containers."""
        if plan.image is not None or plan.packages is None:
            return plan.image or self._settings.image
        return f"{self._settings.image.rpartition(':')[0]}:{plan.packages[:_TRUNCATED_TAG]}"

    def _container(self, plan: Plan, door: Path) -> dict[str, Any]:
        """What the engine is asked for: all that confines a session is here."""
        user = next(self._users)
        config = plan.config(drop_to=None, single=True)
        command = [self._settings.python, "-sPB", f"{CODE_INSIDE}/bootstrap.py", f"{_DOOR_INSIDE}/{SOCKET}"]
        folder = str(Path(self._settings.python).parent)
        return {
            "Image": self.image_of(plan),
            "Cmd": [*command, json.dumps(config)],
            "Entrypoint": [],
            "Env": [f"{name}={value}" for name, value in variables(folder).items()],
            "User": f"{user}:{user}",
            "WorkingDir": TEMPORARY,
            "Hostname": "caseloop",
            "Labels": {LABEL: self._place.name},
            "HostConfig": {**self._confinement(), **_room(plan.file_mb), "Mounts": list(self._mounts(plan, door))},
        }

    def _confinement(self) -> dict[str, Any]:
        # The engine adds its own seccomp filter and hides parts of /proc; the session loads a filter of ours on top.
        return {
            "NetworkMode": "none",
            "ReadonlyRootfs": True,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "IpcMode": "private",
            "RestartPolicy": {"Name": "no"},
            "Memory": _LOADING_MB << 20,
            "MemorySwap": _LOADING_MB << 20,
            "CpuPeriod": _PERIOD_US,
            "CpuQuota": int(self._settings.cpus * _PERIOD_US),
            "PidsLimit": _LOADING_PROCESSES,
            "OomScoreAdj": 500,
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "64k", "max-file": "1"}},
        }

    def _mounts(self, plan: Plan, door: Path) -> Iterator[Mapping[str, Any]]:
        shown = {CODE_INSIDE: self._place.code, _DOOR_INSIDE: door}
        shown |= {f"{WORK_INSIDE}/{entry.name}": entry for entry in sorted(plan.case.iterdir())}
        for target, source in shown.items():
            yield {"Type": "bind", "Source": str(source.resolve()), "Target": target, "ReadOnly": True}

    async def close(self) -> None:
        """Leave nothing, also of what was broken off while it was made, and hang up."""
        with contextlib.suppress(EngineFault):
            for container, runner in (await self._engine.labelled(LABEL)).items():
                if runner == self._place.name:
                    await self._engine.remove(container)
        await self._engine.close()
        await asyncio.to_thread(self._place.close)


def _room(file_mb: int) -> dict[str, Any]:
    options = f"rw,exec,nosuid,nodev,mode=1777,size={file_mb}m,nr_inodes={_MAX_FILES}"
    return {"Tmpfs": dict.fromkeys((TEMPORARY, WORK_INSIDE), options), "ShmSize": file_mb << 20}


class Container:
    """One that was made, and its one session; `Sandbox` and `Processes`."""

    control: socket.socket

    def __init__(self, engine: Engine, container: str) -> None:
        self._engine, self._id = engine, container
        self._ended: asyncio.Task[None] | None = None
        self._killing: asyncio.Task[None] | None = None
        self._removed = False

    async def begin(self, listener: socket.socket, seconds: float) -> None:
        """Start it and wait for its zygote. Raises SessionRefused, and then leaves nothing."""
        try:
            await self._engine.start(self._id)
            self._ended = asyncio.create_task(self._until_ended())
            self.control = await self._accepted(listener, seconds)
        except BaseException:
            await self.end()
            raise

    async def _until_ended(self) -> None:
        with contextlib.suppress(EngineFault):
            await self._engine.ended(self._id)

    async def _accepted(self, listener: socket.socket, seconds: float) -> socket.socket:
        assert self._ended is not None
        accepting = asyncio.create_task(_accept(listener))
        await asyncio.wait({accepting, self._ended}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if accepting.done():
            return accepting.result()
        accepting.cancel()
        words = (await self.last_words()).strip()
        raise SessionRefused(f"the container did not start: {words.splitlines()[-1] if words else 'it said nothing'}")

    # --- as a sandbox -------------------------------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        """Whether it runs, as far as the engine has said."""
        return self._ended is not None and not self._ended.done() and self._killing is None

    async def processes(self, pid: int) -> "Container":  # noqa: ARG002 - there is one session, whatever its number
        """Those of its session: all of it."""
        return self

    async def last_words(self) -> str:
        """End it; what its zygote has written besides messages."""
        await self.close()
        with contextlib.suppress(EngineFault):
            return await self._engine.said(self._id)
        return ""

    async def end(self) -> None:
        """End it and leave nothing of it."""
        if self._removed:
            return
        self._removed = True
        for task in (self._killing, self._ended):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        # What cannot be removed now is swept at the next start.
        with contextlib.suppress(EngineFault):
            await self._engine.remove(self._id)

    # --- as the processes of its session ------------------------------------------------------------------------------

    def kill(self) -> None:
        """End all of it."""
        if self._killing is None and not self._removed:
            self._killing = asyncio.create_task(self._kill())

    async def _kill(self) -> None:
        with contextlib.suppress(EngineFault):
            await self._engine.kill(self._id)

    async def limit(self, memory_mb: int, processes: int) -> None:
        """What it may use from now on. Raises SessionRefused."""
        await self._engine.limit(self._id, (memory_mb + _LOADED_MB) << 20, processes)

    async def over_limit(self, memory_mb: int, processes: int) -> bool:  # noqa: ARG002 - the kernel knows them
        """Wait until the kernel has ended one of its processes: the others may wait for that one for ever."""
        with contextlib.suppress(EngineFault):
            return await self._engine.out_of_memory(self._id)
        return False

    async def ran_out_of_memory(self) -> bool:
        """Whether one of its processes was ended for lack of memory; known of one that has ended."""
        if self.alive:
            return False
        await self.close()
        with contextlib.suppress(EngineFault):
            return await self._engine.ran_out_of_memory(self._id)
        return False

    async def memory_mb(self) -> float:
        """What it uses."""
        try:
            return await self._engine.memory(self._id) / (1 << 20)
        except (EngineFault, KeyError):
            return float(_LOADED_MB)

    async def close(self) -> None:
        """End it and wait until it does not run."""
        self.kill()
        if self._killing is not None:
            await asyncio.wait({self._killing}, timeout=_GONE_SECONDS)
        if self._ended is not None:
            await asyncio.wait({self._ended}, timeout=_GONE_SECONDS)


async def _accept(listener: socket.socket) -> socket.socket:
    connection, _ = await asyncio.get_running_loop().sock_accept(listener)
    return connection
