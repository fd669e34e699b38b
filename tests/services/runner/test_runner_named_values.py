"""Named values are described in the learner's process itself where that changes nothing, else in a copy of it."""

from typing import Any

import pytest

from services.contracts.observation import CodeCell, Keep, Observation, Probe, RunFinished, RunRequest
from services.runner.service import Runner

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]

_TABLES = """
import sys
import numpy as np
import pandas as pd

class Own:
    pass

class OwnText(str):
    pass

table = pd.DataFrame({"n": [1.5, None], "t": ["a", None], "k": pd.Categorical(["x", "y"])})
marked = table.copy()
marked.attrs["by"] = Own()
named = pd.Series([1, 2], name=("a", 1))
odd = pd.Series([1, 2])
odd.name = Own()
objects = {
    "table": table,
    "grouped": table.groupby("t").agg(m=("n", "mean")),
    "levels": table.set_index(["t", "n"]),
    "nullable": pd.Series([1, None], dtype="Int64"),
    "mixed": pd.Series([1, "a", pd.NA, None], dtype=object),
    "days": pd.Series([1.0, 2.0], index=pd.date_range("2026-01-01", periods=2)),
    "named": named,
    "index": table.columns,
    "marked": marked,
    "odd": odd,
    "own": pd.Series([Own()]),
    "own text": pd.Series([OwnText("a"), "b"], dtype=object),
    "subclass": type("Table", (pd.DataFrame,), {})({"a": [1]}),
    "lists": pd.Series([[1], [2]]),
    "zoned": pd.Series(pd.date_range("2026-01-01", periods=2, tz="UTC")),
}
all_known = sys.modules["caseloop_sandbox.observe.known"].all_known
ans = {name: all_known([obj]) for name, obj in objects.items()}
"""
_MODELS = """
import sys
import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

class Own(BaseEstimator):
    def fit(self, X, y=None):
        return self

def double(x):
    return 2 * x

X, y = np.arange(6.0).reshape(3, 2), [1.0, 2.0, 3.0]
numbers = make_pipeline(SimpleImputer(), StandardScaler())
columns = ColumnTransformer([("n", numbers, [0]), ("k", OneHotEncoder(handle_unknown="ignore"), [1])])
changed, marked = Ridge().fit(X, y), Ridge()
changed.predict = double
marked.note = Own()
objects = {
    "fresh": Ridge(),
    "fitted": LinearRegression().fit(X, y),
    "columns": make_pipeline(columns, Ridge()).fit(X, y),
    "function": FunctionTransformer(double),
    "own": Own(),
    "own inside": make_pipeline(Own(), Ridge()),
    "changed": changed,
    "marked": marked,
    "forest": RandomForestRegressor(1).fit(X, y),
    "random": Ridge(random_state=np.random.RandomState(1)),
    "deep": make_pipeline(make_pipeline(make_pipeline(make_pipeline(Ridge())))),
}
known = sys.modules["caseloop_sandbox.observe.known"]
ans = {name: [known.all_known([obj]), known.content_of(obj) is not None] for name, obj in objects.items()}
before = known.content_of(objects["columns"])
same = before.is_the_same()
objects["columns"].named_steps["columntransformer"].named_transformers_["n"][1].mean_[0] += 1
other = not before.is_the_same()
"""
_COUNTING = """
import pandas as pd

looks = 0

class Counting:
    def __hash__(self):
        global looks
        looks += 1
        return 1

    def __eq__(self, other):
        global looks
        looks += 1
        return True

looked_at = pd.Series([Counting(), Counting()])
plain = [1, 2]
"""


async def _run(runner: Runner, cells: list[str], names: list[str], owner: str | None = None) -> Observation:
    request = RunRequest(
        environment="named",
        imports=("numpy", "pandas", "sklearn.linear_model"),
        cells=tuple(CodeCell(id=f"@{number}", source=source) for number, source in enumerate(cells)),
        probes=tuple(Probe(id=f"p{number}", name=name) for number, name in enumerate(names)),
        keep=Keep(owner=owner, then="more") if owner else None,
    )
    events = [event async for event in runner.run(request)]
    assert isinstance(events[-1], RunFinished), events[-1]
    return events[-1].observation


def _values(seen: Observation) -> list[Any]:
    assert seen.complete, seen
    return [None if probe.value is None else dict(probe.value) for probe in seen.probes]


async def test_tables_of_pandas_own_are_known_unless_they_hold_something_else(runner: Runner) -> None:
    (value,) = _values(await _run(runner, [_TABLES], ["ans"]))
    found = {key: item["value"] for key, item in value["items"]}
    unknown = {"marked", "odd", "own", "own text", "subclass", "lists", "zoned"}
    assert found == {name: name not in unknown for name in found}
    assert len(found) == 15


async def test_models_of_scikit_learns_own_are_known_unless_they_hold_something_else(runner: Runner) -> None:
    value, same, other = _values(await _run(runner, [_MODELS], ["ans", "same", "other"]))
    found = {key: tuple(flag["value"] for flag in item["items"]) for key, item in value["items"]}
    unknown = {"own", "own inside", "changed", "marked", "forest", "random", "deep"}
    assert found == {name: (name not in unknown, name not in {*unknown, "function"}) for name in found}
    assert len(found) == 11
    assert same["value"]
    assert other["value"]


async def test_looking_at_a_learners_objects_changes_nothing_for_the_cells_after(runner: Runner) -> None:
    first = _values(await _run(runner, [_COUNTING], ["plain", "looked_at", "nowhere"], "ann"))
    assert [value and value["kind"] for value in first] == ["list", "series", None]
    after = await _run(runner, [_COUNTING, "count = looks"], ["count"], "ann")
    assert _values(after)[0]["value"] == 0


async def test_values_too_long_for_one_message_together_arrive_one_by_one(runner: Runner) -> None:
    cells = [f"v{number} = ['x' * 2_000] * 200" for number in range(12)]
    values = _values(await _run(runner, ["\n".join(cells)], [f"v{number}" for number in range(12)]))
    assert [value["length"] for value in values] == [200] * 12


async def test_a_process_that_cannot_answer_any_more_loses_what_was_asked_of_it(runner: Runner) -> None:
    hostile = """
import os, sys
sys.modules["caseloop_sandbox.learner"].all_known = lambda objects: os._exit(3)
plain = [1]
"""
    seen = await _run(runner, [hostile], ["plain", "nowhere"], "bob")
    assert not seen.complete
    assert [probe.lost for probe in seen.probes] == ["ended", "ended"]
    again = await _run(runner, ["plain = [2]"], ["plain"], "bob")
    assert _values(again)[0]["length"] == 1
