"""Checks in containers of the cases' images: the runner's own tests and attacks, on a real engine, and what is left.

The runner has the filtering door, as in production, and no other way to the engine.
"""

import asyncio
import hashlib
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import docker
import pytest
import pytest_asyncio

from infra.production.checks_door import CheckRules, checks_app
from services.contracts.case import DataFile
from services.contracts.observation import CodeCell, Keep, Observation, RunFailed
from services.runner.containers import LABEL, Containers
from services.runner.errors import SandboxUnavailable
from services.runner.service import Runner
from services.runner.settings import ContainerSettings, RunnerSettings
from tests.docker.door import open_door
from tests.docker.machine_image import LEARNER

# the same tests as of bubblewrap's sandboxes; those left out are about its way of making them
from tests.security.runner.conftest import attack, observe, request  # noqa: F401
from tests.security.runner.test_runner_confinement import (  # noqa: F401
    test_files_of_one_run_are_gone_in_the_next,
    test_hidden_checks_are_not_there_before_the_code_has_ended,
    test_libraries_data_and_system_cannot_be_written,
    test_namespaces_mounts_and_kernel_interfaces_are_closed,
    test_other_processes_are_neither_seen_nor_read,
    test_the_environment_holds_only_what_was_set_for_it,
    test_the_work_folder_can_be_emptied_but_not_taken_away,
    test_there_is_no_network,
)
from tests.security.runner.test_runner_limits import (  # noqa: F401
    test_a_gigabyte_in_a_file_is_refused,
    test_limits_cannot_be_raised,
    test_many_files_fill_only_a_file_system_of_the_sessions_own,
    test_memory_spread_over_processes_is_counted_together,
    test_memory_without_bound_is_an_error_of_the_cell,
    test_processes_without_bound_are_stopped_and_swept,
    test_threads_without_bound_end_with_their_session,
)
from tests.services.runner.conftest import Shelf

pytestmark = pytest.mark.asyncio(loop_scope="module")
Attack = Callable[..., Awaitable[Observation]]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunnerSettings]:
    # a short path: unix sockets allow 107 bytes
    folder = Path(tempfile.mkdtemp(prefix="cl-checks-"))
    cache, door = tmp_path_factory.mktemp("runner-cache"), folder / "door"
    rules = CheckRules(LEARNER.rpartition(":")[0], (folder / "run", cache))
    containers = ContainerSettings(image=LEARNER, folder=folder / "run", engine=door)
    with open_door(door, lambda engine: checks_app(engine, rules)):
        yield RunnerSettings(learner_env=folder / "none", cache=cache, spares=2, containers=containers)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return Shelf()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runner(settings: RunnerSettings, shelf: Shelf) -> AsyncIterator[Runner]:
    async with Runner(settings, shelf) as opened:
        yield opened


def containers(engine: docker.DockerClient) -> set[str]:
    # not `engine.containers.list`, which asks for each of them again: some go meanwhile
    return {container["Id"] for container in engine.api.containers(all=True, filters={"label": LABEL})}


def runners(engine: docker.DockerClient) -> set[str]:
    """Whose containers there are."""
    return {container["Labels"][LABEL] for container in engine.api.containers(all=True, filters={"label": LABEL})}


async def test_nobody_inside_has_a_right(attack: Attack) -> None:  # noqa: F811
    seen = await attack(
        "import os\nlines = dict(l.split(':', 1) for l in open('/proc/self/status'))\n"
        "ans = [os.getuid() >= 64_000, int(lines['CapEff'], 16), int(lines['CapBnd'], 16), int(lines['NoNewPrivs']),\n"
        "       int(lines['Seccomp']), sorted(os.listdir('/sys/class/net')), os.listdir('/caseloop/door')]"
    )
    value = seen.probes[0].value
    assert value is not None
    flags, lists = value["items"][:5], value["items"][5:]
    assert [item["value"] for item in flags] == [True, 0, 0, 1, 2]
    assert [[item["value"] for item in one["items"]] for one in lists] == [["lo"], []]


async def test_a_cases_files_are_there_and_cannot_be_changed(runner: Runner, shelf: Shelf) -> None:
    content = b"price\n42\n"
    digest = hashlib.sha256(content).hexdigest()
    shelf.files[digest] = content
    cell = (
        "import pandas as pd\nans = int(pd.read_csv('data/sales.csv').price[0])\n"
        "try: open('data/sales.csv', 'a'); ans = -1\nexcept OSError: pass"
    )
    data = (DataFile(path="data/sales.csv", digest=digest, size=len(content)),)
    seen = await observe(runner, request(cell, checks=("assert ans == 42",)).model_copy(update={"data": data}))
    assert seen.complete, seen
    assert seen.checks[0].status == "passed", seen.checks


