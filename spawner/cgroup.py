"""Limits by control group where this account may make one (version 2 or 1); elsewhere resource limits alone hold."""

import contextlib
import logging
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")
_PERIOD_US = 100_000
_EMPTYING_SECONDS = 1.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ceiling:
    """What one environment may use."""

    memory_mb: int
    cpus: float
    processes: int


def group_name(box: Path) -> str:
    """Name of an environment's group; boxes of two systems on one machine differ."""
    return f"caseloop-env-{box.name}"


def make_group(name: str, ceiling: Ceiling) -> list[Path]:
    """Make the group's folders and set the limits; a process joins by writing its id into each `cgroup.procs`.

    Returns no folder at all where control groups are not ours to make.
    """
    made = []
    for parent, values in _places(ceiling):
        folder = parent / name
        try:
            folder.mkdir(exist_ok=True)
            for key, value in values.items():
                _set(folder / key, value)
        except OSError as error:
            _log.debug("no control group in %s: %s", parent, error)
            with contextlib.suppress(OSError):
                folder.rmdir()
            continue
        made.append(folder)
    return made


def remove_group(name: str) -> None:
    """Remove the group's folders, whose processes have ended. Nothing happens where there is none."""
    end = time.monotonic() + _EMPTYING_SECONDS
    for parent, _ in _places(Ceiling(1, 1, 1)):
        while (parent / name).exists():
            try:
                (parent / name).rmdir()
            except OSError:  # its last processes are on their way out
                if time.monotonic() > end:
                    break
                time.sleep(0.02)


def _places(ceiling: Ceiling) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """Parent folders in which a group can be made, each with the limits to set there."""
    memory, swap = str(ceiling.memory_mb << 20), "memory.memsw.limit_in_bytes"
    quota = int(ceiling.cpus * _PERIOD_US)
    if (_ROOT / "cgroup.controllers").exists():
        if (parent := _delegated()) is not None:
            cpu = {"cpu.max": f"{quota} {_PERIOD_US}"} if "cpu" in _shared(parent) else {}
            limits = {"memory.max": memory, "memory.swap.max": "0", "pids.max": str(ceiling.processes)}
            yield parent, limits | cpu
        return
    version_1 = {
        "memory": {"memory.limit_in_bytes": memory, swap: memory},
        "pids": {"pids.max": str(ceiling.processes)},
        "cpu": {"cpu.cfs_period_us": str(_PERIOD_US), "cpu.cfs_quota_us": str(quota)},
    }
    for controller, limits in version_1.items():
        parent = _ROOT / controller / _own(controller)
        if os.access(parent, os.W_OK):
            yield parent, limits


def _set(file: Path, value: str) -> None:
    # Swap is not accounted for on every machine; where it is, it would be a way around the limit on memory.
    if "swap" in file.name or "memsw" in file.name:
        with contextlib.suppress(OSError):
            file.write_text(value)
    else:
        file.write_text(value)


def _delegated() -> Path | None:
    """The nearest version 2 group above this process that shares out memory and pids and lets us make a group.

    A group with processes in it, like this process's own, cannot share out anything.
    """
    own = Path(_own(""))
    for group in (own, *own.parents):
        folder = _ROOT / group
        if {"memory", "pids"} <= _shared(folder) and os.access(folder / "cgroup.procs", os.W_OK):
            return folder
    return None


def _shared(folder: Path) -> set[str]:
    with contextlib.suppress(OSError):
        return set((folder / "cgroup.subtree_control").read_text().split())
    return set()


def _own(controller: str) -> str:
    """This process's own group for a version 1 controller, or for version 2 (empty name); relative to its root."""
    for line in _MEMBERSHIP.read_text().splitlines():
        number, names, path = line.split(":", 2)
        if (controller and controller in names.split(",")) or (not controller and number == "0"):
            return path.strip("/")
    return ""
