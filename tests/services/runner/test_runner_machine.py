"""Sandboxes made in every way this machine offers, and what is said where none can be made."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
import pytest_asyncio

from services.contracts.limits import Limits
from services.contracts.observation import (
    CellStarted,
    CheckCode,
    CodeCell,
    Observation,
    Probe,
    RunEvent,
    RunFailed,
    RunFinished,
    RunRequest,
)
from services.runner import memory_watch
from services.runner.bubblewrap import Shape, find_interpreter
from services.runner.errors import SandboxUnavailable, SessionRefused
from services.runner.local_sandbox import LocalSandbox, Machine
from services.runner.machine import find_machine
from services.runner.service import Runner
from services.runner.settings import RunnerSettings

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]
ROOT = os.geteuid() == 0
SHAPES = (
    # In a user namespace root sees a /proc that bubblewrap has covered in parts, and the kernel gives it no fresh one.
    [Shape(drop_root=True, nested=True), Shape(drop_root=True, nested=False), Shape(drop_root=False, nested=False)]
    if ROOT
    else [Shape(drop_root=False, nested=True), Shape(drop_root=False, nested=False)]
)
CROWD = """
import os, time
for _ in range(34):
    if os.fork() == 0:
        time.sleep(60)
"""
"""As many processes as a run may have, but one."""
HOG = """
import os, time, numpy as np
for _ in range(8):
    if os.fork() == 0:
        x = np.ones(12_000_000); time.sleep(60)
