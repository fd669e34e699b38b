"""Many programs in one process: what the sieve says of each is about that program, or it says nothing at all."""

import gc
import random
import signal
import sys
from collections.abc import Iterator, Sequence
from types import CodeType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.repair.sieve import FAILED, HELD, sifted

MODEL = "def double(x):\n    return x * 2\n"
CHECKS = "assert double(2) == 4\nassert double(-1) == -2\nassert double('a') == 'aa'"
RIGHT = {
    "the model": MODEL,
    "another way": "def double(y):\n    return y + y\n",
    "prints": "print('much')\n" + MODEL,
    "finds what ran before": "def double(x):\n    return x * (limit - 8)\n",
}
WRONG = {
    "another result": "def double(x):\n    return x * 3\n",
    "stops": "def double(x):\n    return x / 0\n",
    "never ends": "def double(x):\n    while True:\n        pass\n",
    "swallows what ends it": (
        "def double(x):\n    n = 0\n    while n < 10 ** 9:\n        try:\n            n += 1\n"
        "        except BaseException:\n            n += 1\n"
    ),
    "recurses without end": "def double(x):\n    return double(x)\n",
    "is no Python": "def double(x:\n    return x\n",
    "leaves": "raise SystemExit\n" + MODEL,
    "asks for an import of the sieve's": "def double(x):\n    return (time, signal) and x * 2\n",
    "has none of it": "",
    "relies on another's name": "def double(y):\n    return helper(y)\n",
}
HELPS = "def helper(x):\n    return x * 2\n" + MODEL


@pytest.fixture(scope="module", autouse=True)
def nothing_collected() -> Iterator[None]:
    """As in the sandbox: a collection in the midst of a program would be taken for time of its own."""
    gc.disable()
    yield
    gc.enable()


def told(programs: Sequence[str], checks: str = CHECKS, before: dict[str, Any] | None = None) -> str:
    names = {"__builtins__": __builtins__, "limit": 10} if before is None else before
    return sifted(names, code(checks), code(MODEL), list(map(compiled, programs)), (0.02, 30))


def code(source: str) -> CodeType:
    return compile(source, "<program>", "exec")


def compiled(source: str) -> CodeType | None:
    """As the sandbox gives it to the sieve."""
    try:
        return code(source)
    except SyntaxError:
        return None


@pytest.mark.parametrize("what", RIGHT)
def test_what_holds_comes_through(what: str) -> None:
    assert told([RIGHT[what]]) == HELD


@pytest.mark.parametrize("what", WRONG)
def test_what_does_not_hold_stays_and_so_does_nothing_behind_it(what: str) -> None:
    assert told([HELPS, WRONG[what], MODEL]) == HELD + FAILED + HELD


ALL = [*RIGHT.values(), *(program for what, program in WRONG.items() if "end" not in what)]


@given(st.lists(st.sampled_from(ALL), max_size=8))
@settings(deadline=None, max_examples=25)
def test_what_is_said_of_a_program_does_not_depend_on_the_others(programs: list[str]) -> None:
    assert told(programs) == "".join(told([program]) for program in programs)


def test_nothing_is_told_where_the_checks_do_not_hold_for_the_model() -> None:
    assert told([MODEL], "assert double(2) == 5") == ""


def test_nothing_is_told_when_a_program_has_spoiled_the_others() -> None:
    before: dict[str, Any] = {"__builtins__": __builtins__, "shared": [2]}
    spoils = "shared.clear()\n" + MODEL
    checks = "assert double(2) == 4\nassert shared == [2]"
    assert told([MODEL, spoils], checks, before) == ""


def test_each_program_has_the_same_chance_and_depth() -> None:
    drawing = "import random\ndrawn = random.random()\n" + MODEL
    wanted = random.Random()
    wanted.setstate(random.getstate())
    checks = f"assert drawn == {wanted.random()!r}"
    # The model draws nothing, so it is told nothing of it; the checks ask only those that did.
    asked = f"if 'drawn' in globals():\n    {checks}\n"
    deep = sys.getrecursionlimit()
    assert told([drawing, f"import sys\nsys.setrecursionlimit({deep + 500})\n" + drawing, drawing], asked) == HELD * 3
    assert sys.getrecursionlimit() == deep


def test_what_there_is_no_time_for_is_left_out() -> None:
    names: dict[str, Any] = {"__builtins__": __builtins__}
    assert sifted(names, code(CHECKS), code(MODEL), [code(MODEL)] * 3, (0.02, -1.0)) == ""


def test_what_is_left_of_a_time_for_all_is_not_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling many programs takes some of it; then the others are left out, and what is known is said."""
    names: dict[str, Any] = {"__builtins__": __builtins__}
    for left, said in ((60.0, HELD), (0.05, "")):
        monkeypatch.setattr(signal, "getitimer", lambda _, left=left: (left, 0.0))
        assert sifted(names, code(CHECKS), code(MODEL), [code(MODEL)], (0.02, 30)) == said


def test_the_sieve_leaves_nothing_in_the_names_that_programs_find() -> None:
    before: dict[str, Any] = {"__builtins__": __builtins__}
    assert told([MODEL, "new = 1\n" + MODEL], CHECKS, before) == HELD * 2
    assert set(before) == {"__builtins__"}
