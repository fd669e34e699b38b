"""Pid 1 of a session: holds the only way to the supervisor, keeps the time, and never runs a learner's code.

Below it one process runs the learner's cells, and copies of that one answer what is asked afterwards.
"""

import contextlib
import os
import signal
import socket
import time
from typing import Any, NoReturn

from . import learner
from .files import Files, files_now
from .household import Household, Lost
from .inquiry import Inquiry
from .learner import Prepared
from .output import Capture
from .snapshots import MAX_SNAPSHOTS, Snapshot, is_costly, used
from .warmup import warm_up
from .wire import Garbled, receive


class Warden:
    """Serves runs: cells, then checks and probes. A further run goes on from a snapshot that the one before left."""

    def __init__(self, supervisor: socket.socket, prepared: Prepared, *, warm: bool) -> None:
        self._supervisor = supervisor
        self._more: Snapshot | None = None
        out, err = Capture(), Capture()
        sock, pid = _start_learner(supervisor, prepared, out, err, warm=warm)
        self._household = Household(supervisor, out, err, sock, pid)

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

    # Cells

    def _run_cells(self, order: dict[str, Any]) -> None:
        limits, household = order["limits"], self._household
        for capture in (household.out, household.err):
            capture.limit(limits["output_chars"])
        try:
            outcomes = self._go_on(order["from"]) if order["from"] else self._begin(order)
        except (Lost, OSError):
            # No code of the learner's has run: this is not the learner's fault.
            household.tell({"event": "broken"})
            return
        deadline = time.monotonic() + limits["wall_seconds"] - used(outcomes, "wall_ms")
        cells = order["cells"]
        for index in range(len(outcomes), len(cells)):
            if order["keep"] == "edited" and is_costly(outcomes, household.snapshots):
                self._keep(outcomes)
            cpu = used(outcomes, "cpu_ms")
            household.cpu_end = limits["cpu_seconds"] - cpu if household.is_copy else None
            household.tell({"event": "cell", "index": index})
            outcome = self._run_cell(cells[index], deadline, last=index == len(cells) - 1)
            outcomes.append(outcome)
            if "lost" in outcome or (order["stop_on_error"] and not outcome["ok"]):
                break
        household.cpu_end = None
        self._more = self._what_more_needs(outcomes) if order["keep"] == "more" else None
        household.tell({"event": "ran", "cells": outcomes})

    def _begin(self, order: dict[str, Any]) -> list[dict[str, Any]]:
        """Ready for the first cell. Raises Lost."""
        given = {key: order[key] for key in ("limits", "seed", "snapshots")}
        self._household.asked({"op": "limits", **given})
        return []

    # Snapshots

    def _go_on(self, depth: int) -> list[dict[str, Any]]:
        """Be where the snapshot of that many cells is; how those went. Raises Lost, OSError: it is of no use."""
        household = self._household
        for snapshot in [snapshot for snapshot in household.snapshots if snapshot.depth > depth]:
            self._drop(snapshot)
        snapshot = household.snapshots[-1]
        if snapshot.depth != depth or snapshot.files != files_now():
            raise Lost("ended")
        os.kill(snapshot.pid, signal.SIGCONT)
        household.sock = snapshot.sock
        if snapshot.itself:
            household.snapshots.remove(snapshot)
            household.asked({"op": "go_on"})
        else:
            household.move_to_copy()
        return list(snapshot.outcomes)

    def _keep(self, outcomes: list[dict[str, Any]]) -> None:
        """Leave the learner's process as it is and go on in a copy of it, where nothing speaks against that."""
        household = self._household
        files = self._files_if_quiet(outcomes) if len(household.snapshots) < MAX_SNAPSHOTS else None
        if files is None:
            return
        with contextlib.suppress(Lost, OSError):
            old = Snapshot(len(outcomes), household.sock, household.pid, tuple(outcomes), files)
            household.move_to_copy()
            household.snapshots.append(old)

    def _what_more_needs(self, outcomes: list[dict[str, Any]]) -> Snapshot | None:
        """The learner's process itself as a snapshot, if settling will change nothing in it."""
        files = self._files_if_quiet(outcomes)
        if files is None:
            return None
        household = self._household
        return Snapshot(len(outcomes), household.sock, household.pid, tuple(outcomes), files, itself=True)

    def _files_if_quiet(self, outcomes: list[dict[str, Any]]) -> Files | None:
        """The files as they are; None where something speaks against keeping the learner's process."""
        files = files_now()
        if files is None or not all(outcome["ok"] for outcome in outcomes):
            return None
        if self._household.threads(self._household.pid) != 1 or self._household.has_strangers(()):
            return None
        with contextlib.suppress(Lost):
            if self._household.asked({"op": "quiet"}).get("quiet") is True:
                return files
        return None

    def _drop(self, snapshot: Snapshot) -> None:
        self._household.snapshots.remove(snapshot)
        snapshot.sock.close()
        self._household.end(snapshot.pid)

    def _rest(self) -> None:
        """After a run: only the snapshots stay, and they are stopped, whatever they would like to do."""
        household = self._household
        if not household.snapshots:
            return
        if not household.snapshots[-1].itself:
            household.sock.close()
        household.sweep(spared={snapshot.pid for snapshot in household.snapshots})
        for snapshot in household.snapshots:
            with contextlib.suppress(OSError):
                os.kill(snapshot.pid, signal.SIGSTOP)

    def _run_cell(self, cell: dict[str, Any], deadline: float, *, last: bool) -> dict[str, Any]:
        household = self._household
        wall, cpu = time.perf_counter(), household.cpu_seconds()
        outcome: dict[str, Any] = {"ok": False}
        try:
            household.order({"op": "cell", **cell, "last": last})
            answer = household.answer(household.sock, deadline, household.pidfd)
            outcome.update({key: answer[key] for key in ("result", "error") if key in answer})
            outcome["ok"] = answer.get("ok") is True
        except Lost as lost:
            outcome["lost"] = str(lost)
        outcome["cpu_ms"] = max(0.0, (household.cpu_seconds() - cpu) * 1e3)
        outcome["wall_ms"] = (time.perf_counter() - wall) * 1e3
        return {**outcome, "stdout": household.out.take(), "stderr": household.err.take()}

    # Questions

    def _judge(self, order: dict[str, Any]) -> None:
        household, more = self._household, self._more
        household.sweep()
        inquiry = Inquiry(household, order)
        unchanged = inquiry.settle(for_good=more is None)
        household.tell({"event": "settled"})
        if inquiry.answer() and unchanged and more is not None:
            household.snapshots = [more]
        household.tell({"event": "done", "kept": [snapshot.depth for snapshot in household.snapshots]})
        # Nobody waits for this any more; most sessions are ended meanwhile.
        inquiry.end()
        self._rest()


def _start_learner(
    supervisor: socket.socket, prepared: Prepared, out: Capture, err: Capture, *, warm: bool
) -> tuple[socket.socket, int]:
    """The learner's process, which obeys on the other end of the socket."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        try:
            supervisor.close()
            ours.close()
            for capture in (out, err):
                os.close(capture.reader)
            learner.become_learner(out.writer, err.writer)
            if warm:
                warm_up(prepared)
            learner.forget_signals()
            learner.serve(theirs, prepared)
        finally:
            os._exit(99)
    theirs.close()
    return ours, pid
