"""Memory of a session's whole tree where no control group can be made: RLIMIT_AS holds for each process only."""

import asyncio
from pathlib import Path

_EVERY = 0.2


class OverLimit(Exception):
    """The session's processes use more than they may."""


async def watch(pid: int, memory_mb: int, processes: int) -> None:
    """Look at the tree below this process until it is over a limit (raises OverLimit) or gone."""
    while True:
        await asyncio.sleep(_EVERY)
        kilobytes, count = await asyncio.to_thread(usage, pid)
        if not count:
            return
        if kilobytes > memory_mb * 1024 or count > processes:
            raise OverLimit


def usage(pid: int) -> tuple[int, int]:
    """Proportional memory in kB, and number of processes; plain RSS would count the zygote's pages in every fork."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        own = sum(int(line.split()[1]) for line in lines if line.startswith(("Pss_Anon:", "Pss_Shmem:")))
        children = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except (OSError, ValueError):
        return 0, 0
    below = [usage(child) for child in children]
    return own + sum(kilobytes for kilobytes, _ in below), 1 + sum(count for _, count in below)
