"""A check that takes long does not keep those behind it waiting, where there is room for another copy.

`pd.set_option` lasts as long as a process: whoever finds it otherwise is in a copy that another check was in.
"""

import pytest

from services.contracts.observation import CheckCode, CodeCell, RunFinished, RunRequest
from services.runner.service import Runner

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]

_MARKS = "pd.set_option('display.max_rows', 77)"
_MARKED = "assert pd.get_option('display.max_rows') == 77"
_WAITS = f"{_MARKS}\nassert time.sleep(0.5) is None"
_WAITS_LONGER = f"{_MARKS}\nassert time.sleep(2) is None"


@pytest.mark.parametrize(
    ("checks", "statuses"),
    [
        ([_WAITS, _MARKED], ["passed", "failed"]),
        ([_WAITS, _MARKED, _WAITS], ["passed", "failed", "passed"]),
        ([_WAITS, _WAITS_LONGER, _MARKED], ["passed", "passed", "failed"]),
    ],
    ids=["last", "between", "twice"],
)
async def test_what_is_behind_is_worked_on_by_another_copy(
    runner: Runner, checks: list[str], statuses: list[str]
) -> None:
    request = RunRequest(
        environment="slow",
        imports=("pandas",),
        cells=(CodeCell(id="@1", source="import time\nimport pandas as pd"),),
        checks=tuple(CheckCode(id=f"c{n}", source=source, may_share=True) for n, source in enumerate(checks)),
    )
    events = [event async for event in runner.run(request)]
    assert isinstance(events[-1], RunFinished)
    assert events[-1].observation.complete
    assert [outcome.status for outcome in events[-1].observation.checks] == statuses
