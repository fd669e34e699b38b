"""One runner for each module of attacks, and the honest run that must be right after every one of them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

import pytest
import pytest_asyncio

from services.contracts.limits import Limits
from services.contracts.observation import CheckCode, CodeCell, Observation, Probe, RunFinished, RunRequest
from services.runner.service import Runner
from services.runner.settings import RunnerSettings

SECRET = "a-secret-of-the-service-41f"
Attack = Callable[..., Awaitable[Observation]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runner(project: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runner]:
    patch = pytest.MonkeyPatch()
    patch.setenv("CASELOOP_TOKEN", SECRET)
    cache = tmp_path_factory.mktemp("runner-cache")
    async with Runner(RunnerSettings(learner_env=project / ".venv-learner", cache=cache, spares=1)) as opened:
        yield opened
    patch.undo()


async def observe(runner: Runner, request: RunRequest) -> Observation:
    events = [event async for event in runner.run(request)]
    assert isinstance(events[-1], RunFinished), events[-1]
    return events[-1].observation


def request(
    *cells: str,
    checks: tuple[str, ...] = (),
    probes: tuple[str, ...] = ("ans",),
    operands: Literal["values", "outlines"] = "values",
    may_share: bool = False,
    **limits: Any,
) -> RunRequest:
    return RunRequest(
        environment="attacks",
        imports=("numpy", "pandas"),
        cells=tuple(CodeCell(id=f"c{n}", source=source) for n, source in enumerate(cells, 1)),
        checks=tuple(
            CheckCode(id=f"k{n}", source=source, operands=operands, may_share=may_share)
            for n, source in enumerate(checks, 1)
        ),
        probes=tuple(Probe(id=f"p{n}", name=name) for n, name in enumerate(probes, 1)),
        limits=Limits(**{"wall_seconds": 10, "cpu_seconds": 10, "probe_seconds": 2, **limits}),
    )


async def assert_honest_run_is_right(runner: Runner) -> None:
    seen = await observe(
        runner,
        request(
            "import numpy as np\nimport pandas as pd\nans = 6 * 7\nprint('worked')",
            "ans",
            checks=("assert ans == 42", "assert ans == 43", "import os\nassert os.listdir('.') == []"),
            probes=("ans", "nothing"),
        ),
    )
    assert seen.complete, seen
    assert [cell.status for cell in seen.cells] == ["ok", "ok"]
    assert seen.cells[0].stdout.text == "worked\n"
    assert seen.cells[1].result == "42"
    assert [check.status for check in seen.checks] == ["passed", "failed", "passed"]
    assert seen.probes[0].value == {"kind": "scalar", "type": "int", "family": "int", "value": 42}
    assert seen.probes[1].missing


@pytest.fixture
def attack(runner: Runner) -> Attack:
    """Run hostile cells; the same zygote must then serve an honest run rightly."""

    async def run(*cells: str, **options: Any) -> Observation:
        seen = await observe(runner, request(*cells, **options))
        assert SECRET not in seen.model_dump_json()
        await assert_honest_run_is_right(runner)
        return seen

    return run
