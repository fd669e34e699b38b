import ast
from collections.abc import Iterator

from linting.rules.facts import Facts, argument, has_unpacking
from linting.rules.rule import Hit, Rule
from linting.rules.seeds import seeds_numpy

_START = "import pandas as pd\ndf = pd.read_csv('a.csv')\n"


class UnseededSample(Rule):
    """Rows drawn at random and kept, others on every run."""

    code = "DS018"
    name = "unseeded-sample"
    severity = "warning"
    why = (
        "Everything below is computed on other rows after each restart: a change of the result may come from the code "
        "or from the draw, and nobody can tell which."
    )
    url = "https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.sample.html"
    bad = (f"{_START}small = df.sample(1000)", f"{_START}df = df.sample(frac=1).reset_index(drop=True)")
    good = (
        f"{_START}small = df.sample(1000, random_state=0)",
        f"{_START}df.sample(5)",
        f"import numpy as np\nnp.random.seed(0)\n{_START}small = df.sample(1000)",
        "small = urn.sample(5)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """`table.sample(…)` without a seed, where the rows are kept and not only looked at."""
        if seeds_numpy(facts):
            return
        drawn = tuple(facts.methods("sample"))
        looks = facts.inside(ast.Expr) if drawn else frozenset()
        for call, method in drawn:
            if call in looks or has_unpacking(call) or argument(call, 4, "random_state") is not None:
                continue
            if facts.is_frame(method.value):
                yield Hit(call, "`sample` without `random_state` draws other rows on every run")
