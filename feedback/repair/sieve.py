"""Tries many programs one after the other in one process. Stands alone: its source goes into the sandbox.

A process for each program costs ten times what most programs take. Here they share one, and with it all that a program
can change outside of its own names; so what comes out is a sieve, and whatever is to count is tried apart after it.
"""

import contextlib
import io
import random
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
"""CPU seconds that each may take at least: clocks are no finer."""


class _Late(BaseException):
    """A program's time is over."""


def sifted(
    before: dict[str, Any], model: str, programs: Sequence[str], checks: str, limits: tuple[float, float]
) -> str:
    """HELD or FAILED for each program in turn; shorter where the time is over, empty where it cannot be told.

    Args:
        before: the names that programs find.
        model: a program for which the checks hold; where they do not, first and last of all, nothing can be told.
        limits: CPU seconds of one program, at most; wall seconds of all.
    """
    cpu, wall = limits
    end = time.monotonic() + wall
    asked = compile(checks, "<checks>", "exec")
    states = _states()
    began = time.process_time()
    if not _holds(before, model, asked, cpu, states):
        return ""
    cpu = min(cpu, max(_LEAST, _TIMES * (time.process_time() - began)))
    found = ""
    for program in programs:
        if time.monotonic() > end:
            break
        found += HELD if _holds(before, program, asked, cpu, states) else FAILED
    return found if _holds(before, model, asked, limits[0], states) else ""


def _holds(before: dict[str, Any], program: str, checks: CodeType, cpu: float, states: list[Any]) -> bool:
    names, deep = dict(before), sys.getrecursionlimit()
    for put, state in states:
        put(state)
    try:
        with _quiet(), _limited(cpu):
            exec(compile(program, "<program>", "exec"), names)  # noqa: S102 - in the sandbox
            exec(checks, names)  # noqa: S102 - in the sandbox
    except BaseException:
        return False
    finally:
        sys.setrecursionlimit(deep)
    return True


def _states() -> list[Any]:
    """What every program's chance begins with."""
    found: list[Any] = [(random.setstate, random.getstate())]
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        found.append((numpy.random.set_state, numpy.random.get_state()))
    return found


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
