"""Traced calls: what variables held on the way, in cells only, and never more than is asked for."""

import pytest
from pydantic import JsonValue

from services.contracts.limits import Limits
from services.contracts.observation import CodeCell, Probe, ProbeOutcome, RunFinished, RunRequest
from services.runner.service import Runner

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]

CODE = """
def double(x):
    return x * 2

def total(values):
    found = 0
    for value in values:
        found = found + double(value)
    return found

def bad(x):
    y = x
    return y / 0

class Odd:
    def __repr__(self): raise SystemExit

def odd(x):
    thing = Odd()
    import json
    return json.loads("[1]")

def long(x):
    for n in range(10_000):
        x = n
    return x

def untraced(x):
    import sys
    sys.settrace(None)
    y = 1
    return y
"""


async def traced(runner: Runner, call: str, argument: JsonValue) -> ProbeOutcome:
    asked = RunRequest(
        environment="trace",
        cells=(CodeCell(id="c", source=CODE),),
        probes=(Probe(id="p", call=call, args=(argument,), trace=True, optional=True),),
        limits=Limits(wall_seconds=20, probe_seconds=10),
    )
    events = [event async for event in runner.run(asked)]
    assert isinstance(events[-1], RunFinished), events[-1]
    return events[-1].observation.probes[0]


async def test_each_new_value_is_a_step_at_its_line(runner: Runner) -> None:
    outcome = await traced(runner, "total", [3])
    assert outcome.value is not None
    assert outcome.value["value"] == 6
    assert [(s.place.line, s.name, s.text) for s in outcome.trace] == [
        (5, "values", "[3]"), (6, "found", "0"), (7, "value", "3"), (2, "x", "3"), (3, "return", "6"),
        (8, "found", "6"), (9, "return", "6"),
    ]  # fmt: skip


async def test_a_call_that_raises_has_its_steps_too(runner: Runner) -> None:
    outcome = await traced(runner, "bad", 1)
    assert outcome.error is not None
    assert outcome.error.type == "ZeroDivisionError"
    assert ("y", "1") in [(s.name, s.text) for s in outcome.trace]


async def test_nothing_of_an_object_is_called_and_libraries_are_not_entered(runner: Runner) -> None:
    outcome = await traced(runner, "odd", 1)
    assert outcome.value is not None
    assert ("thing", "Odd") in [(s.name, s.text) for s in outcome.trace]
    assert {s.name for s in outcome.trace} == {"x", "thing", "json", "return"}


@pytest.mark.parametrize(("call", "most"), [("long", 40), ("untraced", 2)])
async def test_there_are_few_steps_and_none_that_cannot_be_had(runner: Runner, call: str, most: int) -> None:
    outcome = await traced(runner, call, 0)
    assert outcome.value is not None
    assert 0 < len(outcome.trace) <= most
