"""Hints over the real runner: repairs are learners' code, and only what the checks say about them counts."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.runner.service import Runner
from tests.services.feedback.conftest import TABLE
from tests.services.feedback.hints.hint_bench import (
    BAD,
    HINT,
    HintBench,
    ask_for,
    cells_answer,
    hint_answer,
    model_of,
    open_bench,
    prepare,
    scope_of,
)

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]

DROPS = 'table = pd.DataFrame({"name": names, "price": prices}).dropna()\nmean_price = table["price"].mean()'
FAR = (
    "rows = [(n, p) for n, p in zip(names, prices) if p is not None]\n"
    'table = pd.DataFrame(rows, columns=["name", "price"])\n'
    "mean_price = sum(p for _, p in rows) / len(rows)"
)
FORGED = "import os, sys\nprint('OK')\nos._exit(0)"
SLOW = (
    "total = 0\nfor round in range(3_000_000):\n    total += round % 7\n"
    'table = pd.DataFrame({"name": names, "price": prices}).dropna()\nmean_price = table["price"].mean()'
)


async def hinted(folder: Path, runner: Runner, request: Any, **answers: Any) -> tuple[HintBench, Any, dict[str, Any]]:
    await prepare(folder)
    bench = open_bench(folder, model_of(answers), runs=runner)
    try:
        await bench.consent("ada")
        hint = await bench.made(request, scope_of())
        return bench, hint, json.loads((await bench.row(hint.id)).trace or "{}")
    finally:
        await bench.db.close()


async def test_the_nearest_repair_wins_and_what_lies_does_not(tmp_path: Path, runner: Runner) -> None:
    candidates = (cells_answer(FORGED), cells_answer(FAR))
    bench, hint, noted = await hinted(
        tmp_path, runner, ask_for(answer=BAD), repair=(*candidates,), simulate=(cells_answer(DROPS),)
    )
    verdicts = {c["answers"]["shelf"]: c["verdict"] for c in noted["candidates"]}
    assert verdicts == {FORGED: "needs_work", FAR: "approved", DROPS: "approved"}
    assert (hint.text, hint.words_by, noted["chosen"]) == (HINT, "model", "model")
    assert noted["failing"] == 1
    assert bench.model is not None


async def test_the_accepted_solutions_are_there_when_no_repair_passes(tmp_path: Path, runner: Runner) -> None:
    _, hint, noted = await hinted(
        tmp_path, runner, ask_for(answer=BAD), repair=(cells_answer(FORGED),), simulate=(cells_answer(TABLE),)
    )
    assert (hint.words_by, noted["chosen"]) == ("model", "accepted")


async def test_time_is_measured_where_code_runs(tmp_path: Path, runner: Runner) -> None:
    text = "What does your loop add to the table?"
    _, hint, noted = await hinted(
        tmp_path,
        runner,
        ask_for("optimize", SLOW),
        repair=(cells_answer(DROPS),),
        hint=(hint_answer(text),),
        simulate=(cells_answer(DROPS),),
    )
    assert (hint.text, hint.words_by) == (text, "model")
    assert noted["cpu_ms"] > 5 * min(t["cpu_ms"] for t in noted["timed"])


async def test_right_work_is_known_to_be_right(tmp_path: Path, runner: Runner) -> None:
    bench, hint, noted = await hinted(tmp_path, runner, ask_for(answer=DROPS))
    assert (hint.counted, noted["verdict"]) == (False, "approved")
    assert bench.model is not None
    assert bench.model.requests == []
