"""Runs that end when the command ends, although somebody may still wait for them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from feedback.ports import Runs
from services.contracts.observation import RunEvent, RunRequest
from services.runner.service import Runner


class EndingRuns:
    """Passes runs on. A reference run goes on when the submission that asked for it is gone; `close` ends it."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._waiting: set[asyncio.Task[Any]] = set()

    async def run(self, request: RunRequest) -> AsyncGenerator[RunEvent]:
        """As `Runner.run`."""
        task = asyncio.current_task()
        assert task is not None
        self._waiting.add(task)
        try:
            async with aclosing(self._runner.run(request)) as events:
                async for event in events:
                    yield event
        finally:
            self._waiting.discard(task)

    async def close(self) -> None:
        """Cancel whoever waits for a run, and wait until the runs are over."""
        waiting = self._waiting - {asyncio.current_task()}
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


@asynccontextmanager
async def ending_runs(runner: Runner) -> AsyncIterator[Runs]:
    """The runner's runs, for as long as the block lasts. Leave it before the runner is closed."""
    runs = EndingRuns(runner)
    try:
        yield runs
    finally:
        await runs.close()
