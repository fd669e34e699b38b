"""Programs that make something, line by line of what they say."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

_LONGEST_LINE: Final = 1 << 20
_LOOK_SECONDS: Final = 0.5


class ChildFailed(Exception):
    """The program ended with another status than 0."""


class ChildTookTooMuch(Exception):
    """The program was ended because it went beyond its limit."""


async def lines_of(
    words: Sequence[str], cwd: Path, variables: Mapping[str, str], too_much: Callable[[], bool] | None = None
) -> AsyncIterator[str]:
    """Lines of its output and errors. It is ended with all that it started when nobody wants more of them.

    `too_much` is asked now and then, in a thread, whether to end it. Raises `ChildFailed`, `ChildTookTooMuch`.
    """
    process = await asyncio.create_subprocess_exec(
        *words,
        cwd=cwd,
        env=variables,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        limit=_LONGEST_LINE,
        start_new_session=True,
        # sandboxes may run as a user who owns nothing of it
        umask=0o022,
    )
    assert process.stdout is not None
    watch = asyncio.create_task(_watch(process, too_much)) if too_much else None
    try:
        async for raw in process.stdout:
            yield raw.decode(errors="replace").rstrip()
        status = await process.wait()
    finally:
        if watch:
            watch.cancel()
        if process.returncode is None:
            _end(process)
            await process.wait()
    if watch and watch.done() and not watch.cancelled():
        raise ChildTookTooMuch
    if status:
        raise ChildFailed


async def _watch(process: asyncio.subprocess.Process, too_much: Callable[[], bool]) -> None:
    """Return once it was ended."""
    while True:
        if await asyncio.to_thread(too_much):
            _end(process)
            return
        await asyncio.sleep(_LOOK_SECONDS)


def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def passed_on(names: Sequence[str]) -> dict[str, str]:
    """Those of our own variables that a program gets to know; none of our keys is among them."""
    return {name: os.environ[name] for name in names if name in os.environ}
