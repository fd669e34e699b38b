"""Do beforehand, in a learner's process, what nearly every submission does: the memory it touches is copied then."""

import random
import sys
from typing import TYPE_CHECKING

from .asserts import Recorder, rewrite
from .cells import run_cell
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


def warm_up(prepared: "Prepared") -> None:
    """Run small cells in a namespace of their own; leaves random numbers and the notebook's names as they were."""
    state = random.getstate()
    namespace = {"__name__": "__main__"}
    run_cell("warm-up", _PLAIN, namespace, prepared.transform, 1_000)
    if "pandas" in sys.modules:
        run_cell("warm-up", _TABLES, namespace, prepared.transform, 1_000)
    for name in ("result", "g", "total"):
        observed(namespace.get(name), 0)
    _compare()
    prepared.pristine.restore()
    random.setstate(state)


def _compare() -> None:
    import ast

    recorder = Recorder(0)
    names = {**recorder.names(), "x": 1}
    exec(compile(rewrite(ast.parse("assert x == 1")), "<warm-up>", "exec"), names)  # noqa: S102 - our own code
