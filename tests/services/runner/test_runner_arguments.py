"""Arguments in their exact form: in the sandbox they are what their own text makes."""

import datetime
from typing import Any

import pytest

from feedback.evidence.arguments import Array, Dates, Frame, Series, Timestamp, sent, written
from services.contracts.observation import CodeCell, Observation, Probe, RunFinished, RunRequest
from services.runner.service import Runner

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]

VALUES: tuple[Any, ...] = (
    ([1, (2.5, None)], {"k": {"a", "b"}}, {"one": 1}),
    (float("nan"), float("inf"), datetime.date(2020, 1, 31), datetime.timedelta(hours=3)),
    Array([[1, 2], [3, 4]], "float"),
    Series([5.0, None, 6.0], Dates("2020-01-01", 3, "MS"), name="ppm"),
    Series(["x", "y"], ["a", "b"]),
    Series([], dtype="float"),
    Frame([("n", [1, 2]), ("when", [Timestamp("2020-01-01"), Timestamp("2020-01-02")])], [7, 8]),
)
# A learner's own pandas, and functions that would tell whether it was asked.
CODE = "import datetime\nimport numpy as np\nimport pandas as pd\ndef same(x):\n    return x\n"
FAKES = "\nclass pd:\n    DataFrame = Series = None\nimport sys\nsys.modules['pandas'] = pd\n"


async def observe(runner: Runner, source: str, probes: tuple[Probe, ...]) -> Observation:
    asked = RunRequest(
        environment="arguments",
        imports=("numpy", "pandas"),
        cells=(CodeCell(id="c", source=source),),
        probes=probes,
    )
    events = [event async for event in runner.run(asked)]
    assert isinstance(events[-1], RunFinished), events[-1]
    return events[-1].observation


@pytest.mark.parametrize("faked", [False, True])
async def test_they_are_what_their_text_makes(runner: Runner, faked: bool) -> None:
    named = "\n".join(f"v{at} = {written(value)}" for at, value in enumerate(VALUES))
    probes = (
        *(Probe(id=f"name:{at}", name=f"v{at}") for at in range(len(VALUES))),
        *(Probe(id=f"call:{at}", call="same", args=(sent(one),), exact=True) for at, one in enumerate(VALUES)),
        Probe(id="keyword", call="same", kwargs={"x": sent(VALUES[3])}, exact=True, trace=True, optional=True),
    )
    seen = await observe(runner, f"{CODE}{named}{FAKES if faked else ''}", probes)
    values = {probe.id: probe.value for probe in seen.probes}
    assert all(probe.error is None for probe in seen.probes), [probe.error for probe in seen.probes]
    for at in range(len(VALUES)):
        assert values[f"name:{at}"] == values[f"call:{at}"]
    assert values["keyword"] == values["name:3"]


async def test_what_is_no_argument_is_the_callers_error_and_nobody_elses(runner: Runner) -> None:
    probes = (
        Probe(id="odd", call="same", args=({"kind": "pickle", "text": ""},), exact=True),
        Probe(id="next", call="same", args=(1,), exact=True),
    )
    odd, after = (await observe(runner, CODE, probes)).probes
    assert odd.error is not None
    assert odd.error.type == "ValueError"
    assert after.value is not None
