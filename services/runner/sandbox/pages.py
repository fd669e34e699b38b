"""Keep the zygote's memory together in huge pages, so that forks of it are cheap to make and to end.

A fork copies an entry for every page that its parent has written: tens of thousands with a case's libraries loaded, and
each of them again when it ends. A huge page stands for 512 of them. What a fork writes is still copied in small pages.
"""

from collections.abc import Iterable, Iterator

from . import syscalls
from .mappings import Mapping, mappings

HUGE = 2 << 20
ROOM = 64
"""Megabytes; pandas, scikit-learn and what they load take 57."""
_BLOCK = 512
"""Bytes: the most for which Python uses its own memory, and not libc's."""
_BLOCKS_OF_ARENA = 63 * 31
"""Python takes a megabyte of 64 pools at a time, one of which may be lost to alignment (`Objects/obmalloc.c`)."""


def reserve() -> list[bytes]:
    """Take the memory for Python's objects in one piece, before libraries are loaded between its parts.

    What is returned holds it. When that is let go, what has not been used meanwhile is given back.
    """
    count = ROOM * 64 * 31
    # Its own length first: growing, it would lie between the parts.
    blocks: list[bytes | None] = [None] * count
    for number in range(count):
        blocks[number] = bytes(_BLOCK - b"".__sizeof__())
    return [block for block in blocks[::_BLOCKS_OF_ARENA] if block is not None]


def gather() -> int:
    """Put this process's own memory into huge pages where it fills them; how many. None where the kernel has none."""
    done = 0
    for place in list(_whole(mappings())):
        try:
            syscalls.collapse(place, HUGE)
        except OSError:
            continue
        done += 1
    return done


def _whole(found: Iterable[Mapping]) -> Iterator[int]:
    """Addresses of the huge pages that lie within memory which is private, writable, and no file's."""
    for one in found:
        if one.rights == "rw-p" and one.file[1] == "0" and one.name in ("", "[heap]"):
            yield from range(-(-one.start // HUGE) * HUGE, one.end - HUGE + 1, HUGE)
