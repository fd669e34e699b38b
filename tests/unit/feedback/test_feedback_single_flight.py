"""Made once, however many ask."""

import asyncio

import pytest

from feedback.single_flight import SingleFlight


async def test_many_askers_share_one_making() -> None:
    flight, made = SingleFlight[str, int](4), []

    async def make() -> int:
        made.append(1)
        await asyncio.sleep(0.01)
        return 7

    assert await asyncio.gather(*(flight.get("a", make) for _ in range(50))) == [7] * 50
    assert await flight.get("a", make) == 7
    assert len(made) == 1


async def test_a_failure_is_told_to_all_and_not_kept() -> None:
    flight, tries = SingleFlight[str, int](4), []

    async def make() -> int:
        tries.append(1)
        await asyncio.sleep(0)
        if len(tries) == 1:
            raise ValueError("once")
        return 7

    told = await asyncio.gather(flight.get("a", make), flight.get("a", make), return_exceptions=True)
    assert [type(error) for error in told] == [ValueError, ValueError]
    assert await flight.get("a", make) == 7


async def test_making_goes_on_when_the_first_asker_leaves() -> None:
    flight, made = SingleFlight[str, int](4), []

    async def make() -> int:
        await asyncio.sleep(0.02)
        made.append(1)
        return 7

    first = asyncio.create_task(flight.get("a", make))
    second = asyncio.create_task(flight.get("a", make))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await second == 7
    assert len(made) == 1


async def test_the_least_recently_used_goes_first() -> None:
    flight, made = SingleFlight[str, str](2), []

    def maker(key: str):  # type: ignore[no-untyped-def]
        async def make() -> str:
            made.append(key)
            return key

        return make

    for key in ("a", "b", "a", "c", "a", "b"):
        await flight.get(key, maker(key))
    assert made == ["a", "b", "c", "b"]
