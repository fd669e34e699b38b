"""A control group for each session where this process may make one (v2 or v1); rlimits hold in any case."""

import asyncio
import contextlib
import os
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_MEGABYTE = 1 << 20
_LOOK_SECONDS = 0.2


class Cgroups:
    """Where groups can be made: the folders of the memory and of the pids controller (the same one in v2)."""

    def __init__(self, memory: Path, pids: Path) -> None:
        self._memory, self._pids = memory, pids

    async def group(self, pid: int) -> "Group":
        """A group of its own for the session with this first process. Raises OSError."""
        name = f"caseloop-{os.getpid()}-{pid}"
        # The kernel moves a process only when no other has been at certain places for a while: ten milliseconds.
        making = asyncio.create_task(asyncio.to_thread(Group, self._memory / name, self._pids / name, pid))
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            with contextlib.suppress(OSError):
                await (await making).close()
            raise


class Group:
    """One session's group."""

    def __init__(self, memory: Path, pids: Path, pid: int) -> None:
        self._memory, self._folders = memory, tuple(dict.fromkeys((memory, pids)))
        self._unified = memory == pids
        self._limits: tuple[int, int] | None = None
        try:
            for folder in self._folders:
                folder.mkdir(exist_ok=True)
                (folder / "cgroup.procs").write_text(str(pid))
        except OSError:
            self._remove()
            raise

    def limit(self, memory_mb: int, processes: int) -> None:
        """Set the session's limits. Raises OSError."""
        if self._limits == (memory_mb, processes):
            return
        size = str(memory_mb * _MEGABYTE)
        if self._unified:
            (self._memory / "memory.max").write_text(size)
            self._try("memory.swap.max", "0")
        else:
            (self._memory / "memory.limit_in_bytes").write_text(size)
            self._try("memory.memsw.limit_in_bytes", size)
        (self._folders[-1] / "pids.max").write_text(str(processes))
        self._limits = memory_mb, processes

    def _try(self, name: str, value: str) -> None:
        # Swap may not be accounted for on this machine.
        with contextlib.suppress(OSError):
            (self._memory / name).write_text(value)

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel killed something in it for lack of memory."""
        name = "memory.events" if self._unified else "memory.oom_control"
        try:
            counts = dict(line.split() for line in (self._memory / name).read_text().splitlines())
        except (OSError, ValueError):
            return False
        return int(counts.get("oom_kill", 0)) > 0

    async def out_of_memory(self) -> None:
        """Return when it has run out of memory; the caller cancels this when it no longer matters."""
        while not self.ran_out_of_memory():  # noqa: ASYNC110 - the kernel's counter tells nobody of a change
            await asyncio.sleep(_LOOK_SECONDS)

    async def close(self) -> None:
        """Remove the group; its processes are on their way out."""
        for _ in range(100):
            if self._remove():
                return
            await asyncio.sleep(0.02)

    def _remove(self) -> bool:
        for folder in self._folders:
            with contextlib.suppress(OSError):
                folder.rmdir()
        return not any(folder.exists() for folder in self._folders)


def detect() -> Cgroups | None:
    """Where this process may make groups, or None."""
    found = _unified() if (_ROOT / "cgroup.controllers").exists() else _legacy()
    if found is None:
        return None
    _remove_stale(found)
    return Cgroups(*found)


def _own(controller: str) -> str:
    """This process' own group in a v1 hierarchy, or in v2 (empty name)."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        number, names, path = line.split(":", 2)
        if controller in names.split(",") if controller else number == "0":
            return path.strip("/")
    return ""


def _unified() -> tuple[Path, Path] | None:
    """In v2 a group with processes cannot share out its controllers: a delegated, empty parent is needed."""
    base = _ROOT / _own("")
    try:
        shared = set((base / "cgroup.subtree_control").read_text().split())
    except OSError:
        return None
    return (base, base) if {"memory", "pids"} <= shared and _writable(base) else None


def _legacy() -> tuple[Path, Path] | None:
    memory, pids = _ROOT / "memory" / _own("memory"), _ROOT / "pids" / _own("pids")
    return (memory, pids) if _writable(memory) and _writable(pids) else None


def _writable(folder: Path) -> bool:
    probe = folder / f"caseloop-{os.getpid()}-probe"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError:
        return False
    return True


def _remove_stale(folders: tuple[Path, Path]) -> None:
    """Groups of a runner that was killed; those of one that lives are its own business."""
    for folder in set(folders):
        for group in folder.glob("caseloop-*-*"):
            if not Path("/proc", group.name.split("-")[1]).exists():
                with contextlib.suppress(OSError):
                    group.rmdir()
