"""A rule of evidence is switched off, and the gate must see it.

The seam: `feedback.evidence.gather` puts all evidence of a run together from one function a rule, looked up by name
whenever it is called. A test takes one of them away there; no setting of the product can.
"""

import gc
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from evaluation.bench import Bench
from evaluation.cli import build_eval_app
from evaluation.desk import EvalDesk
from feedback.evidence import gather
from feedback.firewalls import KeptFirewalls
from feedback.wiring import build_checker
from services.contracts.case import AuthorCase
from services.runner.service import Runner
from services.runner.settings import RunnerSettings
from tests.services.feedback.conftest import REDUCED, answered, shop

pytestmark = pytest.mark.sandbox
NO_ERROR = REDUCED.replace('        raise ValueError("more than everything")\n', "        price = abs(price)\n")
"""Passes every check of the case; only what the function gives in calls of its own shows that it is wrong."""


def line(name: str, case: AuthorCase, expected: str, **answers: str) -> str:
    cells = [cell.model_dump(mode="json") for cell in answered(case, **answers)]
    return json.dumps(
        {"id": name, "case": "shop", "subtask": "reduced", "cells": cells, "expected": {"verdict": expected}}
    )


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    case = shop()
    price_only = next(flaw for flaw in case.flaws if flaw.id == "price-only")
    path = tmp_path / "small.jsonl"
    lines = [
        line("reference", case, "approved"),
        line("price-only", case, "needs_work", **price_only.answer),
        line("no-error", case, "needs_work", reduced=NO_ERROR),
    ]
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def invoke(project: Path, tmp_path: Path) -> Iterator[Callable[..., Result]]:
    """`caseloop eval …` with the real pipeline on a small case."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    settings = RunnerSettings(learner_env=project / ".venv-learner", cache=tmp_path / "runner", spares=1)

    @asynccontextmanager
    async def bench(cases: tuple[str, ...], with_model: bool) -> AsyncIterator[Bench]:
        assert cases == ("shop",)
        async with Runner(settings) as runner:
            yield Bench({"shop": shop()}, build_checker(runner, home / "feedback"), KeptFirewalls(1), {"rules": "1"})

    app = build_eval_app(EvalDesk(bench, lambda: home, lambda: home))
    yield lambda *arguments: CliRunner().invoke(app, list(arguments), env={"COLUMNS": "160"})
    # What inspect-ai leaves behind is found in this test and in no other.
    gc.collect()


def test_a_rule_that_is_switched_off_is_caught(
    suite: Path, invoke: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = invoke("run", str(suite))
    assert first.exit_code == 0, first.output
    [run] = [path.name for path in (tmp_path / "home" / "evaluations").iterdir() if path.is_dir()]
    assert invoke("accept", run).exit_code == 0

    unchanged = invoke("gate", str(suite))
    assert unchanged.exit_code == 0, unchanged.output
    assert "nothing changed in 3 samples" in unchanged.stdout

    monkeypatch.setattr(gather, "differing_calls", lambda asked, observation, reference: ())
    caught = invoke("gate", str(suite), "--out", str(tmp_path / "report.html"))
    assert caught.exit_code == 1, caught.output
    assert "the expected verdict is lost in 1 sample: no-error" in caught.stdout
    page = (tmp_path / "report.html").read_text()
    assert "It got worse" in page
    assert "price-only" not in page.partition("Samples that changed")[2].partition("no-error")[0]
