"""Optional probes: a run is complete without them, and nobody waits for them."""

import pytest
from pydantic import ValidationError

from services.contracts.limits import Limits
from services.contracts.observation import CodeCell, Observation, Probe, RunFinished, RunRequest
from services.runner.service import Runner

CODE = "import time, os\ndef f(x):\n    if x == 2:\n        while True: pass\n    if x == 3: os._exit(0)\n    return x"


async def observe(runner: Runner, probes: tuple[Probe, ...]) -> Observation:
    asked = RunRequest(
        environment="optional",
        cells=(CodeCell(id="c", source=CODE),),
        probes=probes,
        limits=Limits(wall_seconds=20, probe_seconds=10),
    )
    events = [event async for event in runner.run(asked)]
    assert isinstance(events[-1], RunFinished), events[-1]
    return events[-1].observation


def probes(*optional: int) -> tuple[Probe, ...]:
    return (
        Probe(id="needed", call="f", args=(1,)),
        *(Probe(id=f"try:{at}", call="f", args=(x,), optional=True) for at, x in enumerate(optional)),
    )


@pytest.mark.sandbox
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("stops", [2, 3])
async def test_one_that_is_lost_ends_them_and_nothing_else(runner: Runner, stops: int) -> None:
    seen = await observe(runner, probes(5, stops, 6))
    needed, first, *rest = seen.probes
    assert (seen.complete, seen.lost) == (True, None)
    assert needed.value is not None
    assert needed.value["value"] == 1
    assert first.value is not None
    assert first.value["value"] == 5
    assert all(probe.lost is not None for probe in rest)
    assert [probe.id for probe in rest] == ["try:1", "try:2"]


@pytest.mark.sandbox
@pytest.mark.asyncio(loop_scope="module")
async def test_those_that_are_needed_are_needed_all_the_same(runner: Runner) -> None:
    seen = await observe(runner, (Probe(id="needed", call="f", args=(3,)), *probes(5)[1:]))
    assert not seen.complete
    answer = seen.probes[1].value
    assert answer is not None
    assert answer["value"] == 5


def test_they_come_last() -> None:
    with pytest.raises(ValidationError, match="optional probes come after"):
        RunRequest(environment="e", cells=(CodeCell(id="c", source=""),), probes=probes(1)[::-1])
