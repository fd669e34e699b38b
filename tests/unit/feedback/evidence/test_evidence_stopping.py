"""The line of a cell that was lost is said only where its source leaves no choice."""

import pytest

from feedback.evidence.stopping import stopping_line
from services.contracts.observation import Lost

ENDLESS = {
    "x = 1\nwhile True:\n    x += 1": 2,
    "while 1:\n    for n in range(3):\n        break": 1,
    "def f():\n    while True:\n        pass\nf()": 2,
    "while True:\n    try:\n        work()\n    except Exception:\n        continue": 1,
    "while True:\n    def g():\n        return 1\n    g()": 1,
    "%time\nwhile True: pass": 2,
    "while True:\n    while n:\n        n -= 1": 1,
}
NO_DOUBT_IS_LEFT = {
    "while True:\n    break": None,
    "while True:\n    if done:\n        raise StopIteration": None,
    "def f():\n    while True:\n        return 1": None,
    "def f():\n    while True:\n        yield 1": None,
    "while True:\n    for n in range(3):\n        pass\n    else:\n        break": None,
    "while n < 5: pass": None,
    "while True: pass\nwhile True: pass": None,
    "while 0: pass": None,
    "import time\ntime.sleep(60)": None,
    "while True pass": None,
    "x = " + "(" * 5_000 + ")" * 5_000: None,
    "": None,
}


@pytest.mark.parametrize(("source", "line"), (ENDLESS | NO_DOUBT_IS_LEFT).items())
@pytest.mark.parametrize("lost", ["time", "cpu"])
def test_the_one_loop_that_cannot_end(source: str, line: int | None, lost: Lost) -> None:
    assert stopping_line(source, lost) == line
    assert stopping_line(source, "memory") is None


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("import os\nos._exit(0)", 2),
        ("from os import _exit\nx = 1\n_exit(0)", 3),
        ("import os\nos.kill(os.getpid(), 9)", 2),
        ("import os\nos.execv('/usr/bin/sleep', ['sleep', '9'])", 2),
        ("import os\nif x:\n    os._exit(0)\nos.abort()", None),
        ("import ctypes\nctypes.string_at(0)", None),
        ("kill(9)\ntable.kill()", None),
    ],
)
def test_the_one_call_that_leaves_the_program(source: str, line: int | None) -> None:
    assert stopping_line(source, "ended") == line
    assert stopping_line(source, "time") is None
