"""A class and its mentors at one running system."""

import asyncio
import random
from collections.abc import Sequence
from typing import Final

import httpx

from benchmarks.acknowledged import Ledger
from benchmarks.case_at_hand import CASE
from benchmarks.harness import CouldNotRun
from benchmarks.lab_calls import Refused, sound
from benchmarks.latencies import Kind, Latencies
from benchmarks.lesson import Learner, Manner, NotJudged, Pace, Record, tried
from services.contracts.escalation import QueuePage
from services.gateway.dashboard.registration import PREFIX

API: Final = f"{PREFIX}api/"
_AT_ONCE: Final = 4
"""Learners who come in, or whose work is read back, at a time."""
_PAGES: Final = (
    "queue?limit=50",
    f"class?case={CASE}&limit=100",
    f"class?case={CASE}&watch=true&limit=100",
    "measures?days=30",
)


class Mentor:
    """A mentor's browser: looks at pages, and opens whoever waits."""

    def __init__(self, number: int, http: httpx.AsyncClient) -> None:
        self._http, self._chance = http, random.Random(number)
        self._pace = Pace(self._chance)

    async def attend(self, latencies: Latencies, over: asyncio.Event, manner: Manner) -> None:
        """Read until the lesson is over."""
        while await self._pace.next(over, manner):
            await tried(latencies, Kind.DESK, self._look, over, manner)

    async def _look(self) -> None:
        page = self._chance.choice(_PAGES)
        answer = sound(await self._http.get(API + page))
        if page.startswith("queue") and (waiting := QueuePage.model_validate_json(answer.content).items):
            sound(await self._http.get(f"{API}queue/{self._chance.choice(waiting).id}"))


class Classroom:
    """Everybody, and what is noted of them."""

    def __init__(self, learners: Sequence[Learner], mentors: Sequence[Mentor], record: Record) -> None:
        self._learners, self._mentors, self.record = learners, mentors, record

    async def arrive(self) -> None:
        """Let all come in; nothing of it counts among the latencies. CouldNotRun."""
        turns = asyncio.Semaphore(_AT_ONCE)

        async def come_in(learner: Learner) -> None:
            async with turns:
                try:
                    await learner.arrive()
                except (Refused, NotJudged) as error:
                    raise CouldNotRun(f"{learner.name} could not begin: {error}") from error

        await asyncio.gather(*map(come_in, self._learners))

    async def attend(self, over: asyncio.Event, learners: Manner, mentors: Manner) -> None:
        """Have the lesson, until it is over and everybody has put the pen down."""
        latencies = self.record.latencies
        await asyncio.gather(
            *(learner.attend(over, learners) for learner in self._learners),
            *(mentor.attend(latencies, over, mentors) for mentor in self._mentors),
        )

    async def one_call(self, number: int, kind: Kind, latencies: Latencies) -> None:
        """Have one learner do one thing while the others wait; the same number is the same at any system."""
        await self._learners[number % len(self._learners)].one_call(kind, number, latencies)

    async def found(self) -> Ledger:
        """All that is kept of everybody's work. Refused, httpx.HTTPError."""
        ledger, turns = Ledger(), asyncio.Semaphore(_AT_ONCE)

        async def look(learner: Learner) -> None:
            async with turns:
                await learner.look_again(ledger)

        await asyncio.gather(*map(look, self._learners))
        return ledger
