"""Hold what is loaded in few mappings: a fork makes each of them anew, and its end takes each down again.

A library comes in five: its head, its code and its constants, which lie in a row in the file but have rights of their
own; what the loader has filled in and then closed; and its variables. Libraries of a case make 1,400 of them. The
kernel joins neighbours whose rights are the same, which leaves half of them. Nobody can do anything for that who could
not before: whoever runs code in a process can change the rights of its memory.
"""

import contextlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from . import syscalls

_READ, _WRITE, _EXECUTE = 1, 2, 4
_FIXED, _CODE, _VARIABLES = "r--p", "r-xp", "rw-p"


class Mapping(NamedTuple):
    """A line of `/proc/self/maps`."""

    start: int
    end: int
    """The first address behind it."""
    rights: str
    offset: int
    file: tuple[str, str]
    """Device and inode; the inode is `0` for memory of no file."""
    name: str

    def goes_on_in(self, other: "Mapping") -> bool:
        """Whether the other one is the next part of the same file, right behind it."""
        in_file = self.file[1] != "0" and self.file == other.file
        return in_file and self.end == other.start and self.offset + self.end - self.start == other.offset


def mappings() -> list[Mapping]:
    """Those of this process, by address."""
    return list(parsed(Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")))


def parsed(maps: str) -> Iterator[Mapping]:
    """What the lines say."""
    for line in maps.splitlines():
        addresses, rights, offset, device, inode, *name = line.split(None, 5)
        start, end = (int(address, 16) for address in addresses.split("-"))
        yield Mapping(start, end, rights, int(offset, 16), (device, inode), *name or [""])


def join() -> None:
    """Give neighbours of one library the same rights, as far as the kernel allows it."""
    for closed in _closed(mappings()):
        _protect([closed], _READ | _WRITE)
    for fixed in _fixed(mappings()):
        _protect(fixed, _READ | _EXECUTE)


def _closed(found: Sequence[Mapping]) -> list[Mapping]:
    """What can only be read and lies before the variables."""
    return [
        one
        for one, other in pairwise(found)
        if (one.rights, other.rights) == (_FIXED, _VARIABLES) and one.goes_on_in(other)
    ]


def _fixed(found: Sequence[Mapping]) -> list[list[Mapping]]:
    """Code with what lies before and behind it and never changes."""
    rows: list[list[Mapping]] = []
    for one in found:
        if one.rights not in (_FIXED, _CODE):
            continue
        if rows and rows[-1][-1].goes_on_in(one):
            rows[-1].append(one)
        else:
            rows.append([one])
    return [row for row in rows if len(row) > 1 and any(one.rights == _CODE for one in row)]


def _protect(row: Sequence[Mapping], rights: int) -> None:
    # A kernel may refuse it, and nothing is lost but time.
    with contextlib.suppress(OSError):
        syscalls.protect(row[0].start, row[-1].end - row[0].start, rights)
