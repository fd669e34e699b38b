"""Reads jobs from standard input, one at a time, and writes their results to standard output.

A frame is a length (4 bytes, big-endian) and that many bytes of JSON. A job is `{"job", "arguments", "seconds"}`; its
answer is `{"result"}` or `{"error"}`, with `"spent": true` when the process should not be used again.

`python -m linting.worker mypy` loads mypy first and does every job in a child forked for it: a job that is too slow or
crashes costs nothing but itself, and leaves nothing behind for the next.
"""

import gc
import importlib
import json
import logging
import os
import queue
import resource
import signal
import struct
import sys
import threading
from typing import Any, BinaryIO

from linting.worker.forked import answer_in_child
from linting.worker.jobs import JOBS

LENGTH = struct.Struct(">I")
PRELOAD = {"mypy": ("mypy.main", "mypy.nativeparse", "sqlite3")}
"""What a worker may be told to load before its first job: all that each child would have to load again by itself, the
parser and the cache's database with it. `mypy.api` alone loads nothing until it is called."""
IDLE_SECONDS = 0.2
GARBAGE = 200_000
"""New objects before Python looks for garbage; a review of 200 lines makes a tenth of that."""
MAX_MEMORY = 3 * 1024**3
"""Bytes of address space: mypy with pandas' stubs needs about 0.5 GB of it."""


def main() -> None:
    """Work until standard input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # bandit forms three messages for each node of the syntax, and here nobody reads them.
    logging.disable(logging.CRITICAL)
    jobs_in, results_out = _private_channels()
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(jobs_in, waiting), daemon=True).start()
    preloaded = sys.argv[1:]
    for tool in preloaded:
        for module in PRELOAD[tool]:
            importlib.import_module(module)
    # A job's syntax tree is large and without circles; looking for some, again and again, took a tenth of its time.
    gc.set_threshold(GARBAGE, 10, 10)
    gc.freeze()
    while True:
        request = json.loads(_next(waiting))
        answer = answer_in_child(request, _answer) if preloaded else _answer(request)
        body = json.dumps(answer).encode()
        results_out.write(LENGTH.pack(len(body)) + body)
        results_out.flush()


def _next(waiting: "queue.SimpleQueue[bytes]") -> bytes:
    """The next job. Tidies up when there is none for a moment: a review sends one job upon another's answer."""
    try:
        return waiting.get(timeout=IDLE_SECONDS)
    except queue.Empty:
        # What lives between jobs are modules and their caches, for good: no later collection looks at them again.
        gc.collect()
        gc.freeze()
        return waiting.get()


def _private_channels() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipes for us: what a tool prints goes nowhere instead of between two frames."""
    jobs_in, results_out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    return jobs_in, results_out


def _read(jobs_in: BinaryIO, waiting: "queue.SimpleQueue[bytes]") -> None:
    while len(head := jobs_in.read(LENGTH.size)) == LENGTH.size:
        waiting.put(jobs_in.read(*LENGTH.unpack(head)))
    # The service is gone or wants us gone; a job under way has no reader any more.
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"result": JOBS[request["job"]](**request["arguments"])}
    except MemoryError:
        return {"error": "it needed more memory than it may have", "spent": True}
    except RecursionError:
        return {"error": "the code is nested too deeply"}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {str(error)[:300]}", "spent": True}


if __name__ == "__main__":
    # Deep but legal code (see MAX_DEPTH) takes a few frames of the tools per level.
    sys.setrecursionlimit(5_000)
    main()
