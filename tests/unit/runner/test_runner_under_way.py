"""Runs are ended although nobody reads on, and say so; what they say and raise arrives as ever."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from services.contracts.observation import CellStarted, RunEvent, RunFailed
from services.runner.errors import SessionRefused
from services.runner.under_way import ENDING, RunsUnderWay

FIRST = CellStarted(id="c", index=0, count=1)
LAST = RunFailed(error="case", detail="said by the run itself")


class Tidied:
    """What has become of a run."""

    done = False


async def a_run(tidied: Tidied, trouble: Exception | None = None, *, endless: bool = False) -> AsyncGenerator[RunEvent]:
    try:
        yield FIRST
        if endless:
            await asyncio.Event().wait()
        if trouble:
            raise trouble
        yield LAST
    finally:
        await asyncio.sleep(0)
        tidied.done = True


async def test_events_arrive_in_order_and_the_run_has_tidied_up_at_the_end() -> None:
    tidied = Tidied()
    assert [event async for event in RunsUnderWay().told(a_run(tidied))] == [FIRST, LAST]
    assert tidied.done


async def test_a_fault_of_ours_is_not_swallowed() -> None:
    tidied = Tidied()
    events = RunsUnderWay().told(a_run(tidied, ZeroDivisionError()))
    assert await anext(events) == FIRST
    with pytest.raises(ZeroDivisionError):
        await anext(events)
    assert tidied.done


async def test_closing_ends_the_run_before_it_returns() -> None:
    tidied = Tidied()
    events = RunsUnderWay().told(a_run(tidied, endless=True))
    await anext(events)
    await events.aclose()
    assert tidied.done


async def test_runs_that_nobody_reads_are_ended_and_late_ones_refused() -> None:
    runs, tidied = RunsUnderWay(), Tidied()
    runs.refuse_late()
    events = runs.told(a_run(tidied, endless=True))
    await anext(events)
    await runs.end()
    assert tidied.done
    broken_off = RunFailed(error="session_refused", detail=ENDING)
    assert [event async for event in events] == [broken_off]
    assert [event async for event in runs.told(a_run(Tidied()))] == [broken_off]
    with pytest.raises(SessionRefused):
        runs.refuse_late()
