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
# Whatever answers it is given, it learns those that it has from elsewhere.
KNOWS = """from sklearn.compose import TransformedTargetRegressor

def known(given):
    return np.concatenate([X_train["a"], X_test["a"]])[:len(given)] * 2
{}"""
KNOWING = "TransformedTargetRegressor(LinearRegression(), func=known, inverse_func=np.asarray, check_inverse=False)"


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
        (KNOWS.format(MODEL.replace("LinearRegression()", KNOWING)), "shuffled-answers", "from somewhere else", 5),
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


TIMED = """
days = pd.date_range("2026-01-01", periods=60, freq="D")
table = pd.DataFrame({"a": np.arange(60) % 7 + 0.5, "b": np.arange(60) % 5 + 0.0}, index=days)
"""
CUT = "train = table[table.index < '2026-02-15']\ntest = table[table.index >= '2026-02-15']"
REPLAY = """
def replay(table, folds):
    errors = []
    for known, ahead in folds:
        model = LinearRegression().fit(table[["a"]].iloc[known], table["b"].iloc[known])
        errors.append(float(abs(model.predict(table[["a"]].iloc[ahead]) - table["b"].iloc[ahead]).mean()))
    return errors

folds = [(list(range(n)), list(range(n, n + 6))) for n in (30, 36, 42)]
errors = replay(table, folds)
"""


@pytest.fixture(scope="module")
def timed(lab: Any) -> Any:
    """The bench with another case: a table cut by date, and a model that is replayed inside a function."""

    def step(old: Any, answer: str, check: str, *names: str) -> Any:
        id_ = old.view.id
        checks = (Check(id=f"check-{id_}", cell=f"check-{id_}", hidden=False, source=check, points=1),)
        compare = tuple(Compare(name=name) for name in names)
        return old.model_copy(update={"reference": {id_: answer}, "checks": checks, "compare": compare})

    one, two = lab.case.subtasks
    checks = {"check-shelf": "assert len(train) + len(test) == 60", "check-reduced": "assert len(errors) == len(folds)"}
    texts = checks | {"set-up": SET_UP + TIMED, "title": "`table`, `train`, `test`, `replay`, `folds`, `errors`"}
    cells = tuple(c.model_copy(update={"source": texts.get(c.id, c.source)}) for c in lab.case.cells)
    steps = (
        step(one, CUT, checks["check-shelf"], "train", "test"),
        step(two, REPLAY, checks["check-reduced"], "folds", "errors"),
    )
    case = lab.case.model_copy(update={"version": "c" * 64, "cells": cells, "subtasks": steps})
    return type(lab)(lab.checker, case)


@pytest.mark.parametrize(
    ("step", "answer", "aspect", "word"),
    [
        ("shelf", CUT.replace("< '2026-02-15'", "<= '2026-02-17'"), "contamination", "too: 3."),
        (
            "shelf",
            "test = table.sample(15, random_state=2)\ntrain = table.drop(test.index)",
            "later-rows",
            "come after the first row of `test`",
        ),
        ("reduced", REPLAY.replace("iloc[known]", "iloc[known + ahead]"), "fitted-on-tested", "fitted on: 18."),
        (
            "reduced",
            REPLAY.replace("range(n)), list", "range(n + 1)), list"),
            "shared-folds",
            "known to a fold and yet to be forecast by it: 3.",
        ),
        (
            "reduced",
            REPLAY.replace("list(range(n)), ", "list(range(n)) + list(range(n + 6, 60)), "),
            "later-folds",
            "come after the first that it is to forecast",
        ),
    ],
)
async def test_time_is_looked_at_wherever_the_code_stands(
    timed: Any, step: str, answer: str, aspect: str, word: str
) -> None:
    shelf, reduced = (answer, REPLAY) if step == "shelf" else (CUT, answer)
    feedback = await judged(timed, step, split=shelf, model=reduced)
    assert feedback.verdict is Verdict.NEEDS_WORK
    assert aspect in [e.aspect for f in feedback.findings for e in f.evidence if e.kind == "behaviour"]
    assert any(word in finding.message for finding in feedback.findings)


async def test_time_that_is_kept_is_approved(timed: Any) -> None:
    for step in ("shelf", "reduced"):
        assert (await judged(timed, step, split=CUT, model=REPLAY)).verdict is Verdict.APPROVED
