"""Keep the zygote's memory together in huge pages, so that forks of it are cheap to make and to end.

A fork copies an entry for every page that its parent has written: tens of thousands with a case's libraries loaded, and
each of them again when it ends. A huge page stands for 512 of them. What a fork writes is still copied in small pages.
"""

from collections.abc import Iterable, Iterator

from . import syscalls
from .mappings import Mapping, mappings

HUGE = 2 << 20


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
