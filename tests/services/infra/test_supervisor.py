import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from infra.supervisor import NotStarted, Part, Supervisor

TOUCH_THEN_SLEEP = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"


def part(name: str, code: str, marker: Path, **changes: object) -> Part:
    async def ready() -> bool:
        return marker.exists()

    settings: dict[str, object] = {"probe_seconds": 0.1, "misses": 2, "stop_seconds": 2.0, "ready_seconds": 10.0}
    return Part(name, [sys.executable, "-c", code, str(marker)], ready, **(settings | changes))  # type: ignore[arg-type]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(*parts: Part) -> AsyncIterator[tuple[Supervisor, list[tuple[str, str]]]]:
    said: list[tuple[str, str]] = []
    supervisor = Supervisor(parts, lambda name, line: said.append((name, line)), spare_seconds=0)
    up = asyncio.Event()

    async def started() -> None:
        up.set()

    task = asyncio.create_task(supervisor.run(started))
    await asyncio.wait({task, asyncio.create_task(up.wait())}, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield supervisor, said
    finally:
        supervisor.stop.set()
        await task


async def test_a_part_starts_only_when_those_before_it_are_ready(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    late = f"import time; time.sleep(0.3); {TOUCH_THEN_SLEEP}"
    watch = f"import pathlib; assert pathlib.Path({str(first)!r}).exists(); {TOUCH_THEN_SLEEP}"
    async with running(part("first", late, first), part("second", watch, second)) as (_, said):
        assert second.exists()
    assert said == []


async def test_a_part_that_never_gets_ready_ends_the_start_and_everything_started_before(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    good = f"import os, pathlib; pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); {TOUCH_THEN_SLEEP}"
    bad = part("bad", "import time; time.sleep(600)", tmp_path / "never", ready_seconds=0.5)
    supervisor = Supervisor([part("good", good, tmp_path / "good"), bad], lambda *_: None)
    with pytest.raises(NotStarted, match="bad"):
        await supervisor.run(lambda: asyncio.sleep(0))
    assert not alive(int(pid.read_text()))


async def test_a_killed_part_is_started_again(tmp_path: Path) -> None:
    marker, pids = tmp_path / "up", tmp_path / "pids"
    code = f"import os, pathlib; print(os.getpid(), file=open({str(pids)!r}, 'a')); {TOUCH_THEN_SLEEP}"
    async with running(part("a", code, marker)) as (_, said):
        os.kill(int(pids.read_text()), signal.SIGKILL)
        await until(lambda: len(pids.read_text().split()) == 2)
    assert any("ended with -9; starting again in 0.25 s" in line for _, line in said)


async def test_a_part_that_hangs_is_ended_and_started_again(tmp_path: Path) -> None:
    marker, pids = tmp_path / "up", tmp_path / "pids"
    code = f"import os, pathlib; print(os.getpid(), file=open({str(pids)!r}, 'a')); {TOUCH_THEN_SLEEP}"
    async with running(part("a", code, marker)) as (_, said):
        first = int(pids.read_text())
        marker.unlink()  # the probe fails from now on
        await until(lambda: len(pids.read_text().split()) == 2)
        assert not alive(first)
    assert ("a", "hangs; starting again in 0.25 s") in said


async def test_stopping_ends_grandchildren_and_those_who_ignore_the_signal(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = (
        "import os, signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}'); {TOUCH_THEN_SLEEP}"
    )
    async with running(part("stubborn", code, tmp_path / "up", stop_seconds=0.3)):
        pass
    for pid in pids.read_text().split():
        await until(lambda pid=pid: not alive(int(pid)))


async def test_a_part_that_fails_again_and_again_is_given_up(tmp_path: Path) -> None:
    marker = tmp_path / "up"
    dies = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(0.05)"
    supervisor = Supervisor([part("a", dies, marker)], lambda *_: None, give_up=2)
    await supervisor.run(lambda: asyncio.sleep(0))
    assert supervisor.failure == "a failed 3 times in a row"


def with_spare(marker: Path, pids: Path, waits: str = "sys.stdin.readline()") -> Part:
    """A part that writes down its process id, and whose spare does the same once it is told to begin."""
    serves = f"print(os.getpid(), file=open({str(pids)!r}, 'a'), flush=True); {TOUCH_THEN_SLEEP}"
    spare = f"import os, sys; print('spare', os.getpid(), flush=True); {waits}; {serves}"
    return part("a", f"import os; {serves}", marker, spare=[sys.executable, "-c", spare, str(marker)])


def _spares(said: list[tuple[str, str]]) -> list[int]:
    return [int(line.split()[1]) for _, line in said if line.startswith("spare ")]


async def test_a_spare_takes_the_place_of_a_part_that_ended_and_gets_one_itself(tmp_path: Path) -> None:
    marker, pids = tmp_path / "up", tmp_path / "pids"
    async with running(with_spare(marker, pids)) as (_, said):
        await until(lambda: len(_spares(said)) == 1)
        (first,) = pids.read_text().split()
        os.kill(int(first), signal.SIGKILL)
        await until(lambda: len(_spares(said)) == 2)
        taken, waiting = _spares(said)
        assert [int(pid) for pid in pids.read_text().split()] == [int(first), taken]
        assert alive(taken)
        assert alive(waiting)
    assert not alive(taken)
    assert not alive(waiting)


async def test_a_spare_that_has_ended_is_not_counted_on_and_not_started_over_and_over(tmp_path: Path) -> None:
    marker, pids = tmp_path / "up", tmp_path / "pids"
    async with running(with_spare(marker, pids, waits="sys.exit(1)")) as (_, said):
        await until(lambda: len(_spares(said)) == 1)
        await until(lambda: not alive(_spares(said)[0]))
        os.kill(int(pids.read_text()), signal.SIGKILL)
        await until(lambda: len(pids.read_text().split()) == 2)
        await until(lambda: len(_spares(said)) == 2)
    assert not set(map(str, _spares(said))) & set(pids.read_text().split())


async def test_a_spare_that_cannot_be_started_is_said_and_does_no_harm(tmp_path: Path) -> None:
    marker = tmp_path / "up"
    async with running(part("a", TOUCH_THEN_SLEEP, marker, spare=["/nowhere/program"])) as (supervisor, said):
        await until(lambda: any("no spare can be started" in line for _, line in said))
        assert supervisor.failure is None
