"""The processes of a session as its first one knows them: how they are spoken to, copied, told apart and ended."""

import contextlib
import os
import select
import signal
import socket
import time
from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import Any

from .output import Capture
from .snapshots import Snapshot
from .wire import HEADER, Garbled, decode, encode, send, send_with_socket

MAX_ANSWER = 8 << 20
READY_SECONDS = 5.0
"""Longest wait for what our own code does in a process."""
_ORDER_SECONDS = 2.0
_LOOK_SECONDS = 0.2


class Lost(Exception):
    """No answer came: the reason is one of the contract's."""


@dataclass
class Copy:
    """A copy of the learner's process that waits for an order."""

    sock: socket.socket
    pid: int | None = None
    """As the copy said it; None until it has."""


class Household:
    """The learner's process, copies of it, snapshots, and what they have left behind.

    A process that is spoken to need not listen, and may answer anything.
    """

    def __init__(self, supervisor: socket.socket, out: Capture, err: Capture, sock: socket.socket, pid: int) -> None:
        """`sock` and `pid` are the learner's process, whose streams are captured."""
        self._supervisor, self.out, self.err = supervisor, out, err
        self.sock, self.pid = sock, pid
        self.pidfd = os.pidfd_open(pid)
        self.is_copy = False
        """Whether the learner's process is a copy of the first one."""
        self.cpu_end: float | None = None
        """Seconds of its processor time after which it is not waited for; None: the kernel ends it."""
        self.snapshots: list[Snapshot] = []
        self._statuses: dict[int, int] = {}

    # Messages

    def tell(self, event: dict[str, Any]) -> None:
        """Say something to the supervisor."""
        send(self._supervisor, event)

    def order(self, order: dict[str, Any], sock: socket.socket | None = None) -> None:
        """Send an order to a process; without `sock` to the learner's. Raises Lost."""
        self._send(sock or self.sock, order)

    def _send(self, sock: socket.socket, order: dict[str, Any], passed: socket.socket | None = None) -> None:
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

    def asked(self, order: dict[str, Any]) -> dict[str, Any]:
        """What the learner's process answers to an order for our own code. Raises Lost."""
        self.order(order)
        return self.answer(self.sock, time.monotonic() + READY_SECONDS, self.pidfd)

    def answer(self, sock: socket.socket, deadline: float, pidfd: int | None = None) -> dict[str, Any]:
        """One message of a process, of which `pidfd` may say that it has ended. Raises Lost.

        Does not return when the supervisor hangs up: then this process ends, and the session with it.
        """
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

    def hears(self, sock: socket.socket, seconds: float) -> bool:
        """Whether a process says something within this time, or has ended."""
        try:
            self._wait(time.monotonic() + seconds, [sock.fileno()])
        except Lost as lost:
            return str(lost) != "time"
        return True

    def _wait(self, deadline: float, descriptors: list[int]) -> list[int]:
        """Wait for one of these, reading the learner's output meanwhile. Raises Lost."""
        readers = {capture.reader: capture for capture in (self.out, self.err)}
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Lost("time")
            if self.cpu_end is not None:
                # The kernel counts for each process, a copy's time from nothing.
                if self.cpu_seconds() > self.cpu_end:
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

    # Copies

    def fork(self) -> Copy:
        """Make the learner's process fork; the copy greets when it is there. Raises Lost."""
        ours, theirs = socket.socketpair()
        try:
            self._send(self.sock, {"op": "fork"}, theirs)
        except Lost:
            ours.close()
            raise
        finally:
            theirs.close()
        return Copy(ours)

    def greet(self, copy: Copy) -> None:
        """Wait until the copy is there. Raises Lost."""
        if copy.pid is None:
            claimed = self.answer(copy.sock, time.monotonic() + READY_SECONDS).get("pid")
            # A false pid only spares a process of the learner's own until the next question.
            copy.pid = claimed if isinstance(claimed, int) else 0

    def move_to_copy(self) -> None:
        """Go on in a copy of the learner's process. Raises Lost, OSError; then nothing has changed."""
        copy = self.fork()
        self.greet(copy)
        if not copy.pid or copy.pid < 2:
            raise Lost("protocol")
        pidfd = os.pidfd_open(copy.pid)
        os.close(self.pidfd)
        self.sock, self.pid, self.pidfd, self.is_copy = copy.sock, copy.pid, pidfd, True

    # Processes

    def cpu_seconds(self) -> float:
        """Processor time of the learner's process."""
        # Its clock as Linux numbers it: no word of the process is needed.
        with contextlib.suppress(OSError):
            return time.clock_gettime((~self.pid << 3) | 2)
        return 0.0

    def threads(self, pid: int) -> int:
        """Of a process; 0 where there is none."""
        try:
            return len(os.listdir(f"/proc/{pid}/task"))  # noqa: PTH208 - as for processes
        except OSError:
            return 0

    def has_strangers(self, known: Iterable[int | None]) -> bool:
        """Whether processes run besides these, the learner's and the snapshots."""
        ours = {os.getpid(), self.pid, *known, *(snapshot.pid for snapshot in self.snapshots)}
        return any(pid not in ours and not _is_zombie(pid) for pid in _processes())

    def end(self, pid: int) -> None:
        """Kill it, if it is there."""
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)

    def sweep(self, leave: int = 0, spared: Set[int] | None = None) -> None:
        """Kill every process but this and `spared`; wait until all but `leave` are gone.

        Without `spared` the learner's process and the snapshots are.
        """
        if spared is None:
            spared = {self.pid, *(snapshot.pid for snapshot in self.snapshots)}
        kept = {os.getpid(), *spared}
        for _ in range(50):
            living = [pid for pid in _processes() if pid not in kept and not _is_zombie(pid)]
            for pid in living:
                self.end(pid)
            self._reap()
            if len(living) <= leave:
                return
            time.sleep(0.0005)

    def _why_ended(self) -> str:
        """`cpu` when the kernel's limit ended the learner's process, else `ended`."""
        for _ in range(20):
            self._reap()
            if self.pid in self._statuses:
                break
            time.sleep(0.001)
        status = self._statuses.get(self.pid, 0)
        return "cpu" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU else "ended"

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                self._statuses[pid] = status


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
