"""Keep the zygote's memory together in huge pages, so that forks of it are cheap to make and to end.

A fork copies an entry for every page that its parent has written: tens of thousands with a case's libraries loaded, and
each of them again when it ends. A huge page stands for 512 of them. What a fork writes is still copied in small pages.
"""

from collections.abc import Iterator
from pathlib import Path

from . import syscalls

HUGE = 2 << 20


def gather() -> int:
    """Put this process's own memory into huge pages where it fills them; how many. None where the kernel has none."""
    done = 0
    for place in list(_whole(Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace"))):
        try:
            syscalls.collapse(place, HUGE)
        except OSError:
            continue
        done += 1
    return done


def _whole(maps: str) -> Iterator[int]:
    """Addresses of the huge pages that lie within memory which is private, writable, and no file's."""
    for line in maps.splitlines():
        fields = line.split(None, 5)
        if not fields[1].startswith("rw") or not fields[1].endswith("p") or fields[4] != "0":
            continue
        if len(fields) == 6 and fields[5] != "[heap]":
            continue
        start, end = (int(address, 16) for address in fields[0].split("-"))
        yield from range(-(-start // HUGE) * HUGE, end - HUGE + 1, HUGE)
