"""A process's memory is put into huge pages, as far as the kernel can, and stays what it was."""

import subprocess
import sys
from pathlib import Path

from services.runner.sandbox.mappings import parsed
from services.runner.sandbox.pages import HUGE, ROOM, _whole

PROJECT = Path(__file__).parents[3]
_MAPS = """\
00400000-00401000 r-xp 00000000 08:01 17 /usr/bin/python
00600000-00e00000 rw-p 00000000 00:00 0 [heap]
01100000-01700000 rw-p 00000000 00:00 0
02000000-02400000 rw-p 00000000 08:01 18 /usr/lib/lib.so
03000000-03400000 rw-s 00000000 00:01 19 /memfd:x (deleted)
04000000-04400000 r--p 00000000 00:00 0
05000000-053fffff rw-p 00000000 00:00 0 [stack]
06000000-061ff000 rw-p 00000000 00:00 0
"""
_GATHERING = """
import re
from pathlib import Path
from services.runner.sandbox.pages import gather
held = [bytes([n % 256]) * 500 for n in range(20_000)] + [bytearray(b"x") * (8 << 20)]
before = [hash(bytes(one)) for one in held]
huge = gather()
assert before == [hash(bytes(one)) for one in held]
there = re.search(r"AnonHugePages: +(\\d+) kB", Path("/proc/self/smaps_rollup").read_text())
print(huge, int(there[1]))
"""


def test_only_whole_huge_pages_of_private_memory_are_taken() -> None:
    assert [address // HUGE for address in _whole(parsed(_MAPS))] == [3, 4, 5, 6, 9, 10]


def test_what_is_in_memory_stays_and_lies_in_huge_pages() -> None:
    run = subprocess.run([sys.executable, "-c", _GATHERING], cwd=PROJECT, capture_output=True, text=True, check=True)
    taken, kilobytes = map(int, run.stdout.split())
    # None where the kernel has none.
    assert kilobytes >= taken * (HUGE >> 10)


_RESERVING = """
import sys
from pathlib import Path
from services.runner.sandbox import mappings, pages

def largest():
    return max(one.end - one.start for one in mappings.mappings() if one.name == "" and one.rights == "rw-p") >> 20

before = largest()
held = pages.reserve()
reserved = largest()
kept = [object() for _ in range(100_000)]
within = largest()
held.clear()
print(before, reserved, within, largest())
"""


def test_room_for_objects_lies_in_one_piece_and_what_is_not_used_is_given_back() -> None:
    run = subprocess.run([sys.executable, "-c", _RESERVING], cwd=PROJECT, capture_output=True, text=True, check=True)
    before, reserved, within, left = map(int, run.stdout.split())
    assert before < ROOM // 2
    assert reserved >= ROOM
    assert within == reserved
    assert left < ROOM // 2
