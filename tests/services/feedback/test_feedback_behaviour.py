"""A model and its split in the real sandbox: what the results come from is found at run time and told."""

from pathlib import Path
from typing import Any

import pytest

from feedback.wiring import build_checker
from services.contracts.case import AuthorCase, Check, Compare
from services.contracts.feedback import Feedback, Verdict
from services.contracts.limits import Limits

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]

SET_UP = """
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split
chance = np.random.default_rng(3)
X = pd.DataFrame({"a": chance.normal(size=60), "b": chance.normal(size=60)})
y = X["a"] * 2 + chance.normal(size=60)
"""
SPLIT = "X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=7)"
MODEL = "model = LinearRegression()\nmodel.fit(X_train, y_train)\nforecast = model.predict(X_test)"


@pytest.fixture(scope="module")
def lab(runner: Any, bench: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The bench with a case of two steps: split, fit."""
    shop: AuthorCase = bench.case
    one, two = shop.subtasks
    checks = {
        "shelf": "assert len(X_train) == 45",
        "reduced": "assert len(forecast) == len(y_test)",
    }

    def step(old: Any, answer: str, *names: str) -> Any:
        id_ = old.view.id
        check = Check(id=f"check-{id_}", cell=f"check-{id_}", hidden=False, source=checks[id_], points=1)
        compare = tuple(Compare(name=name, order="ignore") for name in names)
        return old.model_copy(
            update={"reference": {id_: answer}, "checks": (check,), "compare": compare, "probes": (), "plan": None}
        )

    sources = {"set-up": SET_UP, "check-shelf": checks["shelf"], "check-reduced": checks["reduced"]}
    words = "Make `X_train`, `X_test`, `y_train`, `y_test`; then `model` and `forecast`."
    cells = tuple(
        c.model_copy(update={"source": words if c.id == "title" else sources.get(c.id, c.source)}) for c in shop.cells
    )
    changes = {
        "version": "b" * 64,
        "subtasks": (step(one, SPLIT, "X_train", "X_test"), step(two, MODEL, "forecast")),
        "cells": cells,
        "imports": ("pandas", "sklearn.linear_model", "sklearn.ensemble", "sklearn.model_selection"),
        "flaws": (),
        "limits": Limits(cpu_seconds=20, wall_seconds=40, probe_seconds=20, memory_mb=1024),
    }
    case = shop.model_copy(update=changes)
    return type(bench)(build_checker(runner, Path(tmp_path_factory.mktemp("behaviour"))), case)


async def judged(lab: Any, step: str, split: str = SPLIT, model: str = MODEL) -> Feedback:
    cells = tuple(
        cell.model_copy(update={"source": {"shelf": split, "reduced": model}.get(cell.id, cell.source)})
        for cell in lab.case.cells
    )
    feedback: Feedback = await lab.cells(step, cells)
    return feedback


async def test_the_reference_is_approved(lab: Any) -> None:
    for step in ("shelf", "reduced"):
        feedback = await judged(lab, step)
        assert (feedback.verdict, feedback.findings) == (Verdict.APPROVED, ())


@pytest.mark.parametrize(
    ("model", "aspect", "word", "line"),
    [
        (MODEL.replace("fit(X_train, y_train)", "fit(X, y)"), "fitted-on-test", "no strangers to it", 2),
        (MODEL.replace("fit(X_train, y_train)", "fit(X_train[:20], y_train[:20])"), "fitted-elsewhere", "once more", 2),
        (MODEL.replace("LinearRegression()", "RandomForestRegressor(5)"), "seed", "partly luck", 1),
    ],
)
async def test_what_a_model_has_learned_from_is_told(lab: Any, model: str, aspect: str, word: str, line: int) -> None:
    feedback = await judged(lab, "reduced", model=model)
    assert feedback.verdict is Verdict.NEEDS_WORK
    (finding,) = feedback.findings
    assert aspect in [e.aspect for e in finding.evidence if e.kind == "behaviour"]
    assert word in finding.message
    assert finding.place.line == line


async def test_rows_in_both_parts_are_found(lab: Any) -> None:
    mixed = SPLIT + "\nX_test = pd.concat([X_test[:-4], X_train[:4]])"
    feedback = await judged(lab, "shelf", split=mixed)
    assert feedback.verdict is Verdict.NEEDS_WORK
    (finding,) = feedback.findings
    assert "Rows of `X_test` that are in `X_train`, too: 4." in finding.message
    assert finding.place.line == 2
    assert "contamination" in [e.aspect for e in finding.evidence]


async def test_a_mistake_that_has_nothing_to_do_with_it_says_nothing_of_it(lab: Any) -> None:
    feedback = await judged(lab, "reduced", model=f"{MODEL}[::-1] + 1")
    assert feedback.verdict is Verdict.NEEDS_WORK
    assert not [e for f in feedback.findings for e in f.evidence if e.kind == "behaviour"]
