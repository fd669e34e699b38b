"""Processes by the one they come from: which there are, what memory they hold, what processor time they took."""

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")


def family(*roots: int) -> set[int]:
    """These processes and all below them."""
    parents = _parents()
    found = set(roots)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def children(pid: int) -> list[int]:
    """The processes that this one has started, in the order of their ids."""
    return sorted(child for child, parent in _parents().items() if parent == pid)


def command(pid: int) -> str:
    """Its command line; empty when it is gone."""
    with contextlib.suppress(OSError):
        return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return ""


def alive(pid: int) -> bool:
    """Whether it is there and no zombie."""
    return _stat(pid)[:1] not in ([], ["Z"], ["X"])


def memory_mb(pids: Iterable[int]) -> float:
    """Proportional set size: pages that several of them share count once."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            rollup = (_PROC / str(pid) / "smaps_rollup").read_text()
            total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total / 1024


def processor_seconds(*roots: int) -> float:
    """What these processes, all below them, and those that have ended among these took since they began."""
    ticks = 0
    for pid in family(*roots):
        if fields := _stat(pid):
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / _TICKS


def _parents() -> Mapping[int, int]:
    pids = [int(folder.name) for folder in _PROC.iterdir() if folder.name.isdigit()]
    return {pid: int(fields[1]) for pid in pids if (fields := _stat(pid))}


def _stat(pid: int) -> list[str]:
    """The fields from the state on, which is the third of them; empty when it is gone."""
    with contextlib.suppress(OSError):
        # The name, in parentheses, may hold anything.
        return (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    return []
