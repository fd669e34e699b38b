"""Runs apart from those who read them, so that they can be ended although nobody reads on."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import structlog

from services.contracts.observation import RunEvent, RunFailed
from services.kit.stream import ended
from services.runner.errors import SessionRefused

_log = structlog.get_logger()
_END_SECONDS: Final = 20.0
"""The longest that ending runs are waited for: a killed sandbox is gone within milliseconds."""
ENDING: Final = "the runner is ending"


class RunsUnderWay:
    """Each run in a task of its own."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._end = asyncio.Event()

    def __len__(self) -> int:
        return len(self._tasks)

    def refuse_late(self) -> None:
        """Raise SessionRefused once runs are being ended: nobody would end what begins then."""
        if self._end.is_set():
            raise SessionRefused(ENDING)

    async def told(self, run: AsyncGenerator[RunEvent, None]) -> AsyncGenerator[RunEvent, None]:
        """What the run says, as it happens; RunFailed as the last where it is ended. Closing this ends the run."""
        if self._end.is_set():
            yield _broken_off()
            return
        said: asyncio.Queue[RunEvent | None] = asyncio.Queue()
        task = asyncio.create_task(_follow(run, said))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            while (event := await said.get()) is not None:
                yield event
        finally:
            await ended(task)
        if task.cancelled():
            yield _broken_off()
        else:
            task.result()

    async def end(self) -> None:
        """Begin none any more, break off those under way, and wait until they have tidied up."""
        self._end.set()
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=_END_SECONDS)
        if late:
            _log.error("runs_do_not_end", runs=len(late), seconds=_END_SECONDS)


def _broken_off() -> RunFailed:
    return RunFailed(error=SessionRefused.error, detail=ENDING)


async def _follow(run: AsyncGenerator[RunEvent, None], said: "asyncio.Queue[RunEvent | None]") -> None:
    try:
        async with aclosing(run) as events:
            async for event in events:
                said.put_nowait(event)
    finally:
        said.put_nowait(None)
