"""Pid 1 of a session: holds the only way to the supervisor, keeps the time, and never runs a learner's code.

Below it one process runs the learner's cells. Questions are answered by forks of that process, made after the
learner's code has ended; they get a socket of their own, so a process that was left behind cannot answer for them.
"""

import contextlib
import os
import select
import signal
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from . import learner
from .learner import Prepared
from .output import Capture
from .warmup import warm_up
from .wire import HEADER, Garbled, decode, encode, receive, send, send_with_socket

MAX_ANSWER = 8 << 20
_ORDER_SECONDS = 2.0
_SETTLE_SECONDS = 5.0
_OPTIONAL_SECONDS = 0.5
"""For all optional probes together: a check never waits for what it can do without."""
_GRACE = 1.0
"""A question's own alarm comes first; the warden waits this much longer."""


class Lost(Exception):
    """No answer came: the reason is one of the contract's."""


@dataclass
class _Fork:
    """A copy of the learner's process that waits for its question."""

    sock: socket.socket
    pid: int | None = None
    """As the copy said it; None until it has."""


class Warden:
    """Serves one run: cells, then checks and probes."""

    def __init__(self, supervisor: socket.socket, prepared: Prepared, *, warm: bool) -> None:
        self._supervisor = supervisor
        self._out, self._err = Capture(), Capture()
        self._prepared = prepared
        self._statuses: dict[int, int] = {}
        self._next: _Fork | None = None
        self._sock, self._pid = self._start_learner(warm=warm)
        self._pidfd = os.pidfd_open(self._pid)

    def serve(self) -> NoReturn:
        """Run one submission, then wait for the supervisor to end the session."""
        while True:
            try:
                order = receive(self._supervisor)
            except (EOFError, OSError, Garbled):
                os._exit(0)
            if order["op"] == "cells":
                self._run_cells(order)
            elif order["op"] == "judge":
                self._judge(order)

    def _start_learner(self, *, warm: bool) -> tuple[socket.socket, int]:
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            try:
                self._supervisor.close()
                ours.close()
                for capture in (self._out, self._err):
                    os.close(capture.reader)
                learner.become_learner(self._out.writer, self._err.writer)
                if warm:
                    warm_up(self._prepared)
                learner.forget_signals()
                learner.serve(theirs, self._prepared)
            finally:
                os._exit(99)
        theirs.close()
        return ours, pid

    # Cells

    def _run_cells(self, order: dict[str, Any]) -> None:
        limits = order["limits"]
        for capture in (self._out, self._err):
            capture.limit(limits["output_chars"])
        try:
            self._order(self._sock, {"op": "limits", "limits": limits, "seed": order["seed"]})
            self._answer(self._sock, time.monotonic() + _SETTLE_SECONDS, self._pidfd)
        except Lost:
            # No code of the learner's has run: this is not the learner's fault.
            send(self._supervisor, {"event": "broken"})
            return
        deadline = time.monotonic() + limits["wall_seconds"]
        outcomes: list[dict[str, Any]] = []
        cells = order["cells"]
        for index, cell in enumerate(cells):
            send(self._supervisor, {"event": "cell", "index": index})
            outcome = self._run_cell(cell, deadline, last=index == len(cells) - 1)
            outcomes.append(outcome)
            if "lost" in outcome or (order["stop_on_error"] and not outcome["ok"]):
                break
        send(self._supervisor, {"event": "ran", "cells": outcomes})

    def _run_cell(self, cell: dict[str, Any], deadline: float, *, last: bool) -> dict[str, Any]:
        wall, cpu = time.perf_counter(), self._cpu_seconds()
        outcome: dict[str, Any] = {"ok": False}
        try:
            self._order(self._sock, {"op": "cell", **cell, "last": last})
            answer = self._answer(self._sock, deadline, self._pidfd)
            outcome.update({key: answer[key] for key in ("result", "error") if key in answer})
            outcome["ok"] = answer.get("ok") is True
        except Lost as lost:
            outcome["lost"] = str(lost)
        outcome["cpu_ms"] = max(0.0, (self._cpu_seconds() - cpu) * 1e3)
        outcome["wall_ms"] = (time.perf_counter() - wall) * 1e3
        return {**outcome, "stdout": self._out.take(), "stderr": self._err.take()}

    def _cpu_seconds(self) -> float:
        # The process' CPU clock as Linux numbers it: no word of the learner's process is needed.
        with contextlib.suppress(OSError):
            return time.clock_gettime((~self._pid << 3) | 2)
        return 0.0

    # Questions

    def _judge(self, order: dict[str, Any]) -> None:
        """Answer every question that can be answered, in order, each marked with the nonce it brought back."""
        self._sweep()
        self._settle()
        common = {key: order[key] for key in ("nonce", "seed", "seconds")}
        checks, probes = order["checks"], order["probes"]
        for index, check in enumerate(checks):
            more = index + 1 < len(checks) or bool(probes)
            answer = self._ask_check({"op": "check", **check, **common}, more=more)
            send(self._supervisor, {"event": "check", "id": check["id"], "answer": answer})
        self._ask_probes(probes, common)
        send(self._supervisor, {"event": "done"})

    def _settle(self) -> None:
        """Put the checks' functions back, in a fork when the learner's process has more than one thread.

        A fork has one thread: the learner's others are not in it. What is lost here shows at every question.
        """
        old = self._pid
        try:
            if self._threads() > 1:
                fork = self._fork()
                self._greet(fork)
                self._sock = fork.sock
            self._order(self._sock, {"op": "settle"})
            claimed = self._answer(self._sock, time.monotonic() + _SETTLE_SECONDS).get("pid")
        except Lost:
            return
        # A false pid only spares a process of the learner's own until the session ends.
        if isinstance(claimed, int) and claimed > 1 and claimed != old:
            self._pid = claimed
            with contextlib.suppress(OSError):
                os.kill(old, signal.SIGKILL)

    def _threads(self) -> int:
        try:
            return len(list(Path(f"/proc/{self._pid}/task").iterdir()))
        except OSError:
            return 0

    def _fork(self) -> _Fork:
        """Make the learner's process fork; the copy greets when it is there. Raises Lost."""
        ours, theirs = socket.socketpair()
        try:
            self._order(self._sock, {"op": "fork"}, theirs)
        except Lost:
            ours.close()
            raise
        finally:
            theirs.close()
        return _Fork(ours)

    def _greet(self, fork: _Fork) -> None:
        """Wait until the copy is there. Raises Lost."""
        if fork.pid is None:
            claimed = self._answer(fork.sock, time.monotonic() + _SETTLE_SECONDS).get("pid")
            # A false pid only spares a process of the learner's own until the next question.
            fork.pid = claimed if isinstance(claimed, int) else 0

    def _take_fork(self) -> _Fork:
        """The copy that was made ahead, or one made now. Raises Lost."""
        fork, self._next = self._next, None
        return fork or self._fork()

    def _fork_ahead(self) -> None:
        """Have the next question's copy made while this one is answered: a fork of a loaded process takes its time."""
        with contextlib.suppress(Lost):
            self._next = self._fork()

    def _ask_check(self, order: dict[str, Any], *, more: bool) -> dict[str, Any]:
        try:
            fork = self._take_fork()
            with fork.sock:
                self._order(fork.sock, order)
                if more:
                    self._fork_ahead()
                self._greet(fork)
                return self._answer(fork.sock, time.monotonic() + order["seconds"] + _GRACE)
        except Lost as lost:
            return {"status": "lost", "lost": str(lost)}
        finally:
            self._after_question()

    def _ask_probes(self, probes: list[dict[str, Any]], common: dict[str, Any]) -> None:
        """One fork answers all; when it is lost over one probe, the next fork goes on behind that one.

        The optional ones, which are the last, end with the first that is lost.
        """
        left = list(probes)
        while left:
            try:
                fork = self._take_fork()
                with fork.sock:
                    self._order(fork.sock, {"op": "probes", "probes": left, **common})
                    self._greet(fork)
                    self._take_answers(fork.sock, left, common["seconds"] + _GRACE)
            except Lost as lost:
                for probe in list(left) if left[0]["optional"] else left[:1]:
                    self._report_probe(probe, {"lost": str(lost)})
                    left.remove(probe)
            finally:
                self._after_question()

    def _take_answers(self, fork: socket.socket, left: list[dict[str, Any]], seconds: float) -> None:
        """Answers to these in order, each taken off as it comes. Raises Lost."""
        end: float | None = None
        while left:
            if left[0]["optional"]:
                end = end or time.monotonic() + _OPTIONAL_SECONDS
            answer = self._answer(fork, end or time.monotonic() + seconds)
            self._report_probe(left.pop(0), answer)

    def _report_probe(self, probe: dict[str, Any], answer: dict[str, Any]) -> None:
        send(self._supervisor, {"event": "probe", "id": probe["id"], "answer": answer})

    def _after_question(self) -> None:
        # The fork that has answered takes a while to give its memory back: no need to wait for that.
        self._sweep(leave=1, spared=self._fork_made_ahead())
        for capture in (self._out, self._err):
            capture.take()

    def _fork_made_ahead(self) -> int | None:
        """The pid of the next question's copy; without its greeting it is none, and it is swept away like any other."""
        if self._next is None:
            return None
        try:
            self._greet(self._next)
        except Lost:
            self._next.sock.close()
            self._next = None
            return None
        return self._next.pid

    # Messages and processes

    def _order(self, sock: socket.socket, order: dict[str, Any], passed: socket.socket | None = None) -> None:
        """Send an order to a process that need not read. Raises Lost."""
        sock.settimeout(_ORDER_SECONDS)
        try:
            if passed is None:
                send(sock, order)
            else:
                send_with_socket(sock, order, passed)
        except TimeoutError:
            raise Lost("time") from None
        except OSError:
            raise Lost(self._why_ended()) from None

    def _answer(self, sock: socket.socket, deadline: float, pidfd: int | None = None) -> dict[str, Any]:
        """One message of a process that may send anything. Raises Lost; ends the session with the supervisor."""
        buffer, needed = bytearray(), HEADER.size
        while True:
            ready = self._wait(deadline, [sock.fileno()] + ([pidfd] if pidfd is not None else []))
            if sock.fileno() not in ready:
                raise Lost(self._why_ended())
            try:
                part = sock.recv(min(needed - len(buffer), 1 << 20))
            except OSError:
                part = b""
            if not part:
                raise Lost(self._why_ended())
            buffer += part
            if needed == HEADER.size and len(buffer) == needed:
                needed += HEADER.unpack(buffer)[0]
                if needed > MAX_ANSWER:
                    raise Lost("protocol")
            if len(buffer) == needed and needed > HEADER.size:
                return _parsed(bytes(buffer[HEADER.size :]))

    def _wait(self, deadline: float, descriptors: list[int]) -> list[int]:
        """Wait for one of these, reading the learner's output meanwhile. Raises Lost("time")."""
        readers = {capture.reader: capture for capture in (self._out, self._err)}
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Lost("time")
            ready, _, _ = select.select([*descriptors, *readers, self._supervisor.fileno()], [], [], left)
            if self._supervisor.fileno() in ready and not self._supervisor.recv(1, socket.MSG_PEEK):
                os._exit(0)
            for descriptor in ready:
                if descriptor in readers:
                    readers[descriptor].drain()
            wanted = [descriptor for descriptor in descriptors if descriptor in ready]
            if wanted:
                return wanted

    def _why_ended(self) -> str:
        """`cpu` when the kernel's limit ended the learner's process, else `ended`."""
        for _ in range(20):
            self._reap()
            if self._pid in self._statuses:
                break
            time.sleep(0.001)
        status = self._statuses.get(self._pid, 0)
        return "cpu" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU else "ended"

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                self._statuses[pid] = status

    def _sweep(self, leave: int = 0, spared: int | None = None) -> None:
        """Kill every process but this, the learner's main one and `spared`; wait until all but `leave` are gone."""
        kept = (os.getpid(), self._pid, spared)
        for _ in range(50):
            living = [pid for pid in _processes() if pid not in kept and not _is_zombie(pid)]
            for pid in living:
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            self._reap()
            if len(living) <= leave:
                return
            time.sleep(0.0005)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        message = decode(body)
        encode(message)
    except (Garbled, ValueError, RecursionError):
        raise Lost("protocol") from None
    return message


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    except OSError:
        return True
