"""Code that uses without bound what it should not."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from services.contracts.observation import Observation

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]
Attack = Callable[..., Awaitable[Observation]]
FORK_BOMB = (
    "import os\ntry:\n    while True:\n        if os.fork() == 0:\n            while True:\n"
    "                try: os.fork()\n                except OSError: pass\nexcept OSError: ans = 1"
)


@pytest.mark.parametrize(
    "source",
    [
        "while True: pass",
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass",
        "import time; time.sleep(1000)",
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nimport time; time.sleep(1000)",
        "class E(SystemExit):\n    def __str__(self):\n        while True: pass\nraise E()",
        "class E:\n    def __repr__(self):\n        while True: pass\nE()",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    ],
    ids=["loop", "loop without signals", "sleep", "sleep without signals", "error text", "repr", "catches all"],
)
async def test_code_without_end_is_ended_on_time(attack: Attack, source: str) -> None:
    seen = await attack("ans = 42\n" + source, checks=("assert True",), wall_seconds=0.7)
    assert not seen.complete
    assert seen.lost == "time"
    assert seen.cells[0].lost == "time"


async def test_processor_time_has_its_own_limit(attack: Attack) -> None:
    seen = await attack("while True: pass", cpu_seconds=1)
    assert seen.lost == "cpu"


async def test_a_check_or_probe_without_end_is_lost_alone(attack: Attack) -> None:
    seen = await attack(
        "def f():\n    while True:\n        try:\n            while True: pass\n"
        "        except BaseException: pass\nans = 42",
        checks=("assert f() == 1", "assert ans == 42"),
        probe_seconds=0.4,
    )
    assert [check.status for check in seen.checks] == ["lost", "passed"]
    assert seen.checks[0].lost == "time"
    assert seen.probes[0].value is not None
    assert not seen.complete


async def test_memory_without_bound_is_an_error_of_the_cell(attack: Attack) -> None:
    seen = await attack("import numpy as np\nx = [np.ones(4_000_000) for _ in range(100)]", memory_mb=128)
    assert seen.cells[0].error is not None or seen.lost == "memory"
    if seen.cells[0].error is not None:
        assert seen.cells[0].error.type in ("MemoryError", "_ArrayMemoryError")
        assert seen.cells[0].error.place is not None
        assert seen.cells[0].error.place.line == 2


async def test_memory_spread_over_processes_is_counted_together(attack: Attack) -> None:
    seen = await attack(
        "import os, time, numpy as np\nfor _ in range(12):\n    if os.fork() == 0:\n"
        "        x = np.ones(12_000_000); time.sleep(60)\ntime.sleep(60)",
        memory_mb=128,
        wall_seconds=8,
    )
    assert not seen.complete
    assert seen.lost == "memory"


async def test_processes_without_bound_are_stopped_and_swept(attack: Attack) -> None:
    seen = await attack(FORK_BOMB, checks=("assert ans == 1",), wall_seconds=4, processes=16)
    if seen.complete:
        assert seen.checks[0].status == "passed"
    else:
        assert seen.lost in ("time", "ended", "cpu")


async def test_threads_without_bound_end_with_their_session(attack: Attack) -> None:
    seen = await attack(
        "import threading, time\ntry:\n    while True:\n"
        "        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\nexcept RuntimeError: ans = 1",
        processes=16,
    )
    assert seen.cells[0].status == "ok"


async def test_a_neighbour_is_not_held_up_by_a_fork_bomb(attack: Attack) -> None:
    bomb = asyncio.create_task(attack(FORK_BOMB + "\nwhile True: pass", wall_seconds=60, cpu_seconds=60))
    await asyncio.sleep(0.5)
    seen = await attack("import os\np = os.fork()\nif p == 0: os._exit(0)\nos.wait(); ans = 42")
    assert seen.complete
    assert not bomb.done()
    bomb.cancel()
    await asyncio.gather(bomb, return_exceptions=True)


@pytest.mark.parametrize(
    "source",
    [
        "for _ in range(1000): print('x' * 1_000_000)",
        "import os\nfor _ in range(1000): os.write(1, b'x' * 1_000_000)",
    ],
    ids=["print", "descriptor"],
)
async def test_a_gigabyte_of_output_is_counted_and_not_kept(attack: Attack, source: str) -> None:
    seen = await attack(source + "\nans = 1", output_chars=1_000)
    assert seen.complete, seen
    output = seen.cells[0].stdout
    assert len(output.text) == 1_000
    assert output.dropped >= 999_000_000


async def test_a_gigabyte_in_a_file_is_refused(attack: Attack) -> None:
    seen = await attack("f = open('x', 'wb')\nfor _ in range(1000): f.write(b'x' * 1_000_000)", file_mb=8)
    assert seen.cells[0].error is not None
    assert seen.cells[0].error.type == "OSError"
    assert seen.cells[0].error.place is not None
    assert seen.cells[0].error.place.line == 2


async def test_many_files_fill_only_a_file_system_of_the_sessions_own(attack: Attack) -> None:
    seen = await attack(
        "n = 0\ntry:\n    while True: open(f'/dev/shm/{n}', 'wb').write(b'x' * 1_000_000); n += 1\n"
        "except OSError as e: ans = n",
        file_mb=8,
    )
    assert seen.probes[0].value is not None
    assert seen.probes[0].value["value"] <= 8


async def test_values_of_any_depth_and_size_are_cut(attack: Attack) -> None:
    seen = await attack(
        "x = []\nfor _ in range(100_000): x = [x]\nwide = [1]\nfor _ in range(60): wide = [wide, wide]\n"
        "big = list(range(2_000_000))\ntext = 'y' * 50_000_000\nhuge = 10 ** 5_000\nloop = []\nloop.append(loop)",
        probes=("x", "wide", "big", "text", "huge", "loop"),
        probe_seconds=30,
    )
    assert seen.complete, seen.lost
    assert len(seen.model_dump_json()) < 2_000_000


async def test_limits_cannot_be_raised(attack: Attack) -> None:
    seen = await attack(
        "import resource\nans = []\nfor n in ('AS', 'NPROC', 'FSIZE', 'CPU', 'NOFILE'):\n"
        "    try: resource.setrlimit(getattr(resource, 'RLIMIT_' + n), (resource.RLIM_INFINITY,) * 2); ans.append(n)\n"
        "    except (ValueError, OSError): pass\n"
        "try: resource.prlimit(1, resource.RLIMIT_CPU, (0, 0)); ans.append('prlimit')\nexcept OSError: pass"
    )
    assert seen.probes[0].value is not None
    assert seen.probes[0].value["items"] == []
