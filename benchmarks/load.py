"""A class of a hundred learners and their mentors at the services for two minutes, with mTLS and without, in turn.

Both systems run all the time, each on a home of its own, and one of them is idle. The Hub answers from memory. What
the learners do, and how often, is in `benchmarks.lesson`; the limits on each learner are the product's own.
"""

import asyncio
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks import case_at_hand
from benchmarks.class_services import Served, copied_home, open_classroom, published_home, served
from benchmarks.classroom import Classroom
from benchmarks.harness import Figure, Report, main
from benchmarks.latencies import Latencies, cost
from benchmarks.lesson import SHARES, Manner
from benchmarks.processes import family, memory_mb, processor_seconds

_COST: Final = 1.1
_SAMPLED: Final = 2.0
"""Seconds between two looks at the memory."""


@dataclass(frozen=True)
class Size:
    """Of the class and its lesson."""

    learners: int
    mentors: int
    rounds: int
    seconds: float
    """Of one round of one system."""
    single: int
    """Calls that are made of each system one at a time, after the lesson."""
    learner: Manner
    mentor: Manner


FULL: Final = Size(100, 3, rounds=4, seconds=30, single=200, learner=Manner(pause=15), mentor=Manner(pause=3))
QUICK: Final = Size(12, 1, rounds=2, seconds=4, single=20, learner=Manner(pause=2), mentor=Manner(pause=1))


@dataclass
class _Side:
    """One of the two systems, with its class."""

    name: str
    system: Served
    room: Classroom
    processor: float = 0
    """Seconds that its processes took during lessons."""
    memory: dict[str, float] = field(default_factory=dict)
    """Process -> most megabytes, with all below it."""
    single: Latencies = field(default_factory=Latencies)
    """Of calls that were made one at a time."""

    async def round(self, size: Size) -> None:
        """One part of the lesson."""
        over, before = asyncio.Event(), self._processor()
        watching = asyncio.create_task(self._watch())
        asyncio.get_running_loop().call_later(size.seconds, over.set)
        await self.room.attend(over, size.learner, size.mentor)
        watching.cancel()
        self.processor += self._processor() - before

    def _processor(self) -> float:
        return processor_seconds(*self.system.processes.values())

    async def _watch(self) -> None:
        while True:
            for name, pid in self.system.processes.items():
                held = await asyncio.to_thread(_held, pid)
                self.memory[name] = max(self.memory.get(name, 0), held)
            await asyncio.sleep(_SAMPLED)

    async def tell(self, report: Report) -> None:
        """Add what was seen of it."""
        record = self.room.record
        record.latencies.tell(report, f"{self.name}_")
        for name, most in self.memory.items():
            report.add(f"{self.name}_{name}_memory", Figure(most, "MB", note="most, PSS of the process and all below"))
        verdicts, lost = record.verdicts, record.kept.lost(await self.room.found())
        note = f"of {verdicts.right + len(verdicts.wrong)}, {verdicts.not_judged} could not be judged"
        report.add(f"{self.name}_wrong_verdicts", Figure(len(verdicts.wrong), target=0, note=note))
        report.add(f"{self.name}_lost", Figure(len(lost), target=0, note=f"of {record.kept.counts()}"))


def _held(pid: int) -> float:
    return memory_mb(family(pid))


def run(report: Report) -> None:
    """Measure checks, reviews, chat, saves and the desk under the load of a class, with mTLS and without."""
    size = QUICK if report.quick else FULL
    with tempfile.TemporaryDirectory(prefix="cl-bench-") as folder:
        secured = published_home(Path(folder) / "m")
        plain = copied_home(secured, Path(folder) / "p")
        with served(secured, secured=True) as with_tls, served(plain, secured=False) as without:
            asyncio.run(_measure(report, size, with_tls, without))


async def _measure(report: Report, size: Size, *systems: Served) -> None:
    case = case_at_hand.load()
    sides = []
    for system in systems:
        room = await open_classroom(system, case, size.learners, size.mentors)
        await room.arrive()
        sides.append(_Side("mtls" if system.secured else "plain", system, room))
    for _, side in _in_turn(sides, size.rounds):
        await side.round(size)
    for side in sides:
        await side.tell(report)
    kinds = random.Random(0).choices(list(SHARES), list(SHARES.values()), k=size.single)
    for number, side in _in_turn(sides, size.single):
        await side.room.one_call(number, kinds[number], side.single)
    _tell_cost(report, *sides)


def _in_turn(sides: Sequence[_Side], times: int) -> Iterator[tuple[int, _Side]]:
    """Each side so many times, by number; who is first takes turns, too."""
    for number in range(times):
        for side in sides if number % 2 == 0 else reversed(sides):
            yield number, side


def _tell_cost(report: Report, secured: _Side, plain: _Side) -> None:
    logs = secured.room.record.latencies, plain.room.record.latencies
    report.add("mtls_cost_time", Figure(cost(*logs), "x", target=_COST, note="medians of the lesson's mix of calls"))
    note = "medians of the same mix, called of one system and the other in turn, one at a time"
    report.add("mtls_cost_time_single", Figure(cost(secured.single, plain.single), "x", target=_COST, note=note))
    spent = secured.processor / max(logs[0].answered, 1), plain.processor / max(logs[1].answered, 1)
    note = f"of the processes, a call of the lesson; {spent[1] * 1e3:.0f} ms without"
    report.add("mtls_cost_processor", Figure(spent[0] / spent[1], "x", target=_COST, note=note))
    failed = sum(side.single.failures.total() for side in (secured, plain))
    report.add("single_errors", Figure(failed, target=0, note="of the calls made one at a time"))


if __name__ == "__main__":
    sys.exit(main("load", run))
