"""Do beforehand what nearly every submission does.

In a learner's process the memory it touches is copied then. In the zygote, libraries do what they do at their first
use only, and the interpreter has fitted its instructions to what they meet, which else it would do in each session.
"""

import random
import sys
from typing import TYPE_CHECKING

from .asserts import Recorder, rewrite
from .cells import run_cell
from .observe.outlines import outlined
from .observe.values import observed

if TYPE_CHECKING:
    from .learner import Prepared

_PLAIN = """
words = [str(n) for n in range(20)]
def total(values):
    return sum(len(v) for v in values)
result = {"a": total(words), "b": sorted(words)}
result
"""
_TIMES = 12
_LEARNING = """
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
table = pd.DataFrame({"x": np.arange(60.0), "y": np.arange(60.0) % 7, "k": list("abc") * 20})
table.loc[3, "x"] = np.nan
target = table["y"] * 2 + 1
seen, unseen, known, unknown = train_test_split(table, target, random_state=0)
steps = [("fill", SimpleImputer()), ("scale", StandardScaler())]
prepare = ColumnTransformer([("n", Pipeline(steps), ["x", "y"]), ("k", OneHotEncoder(handle_unknown="ignore"), ["k"])])
fitted = Pipeline([("prepare", prepare), ("model", Ridge())]).fit(seen, known)
mean_absolute_error(unknown, fitted.predict(unseen))
LinearRegression().fit(seen[["y"]], known).predict(unseen[["y"]])
"""
_LEARNING_NEEDS = ("compose", "impute", "linear_model", "metrics", "model_selection", "pipeline", "preprocessing")
_TABLES = """
import numpy as np, pandas as pd
rng = np.random.default_rng(0)
df = pd.DataFrame({"a": rng.integers(0, 9, 200), "b": rng.choice(list("xyz"), 200), "c": rng.normal(size=200)})
df.loc[::7, "c"] = np.nan
df = df.assign(c=df.c.fillna(df.groupby("b").c.transform("median")))
g = df.groupby(["a", "b"]).agg(c=("c", "mean")).reset_index().sort_values("c").drop_duplicates("b")
m = g.merge(df, on="b")
d = df[["a", "c"]].describe()
g
"""


def practise(prepared: "Prepared") -> None:
    """Warm up as often as the interpreter needs to settle; for the zygote, which has no streams to replace."""
    streams = {name: getattr(sys, name) for name in ("stdout", "__stdout__", "stderr", "__stderr__")}
    for _ in range(_TIMES):
        warm_up(prepared)
    vars(sys).update(streams)


def warm_up(prepared: "Prepared") -> None:
    """Run small cells in a namespace of their own; leaves random numbers and the notebook's names as they were."""
    state = random.getstate()
    namespace = {"__name__": "__main__"}
    run_cell("warm-up", _PLAIN, namespace, prepared.transform, 1_000)
    if "pandas" in sys.modules:
        run_cell("warm-up", _TABLES, namespace, prepared.transform, 1_000)
        if all(f"sklearn.{name}" in sys.modules for name in _LEARNING_NEEDS):
            run_cell("warm-up", _LEARNING, namespace, prepared.transform, 1_000)
    for name in ("result", "g", "total", "fitted"):
        for describe in (observed, outlined):
            describe(namespace.get(name), 0)
    _compare()
    prepared.pristine.restore()
    random.setstate(state)


def _compare() -> None:
    import ast

    recorder = Recorder(0, outlined)
    names = {**recorder.names(), "x": 1}
    exec(compile(rewrite(ast.parse("assert x == 1")), "<warm-up>", "exec"), names)  # noqa: S102 - our own code
