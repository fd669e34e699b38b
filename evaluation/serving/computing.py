"""The process that computes: it has its memory back when it ends, and learners' requests never wait for it."""

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections import OrderedDict
from collections.abc import Hashable
from pathlib import Path
from typing import Final, TypeVar

import structlog

from evaluation.serving.errors import CannotCompute, RunDamaged, RunNotFound, TookTooLong
from services.contracts.model import WireModel

_log = structlog.get_logger(__name__)
REFUSED: Final = 3
"""Exit status of the process when it answers with a refusal."""
SECONDS: Final = 120.0
"""On two busy cores a comparison of two runs of 10,000 samples takes a fifth of it."""
_AT_ONCE: Final = 1
"""A second one would take the second core from learners."""
_ENVIRONMENT: Final = {"PATH": os.defpath, "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"}
"""No secret of the service."""
_REFUSALS: Final = {kind.error: kind for kind in (RunNotFound, RunDamaged, CannotCompute)}
T = TypeVar("T", bound=WireModel)


class Computing:
    """Does jobs of `evaluation.serving.worker`, one at a time, over the runs of one home."""

    def __init__(self, home: Path, *, seconds: float = SECONDS) -> None:
        self._home, self._seconds = home, seconds
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def do(self, kind: type[T], job: str, **arguments: str | int) -> T:
        """The job's answer. Raises RunNotFound, RunDamaged, TookTooLong, CannotCompute."""
        request = json.dumps({"job": job, "home": str(self._home), **arguments}).encode()
        try:
            async with asyncio.timeout(self._seconds), self._turns:
                status, body = await _answer(request)
        except TimeoutError:
            raise TookTooLong(f"The figures were not there within {self._seconds:g} s. Try again.") from None
        if status == 0:
            return kind.model_validate_json(body)
        if status == REFUSED:
            refusal = json.loads(body)
            raise _REFUSALS[refusal["error"]](refusal["detail"])
        _log.error("figures could not be computed", job=job, status=status, **arguments)
        raise CannotCompute("The figures could not be computed; the service's log says more. Try again.")


async def _answer(request: bytes) -> tuple[int, bytes]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-m", "evaluation.serving.worker",
        stdin=PIPE, stdout=PIPE, stderr=None, env=_ENVIRONMENT, start_new_session=True,
    )  # fmt: skip
    try:
        body, _ = await process.communicate(request)
    finally:
        # also when whoever asked has gone
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    assert process.returncode is not None, "it has ended"
    return process.returncode, body


class Remembered:
    """The last answers, until what they were computed from changes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, tuple[Hashable, WireModel]] = OrderedDict()

    def get(self, key: Hashable, stamp: Hashable, kind: type[T]) -> T | None:
        """The answer to `key`, if it was computed from files as they are now."""
        known = self._kept.get(key)
        if known is None or known[0] != stamp or not isinstance(known[1], kind):
            return None
        self._kept.move_to_end(key)
        return known[1]

    def keep(self, key: Hashable, stamp: Hashable, answer: WireModel) -> None:
        """Remember one more, and forget the one that was not asked for the longest."""
        self._kept[key] = stamp, answer
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
