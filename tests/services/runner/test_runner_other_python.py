"""Where the sandbox's Python is another one than the services', it compiles checks itself, and says the same."""

import pytest

from services.contracts.observation import CheckCode, CheckOutcome, CodeCell, RunFinished, RunRequest
from services.runner import zygote
from services.runner.ports import DataSource
from services.runner.service import Runner
from services.runner.settings import RunnerSettings

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]

_CHECKS = (
    "assert sum(rows) == 6",
    "x = 1\nassert len(rows) == 4, 'too few'",
    "assert (",
    "assert 1 / 0",
    "assert rows",
)


async def _outcomes(runner: Runner) -> tuple[CheckOutcome, ...]:
    request = RunRequest(
        environment="other-python",
        cells=(CodeCell(id="@1", source="rows = [3, 1, 2]\nsum = 1"),),
        checks=tuple(CheckCode(id=f"c{n}", source=source, may_share=True) for n, source in enumerate(_CHECKS)),
    )
    events = [event async for event in runner.run(request)]
    assert isinstance(events[-1], RunFinished)
    return events[-1].observation.checks


async def test_all_checks_come_out_alike(
    settings: RunnerSettings, shelf: DataSource, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = await _outcomes(runner)
    assert [outcome.status for outcome in outcomes] == ["passed", "failed", "error", "error", "passed"]
    monkeypatch.setattr(zygote, "MAGIC", "another one")
    async with Runner(settings, shelf) as other:
        assert await _outcomes(other) == outcomes
