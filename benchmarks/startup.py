"""Starting the embedded system when set-up is done: seconds to the first page, and the memory of the idle system."""

import contextlib
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from benchmarks.harness import CouldNotRun, Figure, Report, main
from benchmarks.processes import family, memory_mb
from infra.settings import PROJECT

_PATIENCE = 300
_SETTLE_SECONDS = 25
"""Until the spares have loaded, too."""


def run(report: Report) -> None:
    """Measure from the command to the sign-in page, and what the idle system holds in memory."""
    times = 2 if report.quick else 5
    with tempfile.TemporaryDirectory(prefix="cl-bench-") as folder:
        home = Path(folder) / "home"
        with _started(home) as (first, _):
            pass
        again, memory, bare = [], [], []
        for _ in range(times):
            bare.append(_bare_python())
            with _started(home) as (seconds, pid):
                again.append(seconds)
                time.sleep(_SETTLE_SECONDS)
                memory.append(memory_mb(family(pid)))
    seconds = statistics.median(again)
    report.add("first_start_s", Figure(first, "s", note="publishes the sample cases, once"))
    report.add("ready_s", Figure(seconds, "s", target=20, note="median, to the sign-in page"))
    report.add("against_python_start", Figure(seconds / statistics.median(bare), "x", note="of `python -c pass`"))
    report.add("idle_memory_mb", Figure(statistics.median(memory), "MB", target=700, note="PSS of all processes"))


@contextlib.contextmanager
def _started(home: Path) -> Iterator[tuple[float, int]]:
    """(seconds to the first page, process id) of a running system."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {**os.environ, "CASELOOP_HOME": str(home), "CASELOOP_PORT": str(port)}
    start = time.perf_counter()
    process = subprocess.Popen(
        ["make", "--silent", "run"], cwd=PROJECT, env=variables, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield _first_page(port, process, start), process.pid
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)


def _first_page(port: int, process: "subprocess.Popen[bytes]", start: float) -> float:
    while time.perf_counter() - start < _PATIENCE:
        if process.poll() is not None:
            raise CouldNotRun("`make run` ended; run it by hand to see why")
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"http://127.0.0.1:{port}/hub/login", timeout=1).status_code == httpx.codes.OK:
                return time.perf_counter() - start
        time.sleep(0.05)
    raise CouldNotRun(f"no page within {_PATIENCE} s")


def _bare_python() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main("startup", run))
