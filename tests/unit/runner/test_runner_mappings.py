"""What libraries have in memory lies in fewer mappings, and stays what it was."""

import subprocess
import sys
from pathlib import Path

from services.runner.sandbox.mappings import _closed, _fixed, parsed

PROJECT = Path(__file__).parents[3]
_MAPS = """\
10000000-10001000 r--p 00000000 08:01 17 /usr/lib/a lib.so
10001000-10005000 r-xp 00001000 08:01 17 /usr/lib/a lib.so
10005000-10007000 r--p 00005000 08:01 17 /usr/lib/a lib.so
10007000-10008000 r--p 00006000 08:01 17 /usr/lib/a lib.so
10008000-10009000 rw-p 00007000 08:01 17 /usr/lib/a lib.so
10009000-1000a000 rw-p 00000000 00:00 0
20000000-20001000 r--p 00000000 08:01 18 /usr/lib/constants.so
20001000-20002000 r--p 00001000 08:01 18 /usr/lib/constants.so
30000000-30001000 r-xp 00000000 08:01 19 /usr/lib/apart.so
30001000-30002000 r--p 00000000 08:01 20 /usr/lib/other.so
30002000-30003000 rw-p 00001000 08:02 20 /usr/lib/other.so
40000000-40001000 r--p 00000000 00:00 0
40001000-40002000 rw-p 00001000 00:00 0
50000000-50001000 r-xp 00000000 08:01 21 /usr/lib/shared.so
50001000-50002000 r--s 00001000 08:01 21 /usr/lib/shared.so
"""
_JOINING = """
import ctypes, decimal, json, sqlite3, ssl, unicodedata, zlib
from services.runner.sandbox import mappings
before = mappings.mappings()
mappings.join()
after = mappings.mappings()
assert sum(one.end - one.start for one in after) >= sum(one.end - one.start for one in before)
assert not any(one.rights.startswith("rwx") for one in after)
assert decimal.Decimal("0.1") + decimal.Decimal("0.2") == decimal.Decimal("0.3")
assert zlib.decompress(zlib.compress(b"x" * 99)) == b"x" * 99
assert sqlite3.connect(":memory:").execute("select 6 * 7").fetchone() == (42,)
libraries = [one for one in before if ".so" in one.name]
print(len(libraries), len([one for one in after if ".so" in one.name]))
"""


def test_code_takes_in_what_lies_in_a_row_with_it_in_one_file() -> None:
    rows = _fixed(list(parsed(_MAPS)))
    assert [[hex(one.start) for one in row] for row in rows] == [["0x10000000", "0x10001000", "0x10005000"]]


def test_what_was_closed_is_opened_where_variables_of_the_same_file_follow() -> None:
    assert [(hex(one.start), one.name) for one in _closed(list(parsed(_MAPS)))] == [("0x10007000", "/usr/lib/a lib.so")]


def test_fewer_are_left_and_what_is_loaded_works() -> None:
    run = subprocess.run([sys.executable, "-c", _JOINING], cwd=PROJECT, capture_output=True, text=True, check=True)
    before, after = map(int, run.stdout.split())
    assert after < 0.7 * before
