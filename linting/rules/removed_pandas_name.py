import ast
from collections.abc import Iterator

from linting.rules.facts import Facts
from linting.rules.flow.value import FRAME, SERIES
from linting.rules.rule import Hit, Rule

METHODS = {
    "append": "`pd.concat`",
    "applymap": "`map`",
    "as_matrix": "`to_numpy()`",
    "convert_objects": "`infer_objects()` or `pd.to_numeric`",
    "get_value": "`at[…]`",
    "iteritems": "`items()`",
    "ix": "`loc[…]` or `iloc[…]`",
    "lookup": "`to_numpy()` with indexers",
    "mad": "`(x - x.mean()).abs().mean()`",
    "set_value": "`at[…] = …`",
    "slice_shift": "`shift`",
    "tshift": "`shift(freq=…)`",
}
"""Gone from pandas 3 for tables and columns alike; what takes their place."""
FUNCTIONS = {
    "pandas.Float64Index": "`pd.Index`",
    "pandas.Int64Index": "`pd.Index`",
    "pandas.Panel": "a table with a MultiIndex",
    "pandas.TimeGrouper": "`pd.Grouper`",
    "pandas.datetime": "the module `datetime`",
    "pandas.np": "`import numpy as np`",
    "pandas.rolling_mean": "`rolling(…).mean()`",
    "pandas.scatter_matrix": "`pd.plotting.scatter_matrix`",
    "pandas.value_counts": "the column's own `value_counts()`",
}
_START = "import pandas as pd\ndf = pd.read_csv('a.csv')\n"


class RemovedPandasName(Rule):
    """A name that pandas no longer has."""

    code = "DS030"
    name = "removed-pandas-name"
    severity = "error"
    why = "The line fails with every current pandas. Old answers on the web still show it; the library moved on."
    url = "https://pandas.pydata.org/docs/whatsnew/v2.0.0.html#removal-of-prior-version-deprecations-changes"
    bad = (
        f"{_START}df = df.append(row, ignore_index=True)",
        f"{_START}for name, column in df.iteritems():\n    print(name)",
        f"{_START}df.ix[0, 'a']",
        "import pandas as pd\nstart = pd.datetime(2020, 1, 1)",
        f"{_START}df['a'].mad()",
    )
    good = (
        f"{_START}rows = []\nrows.append(df)",
        f"{_START}df['append']",
        f"{_START}for name, column in df.items():\n    print(name)",
        "d = {}\nd.iteritems()",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Such attributes of known tables, columns and of pandas itself."""
        for node in facts.of(ast.Attribute):
            gone = FUNCTIONS.get(facts.dotted(node))
            if gone is None and facts.value(node.value).type in {FRAME, SERIES}:
                # A column may have any name: only what is called or indexed as it used to be is meant.
                gone = METHODS.get(node.attr) if node in facts.called_or_indexed else None
            if gone is not None:
                yield Hit(node, f"pandas no longer has `{node.attr}`: {gone} takes its place")
