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
from collections import deque
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any, NoReturn

from . import learner
from .files import Files, files_now
from .learner import Prepared
from .output import Capture
from .snapshots import MAX_SNAPSHOTS, Snapshot, is_costly, used
from .warmup import warm_up
from .wire import HEADER, Garbled, decode, encode, receive, send, send_with_socket

MAX_ANSWER = 8 << 20
_ORDER_SECONDS = 2.0
_SETTLE_SECONDS = 5.0
_OPTIONAL_SECONDS = 0.5
"""For all optional probes together: a check never waits for what it can do without."""
_LOOK_SECONDS = 0.2
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


@dataclass
class _Question:
    """A check, or all probes, and the copy that works on it; of `names` the learner's process itself does."""

    order: dict[str, Any]
    fork: _Fork | None = None
    lost: str = ""
    """Why there is no copy."""

    @property
    def is_for_a_copy(self) -> bool:
        """Whether it may change the process that works on it."""
        return bool(self.order["op"] != "names")

    @property
    def pid(self) -> int | None:
        """The copy's, as it said; None until then."""
        return self.fork.pid if self.fork else None


class Warden:
    """Serves runs: cells, then checks and probes. A further run goes on from a snapshot that the one before left."""

    def __init__(self, supervisor: socket.socket, prepared: Prepared, *, warm: bool) -> None:
        self._supervisor = supervisor
        self._out, self._err = Capture(), Capture()
        self._prepared = prepared
        self._statuses: dict[int, int] = {}
        self._ending: int | None = None
        self._snapshots: list[Snapshot] = []
        self._more: Snapshot | None = None
        self._cpu_end: float | None = None
        self._is_copy = False
        self._sock, self._pid = self._start_learner(warm=warm)
        self._pidfd = os.pidfd_open(self._pid)

    def serve(self) -> NoReturn:
        """Run submissions until the supervisor ends the session."""
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
            outcomes = self._go_on(order["from"]) if order["from"] else self._begin(order)
        except (Lost, OSError):
            # No code of the learner's has run: this is not the learner's fault.
            send(self._supervisor, {"event": "broken"})
            return
        deadline = time.monotonic() + limits["wall_seconds"] - used(outcomes, "wall_ms")
        cells = order["cells"]
        for index in range(len(outcomes), len(cells)):
            if order["keep"] == "edited" and is_costly(outcomes, self._snapshots):
                self._keep(outcomes)
            cpu = used(outcomes, "cpu_ms")
            self._cpu_end = limits["cpu_seconds"] - cpu if self._is_copy else None
            send(self._supervisor, {"event": "cell", "index": index})
            outcome = self._run_cell(cells[index], deadline, last=index == len(cells) - 1)
            outcomes.append(outcome)
            if "lost" in outcome or (order["stop_on_error"] and not outcome["ok"]):
                break
        self._cpu_end = None
        self._more = self._what_more_needs(outcomes) if order["keep"] == "more" else None
        send(self._supervisor, {"event": "ran", "cells": outcomes})

    def _begin(self, order: dict[str, Any]) -> list[dict[str, Any]]:
        """Ready for the first cell. Raises Lost."""
        given = {key: order[key] for key in ("limits", "seed", "snapshots")}
        self._order(self._sock, {"op": "limits", **given})
        self._answer(self._sock, time.monotonic() + _SETTLE_SECONDS, self._pidfd)
        return []

    # Snapshots

    def _go_on(self, depth: int) -> list[dict[str, Any]]:
        """Be where the snapshot of that many cells is; how those went. Raises Lost, OSError: it is of no use."""
        for snapshot in [snapshot for snapshot in self._snapshots if snapshot.depth > depth]:
            self._drop(snapshot)
        snapshot = self._snapshots[-1]
        if snapshot.depth != depth or snapshot.files != files_now():
            raise Lost("ended")
        os.kill(snapshot.pid, signal.SIGCONT)
        self._sock = snapshot.sock
        if snapshot.itself:
            self._snapshots.remove(snapshot)
            self._order(self._sock, {"op": "go_on"})
            self._answer(self._sock, time.monotonic() + _SETTLE_SECONDS, self._pidfd)
        else:
            self._move_to_copy()
        return list(snapshot.outcomes)

    def _keep(self, outcomes: list[dict[str, Any]]) -> None:
        """Leave the learner's process as it is and go on in a copy of it, where nothing speaks against that."""
        files = self._files_if_quiet(outcomes) if len(self._snapshots) < MAX_SNAPSHOTS else None
        if files is None:
            return
        with contextlib.suppress(Lost, OSError):
            old = Snapshot(len(outcomes), self._sock, self._pid, tuple(outcomes), files)
            self._move_to_copy()
            self._snapshots.append(old)

    def _what_more_needs(self, outcomes: list[dict[str, Any]]) -> Snapshot | None:
        """The learner's process itself as a snapshot, if settling will change nothing in it."""
        files = self._files_if_quiet(outcomes)
        if files is None:
            return None
        return Snapshot(len(outcomes), self._sock, self._pid, tuple(outcomes), files, itself=True)

    def _files_if_quiet(self, outcomes: list[dict[str, Any]]) -> Files | None:
        """The files as they are; None where something speaks against keeping the learner's process."""
        files = files_now()
        if files is None or not all(outcome["ok"] for outcome in outcomes):
            return None
        if self._threads() != 1 or self._strangers({self._pid}):
            return None
        with contextlib.suppress(Lost):
            self._order(self._sock, {"op": "quiet"})
            if self._answer(self._sock, time.monotonic() + _SETTLE_SECONDS, self._pidfd).get("quiet") is True:
                return files
        return None

    def _move_to_copy(self) -> None:
        """Go on in a copy of the learner's process. Raises Lost, OSError; then nothing has changed."""
        fork = self._fork()
        self._greet(fork)
        if not fork.pid or fork.pid < 2:
            raise Lost("protocol")
        pidfd = os.pidfd_open(fork.pid)
        os.close(self._pidfd)
        self._sock, self._pid, self._pidfd, self._is_copy = fork.sock, fork.pid, pidfd, True

    def _drop(self, snapshot: Snapshot) -> None:
        self._snapshots.remove(snapshot)
        snapshot.sock.close()
        with contextlib.suppress(OSError):
            os.kill(snapshot.pid, signal.SIGKILL)

    def _rest(self) -> None:
        """After a run: only the snapshots stay, and they are stopped, whatever they would like to do."""
        if not self._snapshots:
            return
        if not self._snapshots[-1].itself:
            self._sock.close()
        self._sweep(spared={snapshot.pid for snapshot in self._snapshots})
        for snapshot in self._snapshots:
            with contextlib.suppress(OSError):
                os.kill(snapshot.pid, signal.SIGSTOP)

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
        send(self._supervisor, {"event": "settled"})
        common = {key: order[key] for key in ("nonce", "seed", "seconds")}
        waiting = deque(_Question({"op": "check", **check, **common}) for check in order["checks"])
        if order["probes"]:
            named = all(probe["name"] is not None for probe in order["probes"])
            waiting.append(_Question({"op": "names" if named else "probes", "probes": order["probes"], **common}))
        asked: deque[_Question] = deque()
        answered: _Question | None = None
        while waiting or asked:
            if answered is not None:
                self._tidy_up(answered, asked)
            if waiting and not (asked and self._left_behind(asked)):
                new = [waiting.popleft() for _ in range(min(order["at_once"] - len(asked), len(waiting)))]
                if waiting and not waiting[0].is_for_a_copy:
                    # Beside as many as there may be: it makes no copy, and nothing comes after it.
                    new.append(waiting.popleft())
                self._ask(new)
                asked.extend(new)
            answered = asked.popleft()
            if answered.order["op"] == "check":
                answer = self._answer_of_check(answered)
                send(self._supervisor, {"event": "check", "id": answered.order["id"], "answer": answer})
            elif answered.order["op"] == "names":
                answered = self._answer_names(answered)
            else:
                answered = self._answer_probes(answered)
        if self._more is not None:
            self._snapshots = [self._more]
        send(self._supervisor, {"event": "done", "kept": [snapshot.depth for snapshot in self._snapshots]})
        # Nobody waits for this any more; most sessions are ended meanwhile.
        if answered is not None:
            self._tidy_up(answered, ())
        self._rest()

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
            self._order(self._sock, {"op": "settle", "for_good": self._more is None})
            settled = self._answer(self._sock, time.monotonic() + _SETTLE_SECONDS)
        except Lost:
            self._more = None
            return
        if settled.get("changed") is not False:
            self._more = None
        claimed = settled.get("pid")
        # A false pid only spares a process of the learner's own until the session ends.
        if isinstance(claimed, int) and claimed > 1 and claimed != old:
            self._pid = claimed
            with contextlib.suppress(OSError):
                os.kill(old, signal.SIGKILL)

    def _threads(self) -> int:
        try:
            return len(os.listdir(f"/proc/{self._pid}/task"))  # noqa: PTH208 - as for processes
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

    def _ask(self, questions: Sequence[_Question]) -> None:
        """Have copies made that work on these questions; nobody waits for them yet.

        First all the copies: a fork beside one that is at work takes three times as long.
        """
        for question in questions:
            if question.is_for_a_copy:
                try:
                    question.fork = self._fork()
                except Lost as lost:
                    question.lost = str(lost)
        for question in questions:
            with contextlib.suppress(Lost):
                self._copy_of(question)
        for question in questions:
            try:
                sock = self._copy_of(question).sock if question.is_for_a_copy else self._sock
                self._order(sock, question.order)
            except Lost as lost:
                question.lost = str(lost)

    def _copy_of(self, question: _Question) -> _Fork:
        """The copy that works on it. Raises Lost."""
        if question.fork is None or question.lost:
            raise Lost(question.lost or "ended")
        self._greet(question.fork)
        return question.fork

    def _answer_of_check(self, question: _Question) -> dict[str, Any]:
        try:
            fork = self._copy_of(question)
            return self._answer(fork.sock, time.monotonic() + question.order["seconds"] + _GRACE)
        except Lost as lost:
            return {"status": "lost", "lost": str(lost)}

    def _answer_names(self, question: _Question) -> _Question:
        """The learner's process answers, or says that a copy should. Returns what was asked last."""
        left, seconds = list(question.order["probes"]), question.order["seconds"] + _GRACE
        try:
            if question.lost:
                raise Lost(question.lost)
            if self._answer(self._sock, time.monotonic() + seconds).get("known") is True:
                self._take_answers(self._sock, left, seconds)
                return question
        except Lost as lost:
            # Nobody knows what it is at: no copy of it could answer, and no further cells run in it.
            self._more = None
            for probe in left:
                self._report_probe(probe, {"lost": str(lost)})
            return question
        copied = _Question({**question.order, "op": "probes"})
        self._ask([copied])
        return self._answer_probes(copied)

    def _answer_probes(self, question: _Question) -> _Question:
        """One fork answers all; when it is lost over one probe, the next fork goes on behind that one.

        The optional ones, which are the last, end with the first that is lost. Returns what the last fork was asked.
        """
        left = list(question.order["probes"])
        while True:
            try:
                fork = self._copy_of(question)
                self._take_answers(fork.sock, left, question.order["seconds"] + _GRACE)
            except Lost as lost:
                for probe in list(left) if left[0]["optional"] else left[:1]:
                    self._report_probe(probe, {"lost": str(lost)})
                    left.remove(probe)
            if not left:
                return question
            self._tidy_up(question, ())
            question = _Question({**question.order, "probes": left})
            self._ask([question])

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

    def _tidy_up(self, answered: _Question, asked: Iterable[_Question]) -> None:
        """End the copy that has answered; with no other at work, everything that was left behind ends, too."""
        if answered.fork is not None:
            answered.fork.sock.close()
        others = list(asked)
        for other in others:
            with contextlib.suppress(Lost):
                self._copy_of(other)
        if not others:
            # The fork that has answered takes a while to give its memory back: no need to wait for that.
            self._sweep(leave=1)
        elif (pid := answered.pid) is not None and pid > 1 and pid not in {self._pid, *(other.pid for other in others)}:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
            self._ending = pid
        for capture in (self._out, self._err):
            capture.take()

    def _left_behind(self, asked: Iterable[_Question]) -> bool:
        """Whether processes run that are none of ours: then those at work end first, and all others with them."""
        return self._strangers({self._pid, self._ending, *(question.pid for question in asked)})

    def _strangers(self, known: Iterable[int | None]) -> bool:
        ours = {os.getpid(), *known, *(snapshot.pid for snapshot in self._snapshots)}
        return any(pid not in ours and not _is_zombie(pid) for pid in _processes())

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
            if self._cpu_end is not None:
                # The kernel counts for each process, a copy's time from nothing.
                if self._cpu_seconds() > self._cpu_end:
                    raise Lost("cpu")
                left = min(left, _LOOK_SECONDS)
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

    def _sweep(self, leave: int = 0, spared: Set[int] | None = None) -> None:
        """Kill every process but this and `spared`; wait until all but `leave` are gone.

        Without `spared` the learner's main process and the snapshots are.
        """
        if spared is None:
            spared = {self._pid, *(snapshot.pid for snapshot in self._snapshots)}
        kept = {os.getpid(), *spared}
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
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - no object for each file


def _is_zombie(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:  # noqa: PTH123 - as above
            return stat.read().rsplit(b")", 1)[1].split(None, 1)[0] in b"ZX"
    except OSError:
        return True
