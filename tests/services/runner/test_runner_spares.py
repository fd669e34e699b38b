"""Sessions kept open: warmed up beforehand when there is time for that."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from services.contracts.observation import CodeCell, RunFinished, RunRequest
from services.runner.service import Runner
from services.runner.session import Session
from services.runner.settings import RunnerSettings
from services.runner.zygote import Zygote

pytestmark = pytest.mark.sandbox


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each session was warmed up, in the order in which they were opened; of zygotes that open several."""
    flags: list[bool] = []
    original: Callable[..., Any] = Zygote.open

    async def noted(self: Zygote, *, warm: bool) -> Session:
        session: Session = await original(self, warm=warm)
        flags.append(warm)
        return session

    monkeypatch.setattr(Zygote, "open", noted)
    return flags


async def run(runner: Runner, source: str) -> None:
    request = RunRequest(environment="spares", imports=(), cells=(CodeCell(id="@0", source=source),))
    events = [event async for event in runner.run(request)]
    assert isinstance(events[-1], RunFinished), events[-1]


async def until(opened: list[bool], count: int) -> None:
    async with asyncio.timeout(30):
        while len(opened) < count:
            await asyncio.sleep(0.01)


async def test_one_opened_for_whoever_comes_next_is_warmed_up(settings: RunnerSettings, opened: list[bool]) -> None:
    async with Runner(settings.model_copy(update={"spares": 1})) as runner:
        await runner.check()
        opened.clear()
        await run(runner, "1")
        await until(opened, 2)
    assert opened == [False, True]


async def test_none_is_while_all_processors_have_work(settings: RunnerSettings, opened: list[bool]) -> None:
    async with Runner(settings.model_copy(update={"spares": 1, "workers": 3})) as runner:
        await runner.check()
        opened.clear()
        long = [asyncio.create_task(run(runner, "import time; time.sleep(25)")) for _ in range(2)]
        await until(opened, 2)
        await run(runner, "1")
        await until(opened, 4)
        assert opened == [False] * 4
        for task in long:
            task.cancel()
        await asyncio.gather(*long, return_exceptions=True)


async def test_those_opened_meanwhile_are_opened_anew_when_there_is_time(
    settings: RunnerSettings, opened: list[bool]
) -> None:
    async with Runner(settings.model_copy(update={"spares": 2, "workers": 3})) as runner:
        await runner.check()
        opened.clear()
        long = asyncio.create_task(run(runner, "import time; time.sleep(25)"))
        await until(opened, 1)
        await run(runner, "1")
        await until(opened, 4)
        assert opened == [False] * 4
        long.cancel()
        await asyncio.gather(long, return_exceptions=True)
        await run(runner, "1")
        await until(opened, 6)
        assert opened == [False] * 4 + [True] * 2