async def test_no_container_serves_two_runs(runner: Runner) -> None:
    """A container tells itself from others by its user."""
    users = set()
    for _ in range(4):
        seen = await observe(runner, request("import os; ans = os.getuid()"))
        value = seen.probes[0].value
        assert value is not None
        users.add(value["value"])
    assert len(users) == 4


async def test_a_spare_is_ready_before_the_run(runner: Runner) -> None:
    asked = request("ans = 42")
    await observe(runner, asked)
    assert runner._pool is not None
    environment = runner._pool.environment(await runner._plan(asked))
    assert environment._filling is not None
    await environment._filling
    spares = list(environment._spares)
    assert [spare.alive for spare in spares] == [True, True]
    assert (await observe(runner, asked)).complete
    assert spares[0] not in environment._spares
    assert environment._spares[0] is spares[1]


async def test_what_is_kept_of_a_run_is_its_owners(runner: Runner) -> None:
    slow = "import time\ntime.sleep(0.2)\nbegun = time.monotonic()"
    cells = [CodeCell(id="a", source=slow), CodeCell(id="b", source="ans = begun")]

    async def begun(owner: str) -> float:
        keep = Keep(owner=owner, then="edited")
        asked = request().model_copy(update={"cells": tuple(cells), "keep": keep})
        seen = await observe(runner, asked)
        assert seen.complete, seen
        assert seen.probes[0].value is not None
        return float(seen.probes[0].value["value"])

    first = await begun("ada")
    cells[1] = CodeCell(id="b", source="ans = begun  # edited")
    assert await begun("ada") == first, "the first cell did not run again"
    assert await begun("bob") != first


async def test_a_run_that_is_closed_ends_its_container(runner: Runner, engine: docker.DockerClient) -> None:
    events = runner.run(request("import time; time.sleep(60)", wall_seconds=60))
    await anext(events)
    before = containers(engine)
    await events.aclose()

    async def one_is_gone() -> None:
        while not before - await asyncio.to_thread(containers, engine):
            await asyncio.sleep(0.1)

    await asyncio.wait_for(one_is_gone(), 30)


async def test_an_image_that_is_not_there_is_the_platforms_fault(runner: Runner) -> None:
    asked = request("ans = 42").model_copy(update={"packages": "b" * 64, "environment": "other"})
    events = [event async for event in runner.run(asked)]
    assert isinstance(events[-1], RunFailed)
    assert events[-1].error == "session_refused"
    assert "publish the case again" in events[-1].detail


async def test_an_engine_that_does_not_answer_is_said_in_one_line(settings: RunnerSettings, tmp_path: Path) -> None:
    assert settings.containers is not None
    nowhere = settings.containers.model_copy(update={"engine": tmp_path / "none.sock"})
    async with Runner(settings.model_copy(update={"containers": nowhere})) as runner:
        with pytest.raises(SandboxUnavailable, match="dockerd") as refused:
            await runner.check()
    assert "\n" not in refused.value.detail


async def test_nothing_is_left_when_a_runner_is_closed(settings: RunnerSettings, engine: docker.DockerClient) -> None:
    async with Runner(settings) as runner:
        assert (await observe(runner, request("ans = 42"))).complete
        assert isinstance(runner._machine, Containers)
        # another one is at work here, too
        own = {"label": f"{LABEL}={runner._machine._place.name}"}
        assert engine.api.containers(all=True, filters=own)
    assert not engine.api.containers(all=True, filters=own)


_KILLED = """
import asyncio, sys
from services.contracts.observation import CodeCell, RunRequest
from services.runner.service import Runner
from services.runner.settings import RunnerSettings

async def main():
    async with Runner(RunnerSettings.model_validate_json(sys.argv[1])) as runner:
        cell = CodeCell(id="c", source="import time; time.sleep(600)")
        async for _ in runner.run(RunRequest(environment="killed", cells=(cell,))):
            print("running", flush=True)

asyncio.run(main())
"""


async def test_containers_of_a_killed_runner_are_swept_at_the_next_start(
    settings: RunnerSettings, engine: docker.DockerClient
) -> None:
    before = runners(engine)
    told = (sys.executable, "-c", _KILLED, settings.model_dump_json())
    killed = await asyncio.create_subprocess_exec(*told, stdout=asyncio.subprocess.PIPE)
    assert killed.stdout is not None
    try:
        async for line in killed.stdout:
            if line == b"running\n":
                break
    finally:
        killed.kill()
        await killed.communicate()
    left = runners(engine) - before
    assert left
    async with Runner(settings) as runner:
        await runner.check()
    assert not runners(engine) & left
