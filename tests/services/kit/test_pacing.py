"""Progress is told as often as somebody can read it; what is more than progress is told always."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from services.kit.pacing import paced

FOR_EVER = 3_600.0


def passes(part: str) -> bool:
    return part.startswith("at")


async def parts(*told: str) -> AsyncGenerator[str, None]:
    for part in told:
        yield part


async def test_the_first_and_the_last_of_those_that_follow_each_other_at_once_are_told() -> None:
    source = parts("at 1", "at 2", "at 3", "at 4", "result")
    assert [part async for part in paced(source, passes, FOR_EVER)] == ["at 1", "at 4", "result"]


async def test_the_last_is_told_when_nothing_comes_after_it() -> None:
    assert [part async for part in paced(parts("at 1", "at 2", "at 3"), passes, FOR_EVER)] == ["at 1", "at 3"]


async def test_without_a_pause_all_are_told() -> None:
    assert [part async for part in paced(parts("at 1", "at 2", "at 3"), passes, 0)] == ["at 1", "at 2", "at 3"]


async def test_what_is_more_than_progress_is_never_left_out() -> None:
    source = parts("one", "two", "at 1", "three")
    assert [part async for part in paced(source, passes, FOR_EVER)] == ["one", "two", "at 1", "three"]


async def test_where_the_work_takes_long_is_told_while_it_does() -> None:
    seen = asyncio.Event()

    async def slow() -> AsyncGenerator[str, None]:
        yield "at 1"
        yield "at 2"
        await seen.wait()
        yield "result"

    told = []
    async with asyncio.timeout(30):
        async for part in paced(slow(), passes, 0.01):
            told.append(part)
            if part == "at 2":
                seen.set()
    assert told == ["at 1", "at 2", "result"]


async def test_an_error_of_the_work_arrives() -> None:
    async def broken() -> AsyncGenerator[str, None]:
        yield "at 1"
        raise RuntimeError("the work broke")

    reader = paced(broken(), passes)
    assert await anext(reader) == "at 1"
    with pytest.raises(RuntimeError, match="the work broke"):
        await anext(reader)


async def test_a_reader_that_leaves_ends_the_work() -> None:
    ended = asyncio.Event()

    async def endless() -> AsyncGenerator[str, None]:
        try:
            yield "at 1"
            await asyncio.Event().wait()
        finally:
            ended.set()

    reader = paced(endless(), passes)
    assert await anext(reader) == "at 1"
    following = asyncio.create_task(anext(reader))
    await asyncio.sleep(0)
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following
    assert ended.is_set()
