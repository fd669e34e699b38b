"""How somebody in a lesson paces the things that they do."""

import asyncio
import random

from benchmarks.lesson import Manner, Pace

LONG, SHORT = Manner(pause=3_600), Manner(pause=0.001)


async def test_a_wait_that_a_part_ends_in_goes_on_in_the_next_part() -> None:
    pace, over = Pace(random.Random(1)), asyncio.Event()
    left = [random.Random(1).uniform(0, LONG.pause)]
    for _ in range(2):
        asyncio.get_running_loop().call_later(0.02, over.set)
        assert not await pace.next(over, LONG)
        assert pace._left is not None
        left.append(pace._left)
        over.clear()
    assert left == sorted(left, reverse=True)
    assert left[0] - left[2] >= 0.03


async def test_what_is_due_is_done_and_the_next_wait_is_drawn() -> None:
    pace = Pace(random.Random(1))
    assert await pace.next(asyncio.Event(), SHORT)
    assert await pace.next(asyncio.Event(), SHORT)


async def test_nothing_is_begun_when_the_part_is_over() -> None:
    over = asyncio.Event()
    over.set()
    assert not await Pace(random.Random(1)).next(over, SHORT)
