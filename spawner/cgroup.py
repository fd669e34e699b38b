"""Limits by control group where this account may make one (version 2 or 1); elsewhere resource limits alone hold."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_PERIOD_US = 100_000


@dataclass(frozen=True)
class Ceiling:
    """What one environment may use."""

    memory_mb: int
    cpus: float
    processes: int


def make_group(name: str, ceiling: Ceiling) -> list[Path]:
    """Make the group's folders and set the limits; a process joins by writing its id into each `cgroup.procs`.

    Returns no folder at all where control groups are not ours to make.
    """
    try:
        return _version_2(name, ceiling) if (_ROOT / "cgroup.controllers").exists() else _version_1(name, ceiling)
    except OSError:
        return []


def remove_group(name: str) -> None:
    """Remove the group's folders; processes must have ended. Nothing happens where there is none."""
    folders = (
        [_own("") / name]
        if (_ROOT / "cgroup.controllers").exists()
        else [_ROOT / controller / _own(controller).relative_to("/") / name for controller in ("memory", "pids", "cpu")]
    )
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def _version_2(name: str, ceiling: Ceiling) -> list[Path]:
    parent = _ROOT / _own("").relative_to("/")
    available = (parent / "cgroup.subtree_control").read_text().split()
    if not {"memory", "pids"} <= set(available):
        return []
    folder = parent / name
    folder.mkdir(exist_ok=True)
    (folder / "memory.max").write_text(str(ceiling.memory_mb << 20))
    (folder / "pids.max").write_text(str(ceiling.processes))
    if "cpu" in available:
        (folder / "cpu.max").write_text(f"{int(ceiling.cpus * _PERIOD_US)} {_PERIOD_US}")
    return [folder]


def _version_1(name: str, ceiling: Ceiling) -> list[Path]:
    settings = {
        "memory": {"memory.limit_in_bytes": ceiling.memory_mb << 20},
        "pids": {"pids.max": ceiling.processes},
        "cpu": {"cpu.cfs_period_us": _PERIOD_US, "cpu.cfs_quota_us": int(ceiling.cpus * _PERIOD_US)},
    }
    folders = []
    for controller, values in settings.items():
        parent = _ROOT / controller / _own(controller).relative_to("/")
        if not os.access(parent, os.W_OK):
            continue
        folder = parent / name
        folder.mkdir(exist_ok=True)
        for key, value in values.items():
            (folder / key).write_text(str(value))
        folders.append(folder)
    return folders


def _own(controller: str) -> Path:
    """This process's own group for a version 1 controller, or for version 2 (empty name)."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        number, names, path = line.split(":", 2)
        if (controller and controller in names.split(",")) or (not controller and number == "0"):
            return Path(path)
    return Path("/")
