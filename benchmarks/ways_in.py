"""What people notice when something has been killed: each way in is tried until it works again."""

import asyncio
import contextlib
import itertools
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import httpx

from benchmarks.classroom import API
from benchmarks.lab_calls import Refused, sound
from benchmarks.lesson import Learner, NotJudged
from benchmarks.running_system import Person

LONGEST: Final = 60.0
"""Seconds after which a way in counts as closed for good."""
_PAUSE: Final = 0.1
_ONE_TRY: Final = 10.0
Try = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Watchers:
    """Those who try: they take no part in the lesson, so that their wishes wait for nothing else of their own."""

    page: Person
    mentor: Person
    at_server: Person
    """Has a running environment."""
    labs: Sequence[httpx.AsyncClient]
    learners: Sequence[Learner]
    """Each of them checks in turn, so that the limit on one learner's checks is none here."""


def ways_in(watchers: Watchers, subtask: str) -> Mapping[str, Try]:
    """What is tried, by name."""
    turns, labs = itertools.cycle(watchers.learners), itertools.cycle(watchers.labs)

    async def page() -> None:
        sound(await watchers.page.http.get("/hub/login"))

    async def server() -> None:
        sound(await watchers.at_server.at_server())

    async def desk() -> None:
        sound(await watchers.mentor.http.get(f"{API}queue?limit=50"))

    async def gateway() -> None:
        sound(await next(labs).get("/api/case"))

    async def check() -> None:
        await next(turns).check(subtask, None)

    return {"page": page, "environment": server, "desk": desk, "gateway": gateway, "check": check}


async def back_after(killed: float, ways: Mapping[str, Try]) -> dict[str, float]:
    """Seconds from the moment of the kill until each way in has worked once; LONGEST for one that did not."""
    seconds = await asyncio.gather(*(_back(killed, attempt) for attempt in ways.values()))
    return dict(zip(ways, seconds, strict=True))


async def _back(killed: float, attempt: Try) -> float:
    while (since := time.monotonic() - killed) < LONGEST:
        with contextlib.suppress(httpx.HTTPError, Refused, NotJudged, TimeoutError):
            async with asyncio.timeout(_ONE_TRY):
                await attempt()
            return time.monotonic() - killed
        await asyncio.sleep(_PAUSE)
    return since
