"""Finding and ending sandboxes by the box that each was started for: process ids alone are reused, and get lost."""

import contextlib
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

JOIN = 'n=$1; shift; while [ "$n" -gt 0 ]; do echo $$ > "$1" || exit 97; shift; n=$((n-1)); done; "$@"; exit $?'
"""Joins the control groups before anything of the sandbox runs (a preexec function could deadlock in the Hub), and
stays: the sandbox dies with this shell (--die-with-parent), and the shell outlives a restart of the Hub."""
_SHELL = ["/bin/sh", "-c", JOIN]
_PROC = Path("/proc")


def boxes(run_dir: Path) -> Path:
    """Folder that holds the boxes of all environments."""
    return run_dir / "e"


def leading(box: Path, groups: Sequence[Path], command: Sequence[str]) -> list[str]:
    """The command line of the shell that leads a sandbox; it names the box, so that it can be found again."""
    joins = [str(folder / "cgroup.procs") for folder in groups]
    return [*_SHELL, str(box), str(len(joins)), *joins, *command]


def is_sandbox(pid: int, box: Path) -> bool:
    """Whether the process leads the living sandbox of that box."""
    return _box(pid) == box


def sandboxes(below: Path) -> dict[int, Path]:
    """Process id -> box of every living sandbox whose box is `below` or lies in it."""
    boxes = {pid: _box(pid) for pid in _processes()}
    return {pid: box for pid, box in boxes.items() if box is not None and box.is_relative_to(below)}


def end_sandboxes(pids: Sequence[int], seconds: float = 5.0) -> bool:
    """Kill these sandboxes with all that runs in them; True when all is gone. Blocks for a moment."""
    doomed = {member: started for pid in pids for member, started in _family(pid).items()}
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    end = time.monotonic() + seconds
    while still := {pid for pid, started in doomed.items() if _started(pid) == started}:
        if time.monotonic() > end:
            return False
        time.sleep(0.01 if len(still) < len(doomed) else 0.02)
    return True


def _box(pid: int) -> Path | None:
    with contextlib.suppress(OSError):
        words = (_PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
        # What runs inside a sandbox can call itself anything, but is in a process namespace of its own.
        if words[:3] == _SHELL and len(words) > 3 and _outside(pid):
            return Path(words[3])
    return None


def _outside(pid: int) -> bool:
    for line in (_PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith("NSpid:"):
            return len(line.split()) == 2
    return True


def _family(pid: int) -> Mapping[int, str]:
    """The shell, bubblewrap and the first process inside, with their start times.

    The first process inside is gone only when all others there are: the kernel ends its namespace with it.
    """
    children: dict[int, list[int]] = {}
    for one in _processes():
        if parent := _parent(one):
            children.setdefault(parent, []).append(one)
    found: dict[int, str] = {}
    generation = [pid]
    for _ in range(3):
        found |= {one: started for one in generation if (started := _started(one))}
        generation = [child for one in generation for child in children.get(one, ())]
    return found


def _processes() -> list[int]:
    return [int(folder.name) for folder in _PROC.iterdir() if folder.name.isdigit()]


def _stat(pid: int) -> list[str]:
    with contextlib.suppress(OSError):
        # The name, in parentheses, may hold anything.
        return (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    return []


def _parent(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[1]) if fields else 0


def _started(pid: int) -> str:
    """When it started, in the kernel's ticks; empty for one that is gone or a zombie."""
    fields = _stat(pid)
    return fields[19] if fields and fields[0] not in "ZX" else ""
