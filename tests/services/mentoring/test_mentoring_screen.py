"""What a learner's notebook holds besides its cells stays with the learner: nothing of it is on a mentor's screen."""

import json
from typing import Any

import pytest

from services.contracts.clients.service import SCOPE_HEADER
from services.contracts.notebook import Cell
from services.kit.http import in_process_client
from tests.databases import ON_BOTH
from tests.services.mentoring.conftest import Town, question

pytestmark = ON_BOTH
SPY = "spy<img src=x onerror=alert(1)>"
PLOT = {"output_type": "display_data", "data": {"text/html": f"<script>{SPY}</script>", "image/svg+xml": SPY}}
WIDGET = {"application/vnd.jupyter.widget-state+json": {"state": {"m": {"state": {"value": SPY}}}, "version_major": 2}}
NEVER = {
    "outputs": [PLOT],
    "execution_count": 3,
    "attachments": {f"{SPY}.png": {"image/png": "aGl0"}},
    "widgets": WIDGET,
    "path": f"/home/{SPY}.ipynb",
}
OF_A_CELL: dict[str, Any] = {"id": "answer", "source": "mean = sum(values)"}


async def _sent(town: Town, body: dict[str, Any]) -> int:
    """As somebody sends it who holds to no client of ours."""
    headers = {SCOPE_HEADER: town.learner(), "Content-Type": "application/json"}
    async with in_process_client(town.app, "gateway") as http:
        return (await http.post("/escalations", content=json.dumps(body), headers=headers)).status_code


@pytest.mark.parametrize("field", NEVER)
async def test_a_cell_cannot_bring_what_it_put_out(town: Town, field: str) -> None:
    body = question().model_dump(mode="json")
    assert await _sent(town, body | {"cells": [OF_A_CELL | {field: NEVER[field]}]}) == 422
    assert await _sent(town, body | {field: NEVER[field]}) == 422
    assert (await town.dashboard.queue(town.mentor())).total == 0


async def test_what_is_hidden_in_metadata_is_left_behind(town: Town) -> None:
    nbgrader = {"grade_id": "cell-mean", "locked": False, "points": 4, "solution": True, "comment": SPY}
    hidden = NEVER | {"nbgrader": nbgrader, "caseloop": {"feedback": SPY}, "name": f"{SPY}.ipynb"}
    cells = (Cell(**OF_A_CELL, metadata=hidden), Cell(id="odd", source="", metadata={"nbgrader": [SPY]}))
    asked = await town.ask(cells=cells)
    other = await town.ask("bob")
    for full in (
        await town.dashboard.full(asked.id, town.mentor()),
        await town.take(asked.id),
        await town.dashboard.full(other.id, town.mentor()),
    ):
        assert SPY not in full.model_dump_json()
    shown = (await town.dashboard.full(asked.id, town.mentor())).cells
    # What says which cell of the case it is stays: a run that a mentor has made needs it.
    assert [cell.metadata for cell in shown] == [
        {"nbgrader": {"grade_id": "cell-mean", "locked": False, "solution": True}},
        {},
    ]
    assert [cell.source for cell in shown] == [OF_A_CELL["source"], ""]
