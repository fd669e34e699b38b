"""Candidate programs in a forked, limited process: much faster than a sandbox, and for programs of known origin only.

A worker process runs every candidate in a namespace of its own, under a limit of CPU time; whoever dies or hangs takes
the worker along, and a new one goes on with the next candidate.
"""

import ast
import contextlib
import io
import json
import os
import resource
import select
import signal
import struct
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import CodeType
from typing import Any, Final, Self

from feedback.repair.recorder import Recorder
from feedback.repair.traces import RECORD

_CPU: Final = 0.01
"""CPU seconds that one candidate may take."""
_WALL: Final = 1.0
"""Seconds after which a worker that gives no answer is killed."""
_MEMORY: Final = 128 << 20
"""Bytes that a worker may grow by."""


class _Late(BaseException):
    """The candidate's time is over."""


class QuickTrials:
    """Runs programs on the checks of one question, in a process of its own.

    Args:
        before: code that runs before a program.
        calls: one expression for each check, with the expression of its value; it passes when both print the same.
    """

    def __init__(self, before: str, calls: Sequence[tuple[str, str]], cpu: float = _CPU) -> None:
        self._checks = _Checks(before, calls, cpu)
        self._process: tuple[int, int, int] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def passed(self, programs: Sequence[str]) -> list[bool]:
        """For each program, whether it passes every check."""
        return [bool(answer) for answer in self._answers("passed", programs)]

    def failing(self, programs: Sequence[str]) -> list[list[int]]:
        """For each program, the checks that it fails."""
        everything = list(range(len(self._checks.calls)))
        return [everything if answer is None else answer for answer in self._answers("failing", programs)]

    def values(self, programs: Sequence[str]) -> list[Mapping[str, Sequence[str]]]:
        """For each instrumented program, the values of its variables."""
        return [answer or {} for answer in self._answers("values", programs)]

    def close(self) -> None:
        """End the worker."""
        if self._process is not None:
            pid, orders, answers = self._process
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(orders)
            os.close(answers)
            self._process = None

    def _answers(self, what: str, programs: Sequence[str]) -> Iterator[Any]:
        """One answer for each program; None for one that took the worker along."""
        left = list(programs)
        while left:
            answered = 0
            with contextlib.suppress(OSError):
                _, orders, answers = self._worker()
                _write(orders, json.dumps([what, left]).encode("utf-8", "replace"))
                while answered < len(left) and (answer := _read(answers, time.monotonic() + _WALL)) is not None:
                    answered += 1
                    yield json.loads(answer)
            if answered < len(left):
                self.close()
                answered += 1
                yield None
            left = left[answered:]

    def _worker(self) -> tuple[int, int, int]:
        if self._process is None:
            order_read, order_write = os.pipe()
            answer_read, answer_write = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(order_write)
                os.close(answer_read)
                _serve(self._checks, order_read, answer_write)
            os.close(order_read)
            os.close(answer_write)
            self._process = pid, order_write, answer_read
        return self._process


class _Checks:
    def __init__(self, before: str, calls: Sequence[tuple[str, str]], cpu: float) -> None:
        self._before: CodeType = compile(before, "<before>", "exec")
        self.calls = [(compile(call, "<call>", "eval"), str(ast.literal_eval(expected))) for call, expected in calls]
        self._cpu = cpu

    def answer(self, what: str, program: str) -> Any:
        seen = Recorder()
        failing: list[int] = []
        with contextlib.suppress(BaseException), _limited(self._cpu), _counted() as printed:
            namespace: dict[str, Any] = {"__name__": "learner"}
            if what == "values":
                namespace[RECORD] = seen
            exec(self._before, namespace)
            exec(compile(program, "<program>", "exec"), namespace)
            for number, (call, expected) in enumerate(self.calls):
                if not self._holds(call, expected, namespace, printed):
                    failing.append(number)
                    if what == "passed":
                        return False
            return seen.seen if what == "values" else (failing if what == "failing" else not printed.tell())
        if what == "values":
            return seen.seen
        return False if what == "passed" else list(range(len(self.calls)))

    def _holds(self, call: CodeType, expected: str, namespace: dict[str, Any], printed: io.StringIO) -> bool:
        try:
            return str(eval(call, namespace)) == expected and not printed.tell()
        except Exception:
            return False
        finally:
            printed.seek(0)
            printed.truncate()


@contextlib.contextmanager
def _counted() -> Iterator[io.StringIO]:
    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.redirect_stderr(io.StringIO()):
        yield printed


@contextlib.contextmanager
def _limited(cpu: float) -> Iterator[None]:
    def late(*_: object) -> None:
        raise _Late

    signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, cpu, cpu)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _serve(checks: _Checks, orders: int, answers: int) -> None:
    """The worker: answers orders until there are no more. Never returns."""
    try:
        most = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + _MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        sys.stdin = io.StringIO()
        sys.setrecursionlimit(400)
        while (order := _read(orders, None)) is not None:
            what, programs = json.loads(order)
            for program in programs:
                _write(answers, json.dumps(checks.answer(what, program)).encode())
    finally:
        os._exit(0)


def _write(to: int, message: bytes) -> None:
    data = struct.pack("!I", len(message)) + message
    while data:
        data = data[os.write(to, data) :]


def _read(source: int, until: float | None) -> bytes | None:
    head = _exactly(source, 4, until)
    return _exactly(source, struct.unpack("!I", head)[0], until) if head else None


def _exactly(source: int, length: int, until: float | None) -> bytes | None:
    data = b""
    while len(data) < length:
        if until is not None and not select.select([source], [], [], max(until - time.monotonic(), 0))[0]:
            return None
        part = os.read(source, length - len(data))
        if not part:
            return None
        data += part
    return data
