"""How results come about, asked where learners' code runs: rows in both parts, folds, and what models are fitted on."""

from typing import Any

import pytest

from services.contracts.limits import Limits
from services.contracts.observation import Behaviour, CodeCell, Probe, RunFinished, RunRequest
from services.runner.service import Runner

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]

SETUP = """
import numpy as np, pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
days = pd.date_range("2026-01-01", periods=40, freq="D")
table = pd.DataFrame({"a": np.arange(40.0) % 7, "b": np.arange(40.0) % 5}, index=days)
y = table["a"] * 2 + table["b"]
"""


async def answers(runner: Runner, code: str, *asked: Behaviour) -> list[dict[str, Any] | None]:
    request = RunRequest(
        environment="behaviour",
        imports=("numpy", "pandas", "sklearn.linear_model", "sklearn.pipeline", "sklearn.preprocessing"),
        cells=(CodeCell(id="set-up", source=SETUP), CodeCell(id="c", source=code)),
        probes=tuple(Probe(id=str(at), behaviour=one) for at, one in enumerate(asked)),
        limits=Limits(memory_mb=2_048, probe_seconds=20),
    )
    last = [event async for event in runner.run(request)][-1]
    assert isinstance(last, RunFinished), last
    assert last.observation.cells[-1].status == "ok", last.observation.cells[-1].error
    return [probe.value for probe in last.observation.probes]


def parts(one: str = "train", other: str = "test") -> Behaviour:
    return Behaviour(kind="overlap", names=(one, other))


@pytest.mark.parametrize(
    ("code", "rows", "shared", "later"),
    [
        ("train, test = table.iloc[:30], table.iloc[30:]", 10, 0, 0),
        ("train, test = table[table.index < '2026-01-31'], table[table.index >= '2026-01-31']", 10, 0, 0),
        ("train, test = y[:30], y[30:]", 10, 0, 0),
        # On other days the same numbers stand: that makes it no row of both.
        ("train, test = table.iloc[:35], table.iloc[35:]", 5, 0, 0),
        ("train, test = table.iloc[:33], table.iloc[30:]", 10, 3, 2),
        ("test = table.sample(10, random_state=1)\ntrain = table.drop(test.index)", 10, 0, None),
        ("train, test = table.iloc[10:], table.iloc[:10]", 10, 0, 30),
        ("train = table.iloc[:30].to_numpy()\ntest = np.vstack([train[:2], [[9.0, 9.0]]])", 3, 2, 0),
        # Counted anew, labels say nothing.
        ("t = table.assign(n=range(40)).reset_index(drop=True)\ntrain, test = t[:30], t[30:].reset_index(drop=True)",
         10, 0, 0),
    ],
    ids=["by position", "by date", "series", "equal rows", "shared", "at random", "the future", "arrays", "counted"],
)  # fmt: skip
async def test_rows_of_two_parts(runner: Runner, code: str, rows: int, shared: int, later: int | None) -> None:
    (seen,) = await answers(runner, code, parts())
    assert seen is not None
    assert (seen["rows"], seen["shared"]) == (rows, shared)
    assert seen["later"] > 0 if later is None else seen["later"] == later


async def test_folds_are_looked_at_one_by_one(runner: Runner) -> None:
    code = """
good = [(list(range(n)), list(range(n, n + 2))) for n in (4, 6, 8)]
split = list(TimeSeriesSplit(3).split(table))
known = [(list(range(n + 1)), range(n, n + 2)) for n in (4, 6)]
mixed = list(KFold(4, shuffle=True, random_state=3).split(table))
nothing = [("a", "b")]
pairs = {"a": 1}
"""
    names = ("good", "split", "known", "mixed", "nothing", "pairs", "absent")
    seen = await answers(runner, code, *(Behaviour(kind="folds", names=(name,)) for name in names))
    good, split, known, mixed, *others = seen
    assert good == {"kind": "folds", "folds": 3, "rows": 6, "shared": 0, "later": 0}
    assert split is not None
    assert (split["shared"], split["later"]) == (0, 0)
    assert known == {"kind": "folds", "folds": 2, "rows": 4, "shared": 2, "later": 0}
    assert mixed is not None
    assert mixed["shared"] == 0 < mixed["later"]
    assert others == [None, None, None]


FOLDS = """
def score(table, folds):
    errors = []
    for train, test in folds:
        model = {model}
        model.fit(table.iloc[{rows}], y.iloc[{rows}])
        errors.append(float(abs(model.predict(table.iloc[test]) - y.iloc[test]).mean()))
    return errors

found = score(table, {folds})
"""
GROWING = "[(list(range(n)), list(range(n, n + 5))) for n in (20, 25, 30)]"
LINE = "LinearRegression()"
PIPE = "make_pipeline(StandardScaler(), LinearRegression())"


def folded(model: str = LINE, rows: str = "train", folds: str = GROWING) -> str:
    return FOLDS.format(model=model, rows=rows, folds=folds)


@pytest.mark.parametrize(
    ("code", "rows", "shared", "later"),
    [
        (folded(), 15, 0, 0),
        (folded(PIPE), 15, 0, 0),
        (folded(rows="train + test"), 15, 15, 12),
        (folded(PIPE, rows="train + test"), 15, 15, 12),
        (folded(folds="KFold(4, shuffle=True, random_state=3).split(table)"), 40, 0, None),
        ("cross_val_score(LinearRegression(), table, y, cv=TimeSeriesSplit(3))", 30, 0, 0),
        ("cross_val_score(LinearRegression(), table, y, cv=KFold(4))", 40, 0, None),
        # How well it knows what it was fitted on is asked for at times, and is no test.
        ("m = LinearRegression().fit(table[:30], y[:30])\nm.predict(table[:30])\nm.predict(table[30:])", 10, 0, 0),
        ("m = LinearRegression().fit(table, y)\nm.score(table[30:], y[30:])", 10, 10, 9),
        ("scaler = StandardScaler().fit(table)\nscaler.transform(table[30:])", 10, 10, 9),
    ],
    ids=["growing", "pipeline", "whole fold", "whole fold, pipeline", "shuffled", "time series", "folds", "own rows",
         "scored on its own", "scaler"],
)  # fmt: skip
async def test_what_models_are_fitted_on_and_asked_about(
    runner: Runner, code: str, rows: int, shared: int, later: int | None
) -> None:
    (seen,) = await answers(runner, code, Behaviour(kind="fits", names=("score",), sources=(code,)))
    assert seen is not None
    assert (seen["kind"], seen["rows"], seen["shared"]) == ("fits", rows, shared)
    assert seen["later"] > 0 if later is None else seen["later"] == later


async def test_code_that_cannot_run_twice_says_what_was_seen_until_it_stops(runner: Runner) -> None:
    fit = "m = LinearRegression().fit(table[['a', 'b']][:30], y[:30])"
    once = f"{fit}\nm.predict(table[['a', 'b']][30:])\ntable = table.drop(columns='b')"
    two = Behaviour(kind="fits", names=("m",), sources=(once, "table['b']"))
    none = Behaviour(kind="fits", names=("m",), sources=("print(1", "x = 1"))
    # It has run once, and `b` is gone: the second time there is no forecast.
    assert await answers(runner, once, two, none, parts("m", "m")) == [None, None, None]
    (seen,) = await answers(runner, "pass", two)
    assert seen == {"kind": "fits", "asked": 1, "rows": 10, "shared": 0, "later": 0}
