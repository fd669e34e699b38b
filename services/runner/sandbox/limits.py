"""Resource limits of a learner's process, inherited by everything it starts."""

import math
import os
import resource
from pathlib import Path
from typing import Any

TRUSTED_PROCESSES = 5
"""The warden, two forks that answer questions, and two before them that are still ending count, too."""


def apply(limits: dict[str, Any], snapshots: int) -> None:
    """Set the limits for good. Memory is what may come on top of the loaded libraries.

    `snapshots`: how many processes may wait as such.
    """
    megabyte = 1 << 20
    memory = _address_space() + int(limits["memory_mb"]) * megabyte
    cpu = math.ceil(_cpu_seconds() + limits["cpu_seconds"])
    processes = int(limits["processes"]) + TRUSTED_PROCESSES + snapshots
    for kind, soft, hard in (
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_NOFILE, int(limits["open_files"]), int(limits["open_files"])),
        (resource.RLIMIT_FSIZE, int(limits["file_mb"]) * megabyte, int(limits["file_mb"]) * megabyte),
        (resource.RLIMIT_AS, memory, memory),
        (resource.RLIMIT_NPROC, processes, processes),
        (resource.RLIMIT_CPU, cpu, cpu + 1),
    ):
        # The machine may allow less than the case.
        most = resource.getrlimit(kind)[1]
        allowed = [value if most == resource.RLIM_INFINITY else min(value, most) for value in (soft, hard)]
        resource.setrlimit(kind, (allowed[0], allowed[1]))


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGESIZE")


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
