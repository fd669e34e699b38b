"""One job, one process: forked from a worker that has its tool loaded, killed without a loss when it is too slow."""

import json
import os
import select
import signal
import time
from collections.abc import Callable
from typing import Any, Final

CHUNK: Final = 1 << 16


def answer_in_child(request: dict[str, Any], answer: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """The job's answer out of a process of its own; `{"timed_out": true}` when it was killed after `seconds`."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _write_and_exit(writing, answer, request)
    os.close(writing)
    try:
        body = _read(reading, time.monotonic() + request["seconds"])
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if body is None:
        return {"timed_out": True}
    if not body:
        return {"error": "its process ended before it answered"}
    result: dict[str, Any] = json.loads(body)
    return result


def _write_and_exit(writing: int, answer: Callable[[dict[str, Any]], dict[str, Any]], request: dict[str, Any]) -> None:
    try:
        body = json.dumps(answer(request)).encode()
        while body:
            body = body[os.write(writing, body) :]
    finally:
        # Nothing of the worker's may run twice: no handler at exit, no buffer of its pipes.
        os._exit(0)


def _read(reading: int, until: float) -> bytes | None:
    """All that comes until the other end is closed; None when that takes too long."""
    parts: list[bytes] = []
    while (left := until - time.monotonic()) > 0:
        ready, _, _ = select.select([reading], [], [], left)
        if not ready:
            return None
        part = os.read(reading, CHUNK)
        if not part:
            return b"".join(parts)
        parts.append(part)
    return None
