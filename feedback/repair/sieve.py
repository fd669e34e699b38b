"""Tries many programs one after the other in one process. Stands alone: its source goes into the sandbox.

A process for each program costs ten times what most programs take. Here they share one, and with it all that a program
can change outside of its own names; so what comes out is a sieve, and whatever is to count is tried apart after it.
They share what they can look at, too: so all of them come compiled, the text of none is in the process, and what one
has made is gone before the next begins.
"""

import contextlib
import io
import random
import resource
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from types import CodeType
from typing import Any

HELD, FAILED = "1", "0"
_TIMES = 30
"""A program may take so many times what the model takes."""
_LEAST = 0.002
"""CPU seconds that each may take at least: the timer that ends it is no finer."""


_TABLES = {"DataFrame": "pandas", "Series": "pandas", "ndarray": "numpy"}
_SPARE = 0.1
"""Wall seconds that are left in the end, where an alarm is set for all."""


class _Late(BaseException):
    """A program's time is over."""


def sifted(
    before: dict[str, Any],
    checks: CodeType,
    model: CodeType,
    programs: Sequence[CodeType | None],
    limits: tuple[float, float],
) -> str:
    """HELD or FAILED for each program in turn; shorter where the time is over, empty where it cannot be told.

    Args:
        before: the names that programs find.
        checks: what is asked of each.
        model: a program for which the checks hold; where they do not, first and last of all, nothing can be told.
        programs: None stands for one that is no Python.
        limits: CPU seconds of one program, at most; wall seconds of all.
    """
    cpu, wall = limits
    # Compiling them all has taken some of it.
    alarm = signal.getitimer(signal.ITIMER_REAL)[0]
    end = time.monotonic() + (min(wall, alarm - _SPARE) if alarm else wall)
    states = _states()
    began = _cpu()
    if not _holds(before, model, checks, cpu, states):
        return ""
    cpu = min(cpu, max(_LEAST, _TIMES * (_cpu() - began)))
    found = ""
    for program in programs:
        if time.monotonic() > end:
            break
        held = program is not None and _holds(before, program, checks, cpu, states)
        found += HELD if held else FAILED
    return found if _holds(before, model, checks, limits[0], states) else ""


def _holds(before: dict[str, Any], program: CodeType, checks: CodeType, cpu: float, states: list[Any]) -> bool:
    names, deep = {name: _own(value) for name, value in before.items()}, sys.getrecursionlimit()
    for put, state in states:
        put(state)
    try:
        with _quiet(), _limited(cpu):
            exec(program, names)  # noqa: S102 - in the sandbox
            exec(checks, names)  # noqa: S102 - in the sandbox
    except BaseException:
        return False
    finally:
        # Functions hold the names they stand among, and those hold them: nothing of it is to outlive the program.
        names.clear()
        sys.setrecursionlimit(deep)
    return True


def _own(value: Any) -> Any:
    """A table or an array of an earlier cell as the program's own: what it writes into it is no other's concern."""
    kind = type(value)
    if kind.__name__ in _TABLES and kind is getattr(sys.modules.get(_TABLES[kind.__name__]), kind.__name__, None):
        return value.copy()
    return value


def _states() -> list[Any]:
    """What every program's chance begins with."""
    found: list[Any] = [(random.setstate, random.getstate())]
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        found.append((numpy.random.set_state, numpy.random.get_state()))
    return found


def _cpu() -> float:
    """CPU seconds of this process. Where they are limited, `time.process_time()` moves only once a tick."""
    return sum(resource.getrusage(resource.RUSAGE_SELF)[:2])


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


@contextlib.contextmanager
def _limited(cpu: float) -> Iterator[None]:
    def late(*_: object) -> None:
        raise _Late

    signal.signal(signal.SIGVTALRM, late)
    # Again and again: code that swallows the first is interrupted by the next.
    signal.setitimer(signal.ITIMER_VIRTUAL, cpu, cpu)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
