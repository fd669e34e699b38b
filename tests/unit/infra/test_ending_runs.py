"""Runs that nobody waits for any more end with the command."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, cast

import pytest

from infra.ending_runs import ending_runs
from services.contracts.observation import RunEvent, RunRequest
from services.runner.service import Runner


class _EndlessRunner:
    def __init__(self) -> None:
        self.running = 0

    async def run(self, request: RunRequest) -> AsyncGenerator[RunEvent]:
        self.running += 1
        try:
            await asyncio.Event().wait()
            yield cast("RunEvent", None)
        finally:
            self.running -= 1


async def test_leaving_the_block_ends_runs_that_were_started_on_their_own() -> None:
    runner = _EndlessRunner()
    async with ending_runs(cast("Runner", runner)) as runs:

        async def waits() -> None:
            async for _ in runs.run(cast("RunRequest", None)):
                pass

        task: asyncio.Task[Any] = asyncio.create_task(waits())
        while not runner.running:
            await asyncio.sleep(0)
    assert runner.running == 0
    with pytest.raises(asyncio.CancelledError):
        await task
