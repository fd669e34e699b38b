"""`kill -9` of each process of the running system in turn, while a class works with it.

The class works as in `benchmarks.load`, and tries again what broke off. The system is the embedded one as people start
it, with its Hub, its proxy and a learner's environment. After each kill, every way in is tried until it works; at the
end, all that learners were told is kept is read back.
"""

import asyncio
import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import case_at_hand
from benchmarks.classroom import Classroom, Mentor
from benchmarks.harness import CouldNotRun, Figure, Report, main
from benchmarks.lab_clients import Clients
from benchmarks.lesson import Learner, Manner, Record
from benchmarks.processes import alive, children
from benchmarks.running_system import Person, RunningSystem, running_system, signed_in
from benchmarks.ways_in import LONGEST, Watchers, back_after, ways_in
from vault.wiring import open_vault

_BACK_SECONDS: Final = 5.0
_WATCHING: Final = 5
_GONE_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Size:
    """Of the class, and how long it is left alone before each kill."""

    learners: int
    mentors: int
    quiet: float
    learner: Manner
    mentor: Manner


FULL: Final = Size(100, 3, quiet=15, learner=Manner(pause=15, again=True), mentor=Manner(pause=3, again=True))
QUICK: Final = Size(10, 1, quiet=2, learner=Manner(pause=2, again=True), mentor=Manner(pause=1, again=True))
VICTIMS: Final = ("runner", "sandbox", "services", "proxy", "hub")
"""Each in its turn; `sandbox` is the first process below the runner."""


def run(report: Report) -> None:
    """Kill each process in turn under the load of a class: is all acknowledged work there, how soon is all back?"""
    with tempfile.TemporaryDirectory(prefix="cl-bench-") as folder, running_system(Path(folder)) as system:
        asyncio.run(_Chaos(system, QUICK if report.quick else FULL).measure(report))


class _Chaos:
    def __init__(self, system: RunningSystem, size: Size) -> None:
        self._system, self._size = system, size
        self._case = case_at_hand.load()
        self._record = Record()
        self._watched = Record()
        self._over = asyncio.Event()

    async def measure(self, report: Report) -> None:
        room, watchers = await self._begin()
        environments = self._system.environments()
        size = self._size
        lesson = asyncio.create_task(room.attend(self._over, size.learner, size.mentor))
        try:
            for victim in VICTIMS:
                await asyncio.sleep(size.quiet)
                self._tell(report, victim, await self._kill(victim, watchers))
            await asyncio.sleep(size.quiet)
        finally:
            self._over.set()
            await lesson
        survived = len(environments & self._system.environments())
        report.add("environments_that_survived", Figure(survived, target=len(environments), better="higher"))
        await self._judge(report, room, "")
        await asyncio.to_thread(self._system.kill)
        seconds = await asyncio.to_thread(self._system.start)
        report.add("supervisor_started_again", Figure(seconds, "s", note="killed as well; by whoever started it"))
        await self._judge(report, room, "supervisor_")

    async def _begin(self) -> tuple[Classroom, Watchers]:
        """Start the system, have everybody sign in and come in. CouldNotRun."""
        system, size = self._system, self._size
        names = [f"learner-{number:03}" for number in range(size.learners)]
        watching = [f"watching-{number}" for number in range(_WATCHING)]
        desks = [f"mentor-{number}" for number in range(size.mentors + 1)]
        passwords = await asyncio.to_thread(system.accounts, [*names, *watching], desks)
        await asyncio.to_thread(system.start)
        people = await signed_in(system.url, passwords)
        # before anybody else wants something of this machine
        await people[watching[0]].open_server()
        for name in desks:
            await people[name].sit_down_at_the_desk()
        clients = await asyncio.to_thread(self._clients)

        def learner(number: int, person: Person, record: Record) -> Learner:
            return Learner(number, person.name, clients.lab(person.name, person.token), self._case, record)

        room = Classroom(
            [learner(number, people[name], self._record) for number, name in enumerate(names)],
            [Mentor(number, people[name].http) for number, name in enumerate(desks[1:])],
            self._record,
        )
        await room.arrive()
        return room, Watchers(
            page=Person(system.url, "nobody"),
            mentor=people[desks[0]],
            at_server=people[watching[0]],
            labs=[clients.lab(name, people[name].token) for name in watching],
            learners=[learner(number + 1, people[name], self._watched) for number, name in enumerate(watching)],
        )

    def _clients(self) -> Clients:
        settings = self._system.settings
        folder = settings.home / "environments-of-the-class"
        folder.mkdir(mode=0o700)
        authority = open_vault(settings.mode, settings.home).authority
        return Clients(settings, authority, self._case.draft.version, folder, secured=True)

    async def _kill(self, victim: str, watchers: Watchers) -> dict[str, float]:
        """Seconds until each way in works again."""
        if (doomed := self._pid(victim)) is None:
            raise CouldNotRun(f"there is no {victim}")
        os.kill(doomed, signal.SIGKILL)
        killed = time.monotonic()
        while alive(doomed):
            if time.monotonic() - killed > _GONE_SECONDS:
                raise CouldNotRun(f"{victim} does not end")
            await asyncio.sleep(0.005)
        return await back_after(killed, ways_in(watchers, self._case.draft.author.subtasks[0].view.id))

    def _pid(self, victim: str) -> int | None:
        if victim != "sandbox":
            return self._system.part(victim)
        runner = self._system.part("runner")
        return next(iter(children(runner)), None) if runner else None

    def _tell(self, report: Report, victim: str, back: dict[str, float]) -> None:
        slowest = max(back, key=lambda way: back[way])
        told = ", ".join(f"{way} {seconds:.1f}" for way, seconds in back.items())
        note = f"{'never: ' if back[slowest] >= LONGEST else ''}{told}"
        report.add(f"back_{victim}", Figure(back[slowest], "s", target=_BACK_SECONDS, note=note))

    async def _judge(self, report: Report, room: Classroom, prefix: str) -> None:
        """Compare what was acknowledged with what is found."""
        found, record = await room.found(), self._record
        lost, changed = record.kept.lost(found), record.kept.changed(found)
        note = f"of {record.kept.counts()}"
        report.add(f"{prefix}lost", Figure(len(lost), target=0, note=note))
        report.add(f"{prefix}changed", Figure(len(changed), target=0))
        if prefix:
            return
        wrong = [*record.verdicts.wrong, *self._watched.verdicts.wrong]
        right = record.verdicts.right + self._watched.verdicts.right
        report.add("wrong_verdicts", Figure(len(wrong), target=0, note=f"of {right + len(wrong)}"))
        report.add("could_not_judge", Figure(record.verdicts.not_judged, note="told so, and checked again"))
        failures = record.latencies.failures
        told = ", ".join(f"{count} × {why}" for why, count in failures.most_common(4))
        note = f"beside {record.latencies.answered} answers: {told}"
        report.add("broke_off", Figure(failures.total(), note=note))


if __name__ == "__main__":
    sys.exit(main("chaos", run))