time.sleep(60)
"""


def request(source: str, *, wall_seconds: float = 10, memory_mb: int = 512) -> RunRequest:
    return RunRequest(
        environment="shapes",
        imports=("numpy",),
        cells=(CodeCell(id="c", source=source),),
        checks=(CheckCode(id="k", source="assert ans == 42"),),
        probes=(Probe(id="p", name="ans"),),
        limits=Limits(wall_seconds=wall_seconds, memory_mb=memory_mb),
    )


async def observe(runner: Runner, asked: RunRequest) -> Observation:
    events = [event async for event in runner.run(asked)]
    assert isinstance(events[-1], RunFinished), events[-1]
    return events[-1].observation


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=SHAPES, ids=repr)
async def shaped(request: pytest.FixtureRequest, settings: RunnerSettings) -> AsyncIterator[Runner]:
    """A runner of one shape, without control groups: the weakest that this machine could be."""
    found = await find_machine(settings, root=ROOT, only=request.param)
    machine = Machine(found.interpreter, found.shape, None, found.start_seconds)
    # No spares: what the tests count are the processes of their own runs.
    async with Runner(settings.model_copy(update={"spares": 0}), machine=machine) as runner:
        yield runner


async def test_every_shape_runs_checks_and_confines(shaped: Runner) -> None:
    for _ in range(2):
        seen = await observe(shaped, request("open('x', 'w').write('y')\nans = 42\nprint('hi')"))
        assert seen.complete, seen
        assert seen.checks[0].status == "passed"
        assert seen.cells[0].stdout.text == "hi\n"
    confined = await observe(
        shaped,
        request(
            "import os, socket\nans = 42\ntry: socket.socket(); ans = 0\nexcept OSError: pass\n"
            "for p in ('/dev/x', '/usr/x', '/x', '/etc/x'):\n    try: open(p, 'w'); ans = p\n    except OSError: pass\n"
            "if os.path.exists('x') or len([p for p in os.listdir('/proc') if p.isdigit()]) > 3: ans = 1"
        ),
    )
    assert confined.checks[0].status == "passed", confined.probes


async def test_memory_of_a_tree_is_watched_where_no_control_group_is(shaped: Runner) -> None:
    seen = await observe(shaped, request(HOG, wall_seconds=15, memory_mb=128))
    assert not seen.complete
    assert seen.lost == "memory"
    assert (await observe(shaped, request("ans = 42"))).complete


async def test_a_run_with_all_processes_it_may_have_takes_none_from_others(shaped: Runner) -> None:
    crowd = request(CROWD, wall_seconds=60)
    crowd = crowd.model_copy(update={"cells": (*crowd.cells, CodeCell(id="w", source="time.sleep(60)"))})
    async with aclosing(shaped.run(crowd)) as events:
        started = [await anext(events), await anext(events)]
        assert [event.id for event in started if isinstance(event, CellStarted)] == ["c", "w"]
        assert (await observe(shaped, request("ans = 42"))).complete


async def test_a_run_that_is_closed_ends_its_processes(shaped: Runner) -> None:
    events = shaped.run(request("import time; time.sleep(60)", wall_seconds=60))
    await anext(events)
    before = _sandboxed_processes()
    await events.aclose()
    for _ in range(50):
        if _sandboxed_processes() < before:
            break
        await asyncio.sleep(0.1)
    assert _sandboxed_processes() < before
    assert (await observe(shaped, request("ans = 42"))).complete


def _sandboxed_processes() -> int:
    return memory_watch.usage(os.getpid())[1]


async def test_a_zygote_that_died_is_replaced(settings: RunnerSettings) -> None:
    async with Runner(settings) as runner:
        assert (await observe(runner, request("ans = 42"))).complete
        assert runner._pool is not None
        for environment in runner._pool._environments.values():
            assert environment._zygote is not None
            assert isinstance(environment._zygote._sandbox, LocalSandbox)
            environment._zygote._sandbox._process.kill()
            while environment._zygote.alive:
                await asyncio.sleep(0.01)
        assert (await observe(runner, request("ans = 42"))).complete


async def test_the_least_recently_used_environment_makes_room(settings: RunnerSettings) -> None:
    async with Runner(settings.model_copy(update={"zygotes": 1, "spares": 0})) as runner:
        for name in ("one", "two", "one"):
            asked = request("ans = 42").model_copy(update={"environment": name})
            assert (await observe(runner, asked)).complete
        assert runner._pool is not None
        assert len(runner._pool._environments) == 1


async def test_many_at_once_queue_and_are_all_right(settings: RunnerSettings) -> None:
    async with Runner(settings.model_copy(update={"workers": 2})) as runner:
        runs = [observe(runner, request(f"ans = 42 + {n} - {n}\nmine = {n}")) for n in range(12)]
        assert all(seen.complete for seen in await asyncio.gather(*runs))


async def test_missing_bubblewrap_is_said_in_one_line_with_the_remedy(
    settings: RunnerSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    async with Runner(settings) as runner:
        with pytest.raises(SandboxUnavailable, match="apt-get install bubblewrap"):
            await runner.check()
        events = [event async for event in runner.run(request("x = 1"))]
    assert isinstance(events[-1], RunFailed)
    assert events[-1].error == "sandbox_unavailable"
    assert "\n" not in events[-1].detail


async def test_a_missing_environment_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SandboxUnavailable, match="make setup"):
        find_interpreter(tmp_path / "nowhere")


async def test_an_environment_below_tmp_works_although_sandboxes_have_a_tmp_of_their_own(
    settings: RunnerSettings,
) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        env = Path(folder) / "env"
        env.symlink_to(settings.learner_env)
        async with Runner(settings.model_copy(update={"learner_env": env})) as runner:
            seen = await observe(
                runner, request("import os, sys, numpy\nans = 42\nprint(sys.prefix, os.listdir('/tmp'))")
            )
    assert seen.complete
    assert seen.cells[0].stdout.text.startswith("/caseloop/env ")
    assert folder not in seen.cells[0].stdout.text


async def test_a_run_whose_sandbox_dies_is_the_platforms_failure(settings: RunnerSettings) -> None:
    async with Runner(settings) as runner:
        events = runner.run(request("import time; time.sleep(30)", wall_seconds=30))
        await anext(events)
        assert runner._pool is not None
        for environment in runner._pool._environments.values():
            assert environment._zygote is not None
            assert isinstance(environment._zygote._sandbox, LocalSandbox)
            environment._zygote._sandbox._process.kill()
        last = [event async for event in events][-1]
        assert isinstance(last, RunFailed)
        assert last.error == "session_refused"
        assert (await observe(runner, request("ans = 42"))).complete


async def test_replacing_an_environment_breaks_no_run_off(settings: RunnerSettings) -> None:
    few = settings.model_copy(update={"zygotes": 1, "sessions_per_zygote": 2, "workers": 3})
    async with Runner(few) as runner:
        slow = asyncio.create_task(observe(runner, request("import time; time.sleep(1.5); ans = 42")))
        await asyncio.sleep(0.5)
        for name in ("shapes", "shapes", "another", "shapes"):
            asked = request("ans = 42").model_copy(update={"environment": name})
            assert (await observe(runner, asked)).complete
        assert (await slow).complete


async def test_nothing_is_left_when_the_runner_is_closed(settings: RunnerSettings) -> None:
    before = _sandboxed_processes()
    async with Runner(settings) as runner:
        assert (await observe(runner, request("ans = 42"))).complete
        assert _sandboxed_processes() > before
    assert _sandboxed_processes() <= before


async def test_closing_breaks_runs_off_wherever_they_are_and_leaves_nothing(settings: RunnerSettings) -> None:
    before = _sandboxed_processes()
    runner = Runner(settings.model_copy(update={"workers": 2}))
    endless = request("import time; time.sleep(60)", wall_seconds=60)
    unread = runner.run(endless)
    assert isinstance(await anext(unread), CellStarted)
    loading, waiting = (
        asyncio.create_task(_last(runner, endless.model_copy(update={"environment": name})))
        for name in ("two", "three")
    )
    # A second environment is on its way; and of two runs at a time both have begun.
    while runner._pool is None or len(runner._pool._environments) < 2:
        await asyncio.sleep(0.01)
    async with asyncio.timeout(30):
        await runner.close()
    assert _sandboxed_processes() <= before
    left = [event async for event in unread]
    for last in (left[-1], await loading, await waiting, await _last(runner, request("ans = 42"))):
        assert isinstance(last, RunFailed)
        assert (last.error, last.detail) == ("session_refused", "the runner is ending")
    with pytest.raises(SessionRefused):
        await runner.warm(endless)
    assert _sandboxed_processes() <= before


async def _last(runner: Runner, asked: RunRequest) -> RunEvent:
    return [event async for event in runner.run(asked)][-1]
