"""Check again after editing subtask k: cost against a first check, with the steps before it costly and light."""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness import CouldNotRun, Figure, Report, main
from infra.settings import EmbeddedSettings
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

STEPS, COSTLY = 6, 3
_IMPORTS = ("numpy", "pandas", "sklearn.ensemble")
_LOAD = """import numpy as np, pandas as pd
from sklearn.ensemble import RandomForestRegressor
rng = np.random.default_rng(1)
table = pd.DataFrame(rng.normal(size=(2000, 5)), columns=list("abcde"))"""
_TRAIN = """model = RandomForestRegressor(300, random_state=0).fit(table[["a", "b"]], table["c"])
value3 = float(model.predict(table[["a", "b"]]).mean())"""


def run(report: Report) -> None:
    """Time the runner: six steps, of which the third trains a model for about a second."""
    asyncio.run(_measure(report, times=2 if report.quick else 7))


async def _measure(report: Report, times: int) -> None:
    with tempfile.TemporaryDirectory(prefix="cl-bench-") as folder:
        settings = EmbeddedSettings(home=Path(folder) / "home", run_dir=Path())
        settings.prepare()
        async with Runner(settings.runner) as runner:
            await _timed(runner, _request(_cells(0, "warming"), None))
            full = [(await _timed(runner, _request(_cells(0, str(number)), None)))[0] for number in range(times)]
            report.add("full_ms", Figure(statistics.median(full), "ms", note="median, nothing kept: all six steps"))
            for step in range(STEPS, 0, -1):
                taken, executed = await _after_edits(runner, step, times)
                note = f"median, {executed} of {STEPS} cells run"
                target = 0.25 if step > COSTLY else None
                ratio = taken / statistics.median(full)
                report.add(f"edit_{step}_ms", Figure(taken, "ms", note=note))
                report.add(f"edit_{step}_of_full", Figure(ratio, "x", target=target, note="share of a full run"))


async def _after_edits(runner: Runner, step: int, times: int) -> tuple[float, int]:
    """Milliseconds (median) of a check after an edit of this step, and how many cells it ran."""
    owner = f"step{step}"
    await _timed(runner, _request(_cells(step, "first"), owner))
    taken, executed = [], 0
    for number in range(times):
        request = _request(_cells(step, f"edit {number}"), owner)
        ms, executed, seen = await _timed(runner, request)
        _, _, plain = await _timed(runner, request.model_copy(update={"keep": None}))
        if (seen.checks, seen.probes) != (plain.checks, plain.probes):
            raise CouldNotRun("a run that went on from a kept state observed something else than one from the start")
        taken.append(ms)
    return statistics.median(taken), executed


def _cells(edited: int, mark: str) -> tuple[str, ...]:
    steps = [_LOAD, "value2 = float(table['a'].mean())", _TRAIN]
    steps += [f"value{step} = value{step - 1} + {step}" for step in range(COSTLY + 1, STEPS + 1)]
    return tuple(f"# {mark}\n{step}" if number == edited else step for number, step in enumerate(steps, 1))


def _request(cells: Sequence[str], owner: str | None) -> RunRequest:
    return RunRequest(
        environment="recheck",
        imports=_IMPORTS,
        cells=tuple(CodeCell(id=f"@{number}", source=source) for number, source in enumerate(cells, 1)),
        checks=(CheckCode(id="check", source=f"assert value{STEPS} > 0"),),
        probes=(Probe(id="value", name=f"value{STEPS}"),),
        keep=Keep(owner=owner, then="edited") if owner else None,
    )


async def _timed(runner: Runner, request: RunRequest) -> tuple[float, int, Observation]:
    start = time.perf_counter()
    executed = 0
    async for event in runner.run(request):
        executed += isinstance(event, CellStarted)
        if isinstance(event, RunFinished):
            if not event.observation.complete:
                raise CouldNotRun(f"a run was not complete: {event.observation.lost}")
            return (time.perf_counter() - start) * 1e3, executed, event.observation
    raise CouldNotRun("the runner could not run")


if __name__ == "__main__":
    sys.exit(main("recheck", run))
