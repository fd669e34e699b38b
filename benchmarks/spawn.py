"""Spawning a learner's container, as the learner waits for it, against bare `docker run` of the same image.

In turn, in a running system: somebody opens a case, by way of the Hub, the spawner and the filtering door to the
engine; and the same server is started by hand, with the same image, command, variables and mounts, with nothing that
confines or limits it. Each start ends with the server's answer to the same call, for which it asks the Hub whose token
that is. A neighbour's case is open all the while: it tells what to start by hand.
"""

import asyncio
import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.bare_container import BareContainer, Taken, docker, inspected, started_at
from benchmarks.case_at_hand import CASE
from benchmarks.harness import CouldNotRun, Figure, Report, main
from benchmarks.running_system import Person, RunningSystem, running_system, signed_in
from infra.production.engine_door import Rules, door_app
from infra.production.serve import shown_folders
from infra.settings import EmbeddedSettings
from spawner.docker import LABEL, installation
from tests.docker.door import open_door

_TARGET: Final = 1.2
_ROUNDS: Final = 11
_QUICK_ROUNDS: Final = 3
_LEARNER, _NEIGHBOUR = "learner", "neighbour"


@dataclass(frozen=True)
class Round:
    """One start of each kind."""

    spawned: Taken
    bare: Taken


def run(report: Report) -> None:
    """Open a case in a container, and start the same server by hand, in turn."""
    measure(report, _QUICK_ROUNDS if report.quick else _ROUNDS)


def measure(report: Report, rounds: int) -> None:
    """So many rounds, and one before them that does not count."""
    with tempfile.TemporaryDirectory(prefix="cl-bench-") as name, _system(Path(name)) as system:
        tell(report, asyncio.run(_rounds(system, Path(name), rounds)))


def tell(report: Report, rounds: Sequence[Round]) -> None:
    """Medians, and the ratio of those that end with an answer."""
    spawned = statistics.median(one.spawned.to_answer for one in rounds)
    bare = statistics.median(one.bare.to_answer for one in rounds)
    ratios = sorted(one.spawned.to_answer / one.bare.to_answer for one in rounds)
    report.add("spawn_s", Figure(spawned, "s", note="median, from the wish for the case to its server's answer"))
    report.add("bare_s", Figure(bare, "s", note="median, from `docker run` to the same server's answer"))
    spread = f"single rounds {ratios[0]:.2f} to {ratios[-1]:.2f}"
    report.add("spawn_against_bare", Figure(spawned / bare, "x", target=_TARGET, note=spread))
    for key, starts in (
        ("spawn_to_container_s", [one.spawned for one in rounds]),
        ("bare_to_container_s", [one.bare for one in rounds]),
    ):
        taken = statistics.median(start.to_container for start in starts)
        report.add(key, Figure(taken, "s", note="median, of that until the engine had started the container"))


@contextlib.contextmanager
def _system(folder: Path) -> Iterator[RunningSystem]:
    """A system that is not started yet, whose Hub has the engine behind a door as in production. CouldNotRun."""
    door = folder / "door.sock"
    with _variables(CASELOOP_ISOLATION="docker", DOCKER_HOST=f"unix://{door}"):
        settings = EmbeddedSettings(home=folder / "h", run_dir=Path())
        asyncio.run(_check_image(settings.learner_image))
        user = f"{os.geteuid()}:{os.getegid()}"
        rules = Rules(settings.learner_image.rpartition(":")[0], shown_folders(settings), user)
        with open_door(door, lambda engine: door_app(engine, rules)), running_system(folder) as system:
            yield system


@contextlib.contextmanager
def _variables(**wanted: str) -> Iterator[None]:
    """The system's processes get the environment of this one."""
    before = {name: os.environ.pop(name, None) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


async def _check_image(image: str) -> None:
    try:
        await docker("version")
    except CouldNotRun as error:
        raise CouldNotRun(f"there is no Docker engine here that this account may use: {error}") from error
    try:
        await docker("image", "inspect", "--format", "{{.Id}}", image)
    except CouldNotRun as error:
        raise CouldNotRun(
            f"there is no image {image}: `python3 infra/images/build.py learner` makes it, "
            "and CASELOOP_LEARNER_IMAGE names another one"
        ) from error


async def _rounds(system: RunningSystem, folder: Path, count: int) -> Sequence[Round]:
    passwords = await asyncio.to_thread(system.accounts, [_LEARNER, _NEIGHBOUR], [])
    await asyncio.to_thread(system.start)
    async with contextlib.AsyncExitStack() as stack:
        people = await signed_in(system.url, passwords)
        for person in people.values():
            stack.push_async_callback(person.http.aclose)
        learner, neighbour = people[_LEARNER], people[_NEIGHBOUR]
        await neighbour.open_server()
        (of_neighbour,) = await _containers(system)
        path = f"/user/{_NEIGHBOUR}/{CASE}/api/status"
        bare = BareContainer(await inspected(of_neighbour), folder / "bare", path, neighbour.token)
        rounds = []
        for number in range(count + 1):
            # each goes first in every other round
            if number % 2:
                spawned = await _spawn(system, learner, of_neighbour)
                rounds.append(Round(spawned, await bare.start()))
            else:
                by_hand = await bare.start()
                rounds.append(Round(await _spawn(system, learner, of_neighbour), by_hand))
    return rounds[1:]


async def _spawn(system: RunningSystem, learner: Person, of_neighbour: str) -> Taken:
    """Open the case, wait for its server's answer, and stop it. CouldNotRun."""
    began_at, begun = time.time(), time.perf_counter()
    await learner.open_server()
    answer = await learner.at_server()
    answered = time.perf_counter() - begun
    if not answer.is_success:
        raise CouldNotRun(f"the learner's server refuses the call: {answer.status_code}")
    (container,) = await _containers(system) - {of_neighbour}
    taken = Taken(started_at(await inspected(container)) - began_at, answered)
    await learner.stop_server()
    return taken


async def _containers(system: RunningSystem) -> set[str]:
    """Those of learners in this system."""
    of_system = f"label={LABEL}={installation(system.settings.run_dir)}"
    return set((await docker("ps", "--quiet", "--no-trunc", "--filter", of_system)).split())


if __name__ == "__main__":
    sys.exit(main("spawn", run))
