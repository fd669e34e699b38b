"""Runs that go on from a kept state observe what a run from the beginning observes."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence

import pytest
import pytest_asyncio

from services.contracts.observation import (
    CellStarted,
    CheckCode,
    CodeCell,
    Keep,
    Observation,
    Probe,
    RunFinished,
    RunRequest,
)
from services.runner.service import Runner
from services.runner.settings import RunnerSettings

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]
COSTLY = "import time\ntime.sleep(0.08)\n"
"""Enough for a snapshot to be worth it."""


def asked(cells: Sequence[str], owner: str | None, then: str = "edited", seed: int = 0) -> RunRequest:
    return RunRequest(
        environment="snapshots",
        imports=("numpy",),
        cells=tuple(CodeCell(id=f"@{number}", source=source) for number, source in enumerate(cells)),
        checks=(CheckCode(id="k", source="assert ans < 10**9"),),
        probes=(Probe(id="p", name="ans"), Probe(id="q", name="noise")),
        keep=Keep.model_validate({"owner": owner, "then": then}) if owner else None,
        seed=seed,
        stop_on_error=False,
    )


async def run(runner: Runner, request: RunRequest) -> tuple[int, Observation]:
    """How many cells were executed, and what was observed."""
    events = [event async for event in runner.run(request)]
    assert isinstance(events[-1], RunFinished), events[-1]
    return sum(isinstance(event, CellStarted) for event in events), events[-1].observation


def timeless(seen: Observation) -> Observation:
    cells = tuple(cell.model_copy(update={"wall_ms": 0.0, "cpu_ms": 0.0}) for cell in seen.cells)
    return seen.model_copy(update={"cells": cells, "wall_ms": 0.0, "cpu_ms": 0.0})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runner(settings: RunnerSettings) -> AsyncIterator[Runner]:
    async with Runner(settings) as opened:
        yield opened


async def test_after_an_edit_only_what_follows_the_kept_state_runs_again(runner: Runner) -> None:
    first, _ = await run(runner, asked([COSTLY + "a = 1", "ans = a", "noise = 0"], "ana"))
    again, seen = await run(runner, asked([COSTLY + "a = 1", "ans = a + 1", "noise = 0"], "ana"))
    assert (first, again) == (3, 2)
    assert seen.complete
    assert seen.probes[0].value is not None
    assert seen.probes[0].value["value"] == 2


async def test_a_kept_state_is_its_owners_alone(runner: Runner) -> None:
    cells = [COSTLY + "a = 1", "ans = a", "noise = 0"]
    await run(runner, asked(cells, "bea"))
    other, _ = await run(runner, asked(cells, "cid"))
    nobody, _ = await run(runner, asked(cells, None))
    assert (other, nobody) == (3, 3)


async def test_another_seed_begins_anew(runner: Runner) -> None:
    cells = [COSTLY + "a = 1", "ans = a", "noise = 0"]
    await run(runner, asked(cells, "dan"))
    assert (await run(runner, asked(cells, "dan", seed=1)))[0] == 3


async def test_a_notebook_goes_on_from_where_it_was_checked_last(runner: Runner) -> None:
    cells = ["a = 1\nnoise = 0", "ans = a", "ans = ans + 1", "ans = ans + 1"]
    executed = [await run(runner, asked(cells[: upto + 1], "eva", "more")) for upto in range(1, 4)]
    assert [count for count, _ in executed] == [2, 1, 1]
    plain = [await run(runner, asked(cells[: upto + 1], None)) for upto in range(1, 4)]
    assert [timeless(seen) for _, seen in executed] == [timeless(seen) for _, seen in plain]


async def test_how_long_a_question_may_take_is_no_concern_of_the_cells(runner: Runner) -> None:
    cells = ["a = 1\nnoise = 0", "ans = a"]
    first = asked(cells, "fin", "more")
    await run(runner, first)
    brief = first.model_copy(update={"limits": first.limits.model_copy(update={"probe_seconds": 0.2})})
    hangs = CheckCode(id="k", source="import time\ntime.sleep(60)")
    again, seen = await run(runner, brief.model_copy(update={"checks": (hangs,)}))
    assert again == 0
    assert [check.lost for check in seen.checks] == ["time"]
    less = first.model_copy(update={"limits": first.limits.model_copy(update={"cpu_seconds": 1.5})})
    assert (await run(runner, less))[0] == 2


@pytest.mark.parametrize(
    "hazard",
    [
        "f = open('x.txt', 'w+'); f.write('1'); f.flush()",
        "import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        "import subprocess; subprocess.Popen(['/usr/bin/sleep', '60'])",
        "import mmap; shared = mmap.mmap(-1, 4096)",
        "import signal; signal.setitimer(signal.ITIMER_REAL, 50)",
        "1 / 0",
    ],
    ids=["open-file", "thread", "process", "shared-memory", "timer", "error"],
)
async def test_what_a_copy_would_lack_or_share_is_not_kept(runner: Runner, hazard: str) -> None:
    cells = [f"{COSTLY}{hazard}", "ans = 1", "noise = 0"]
    await run(runner, asked(cells, "fay"))
    assert (await run(runner, asked(cells, "fay")))[0] == 3


async def test_files_that_a_later_cell_changed_make_the_run_begin_anew(runner: Runner) -> None:
    cells = [COSTLY + "a = 1", "import os\nans = len(os.listdir())\nopen('left', 'w').close()", "noise = 0"]
    _, first = await run(runner, asked(cells, "gil"))
    again, seen = await run(runner, asked([*cells[:2], "noise = 1"], "gil"))
    assert again == 3
    assert seen.probes[0] == first.probes[0]


async def test_a_process_that_kills_the_kept_state_harms_nobody(runner: Runner) -> None:
    cells = [COSTLY + "a = 1", "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nans = 1", "noise = 0"]
    await run(runner, asked(cells, "hal"))
    _, seen = await run(runner, asked([*cells[:1], "ans = 3", cells[2]], "hal"))
    assert seen.complete
    assert seen.probes[0].value is not None
    assert seen.probes[0].value["value"] == 3


async def test_processor_time_before_a_kept_state_counts(runner: Runner) -> None:
    burn = "import time\nend = time.process_time() + {0}\nwhile time.process_time() < end: pass\n"
    cells = [burn.format(0.8), burn.format(0.1) + "ans = 1", "noise = 0"]
    limits = asked(cells, "ida").limits.model_copy(update={"cpu_seconds": 1.5, "wall_seconds": 600})
    await run(runner, asked(cells, "ida").model_copy(update={"limits": limits}))
    cells[1] = burn.format(5) + "ans = 1"
    _, seen = await run(runner, asked(cells, "ida").model_copy(update={"limits": limits}))
    assert seen.lost == "cpu"


async def test_more_owners_than_places_push_the_oldest_out(settings: RunnerSettings) -> None:
    cells = [COSTLY + "a = 1", "ans = a", "noise = 0"]
    async with Runner(settings.model_copy(update={"kept": 1})) as small:
        await run(small, asked(cells, "one"))
        await run(small, asked(cells, "two"))
        assert (await run(small, asked(cells, "two")))[0] < 3
        assert (await run(small, asked(cells, "one")))[0] == 3


@pytest.mark.parametrize("bound", [{"kept_seconds": 0.05}, {"kept_mb": 1}], ids=["age", "memory"])
async def test_what_is_kept_too_long_or_weighs_too_much_is_gone(
    settings: RunnerSettings, bound: dict[str, float]
) -> None:
    cells = [COSTLY + "a = 1", "ans = a", "noise = 0"]
    async with Runner(settings.model_copy(update=bound)) as small:
        await run(small, asked(cells, "kim"))
        while small._kept._kept:
            await asyncio.sleep(0.01)
        assert (await run(small, asked(cells, "kim")))[0] == 3


STATEMENTS = (
    "ans = ans * 3 + 1",
    "noise = noise + np.random.random()",
    "import random; noise = noise + random.random()",
    "items.append(len(items)); ans = ans + sum(items)",
    COSTLY + "ans = ans + 7",
    "print('said', ans)",
    "open('note', 'a').write('x'); ans = ans + len(open('note').read())",
    "ans = ans + undefined",
    "len = lambda _: 5",
)


async def test_random_edits_are_observed_as_in_a_run_from_the_beginning(runner: Runner) -> None:
    chance = random.Random(5)
    cells = ["import numpy as np\nans, noise, items = 1, 0.0, []", *(chance.choice(STATEMENTS) for _ in range(5))]
    fewer = 0
    for _ in range(12):
        cells[chance.randrange(1, len(cells))] = chance.choice(STATEMENTS)
        cells[2] = STATEMENTS[4]
        request = asked(cells, "joe")
        executed, kept = await run(runner, request)
        _, plain = await run(runner, request.model_copy(update={"keep": None}))
        assert timeless(kept) == timeless(plain), cells
        fewer += executed < len(cells)
    assert fewer
