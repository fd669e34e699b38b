import ast
from collections.abc import Iterator

from linting.rules.facts import Facts, keyword, literal
from linting.rules.flow.value import FRAME, SERIES
from linting.rules.rule import Hit, Rule

GIVES_NOTHING = frozenset(
    {"drop", "drop_duplicates", "dropna", "rename", "reset_index", "set_index", "sort_index", "sort_values"}
)
"""Since pandas 3 a few other methods (`fillna`, `replace`, …) give the table back even with `inplace=True`."""
_START = "import pandas as pd\ndf = pd.read_csv('a.csv')\n"


class InplaceResult(Rule):
    """Keeping the result of a method that has none."""

    code = "DS022"
    name = "inplace-result-assigned"
    severity = "error"
    why = "With `inplace=True` the method changes the table and gives back None: from here on the name holds nothing."
    url = "https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.dropna.html"
    bad = (
        f"{_START}df = df.dropna(inplace=True)",
        f"{_START}clean = df.drop(columns=['a'], inplace=True)",
    )
    good = (
        f"{_START}df = df.dropna()",
        f"{_START}df.dropna(inplace=True)",
        f"{_START}df = df.dropna(inplace=False)",
        "tree = tree.drop(inplace=True)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Assignments of `table.method(…, inplace=True)`."""
        for node in facts.of(ast.Assign):
            match node:
                case ast.Assign(value=ast.Call(func=ast.Attribute(value=owner, attr=method)) as call) if (
                    method in GIVES_NOTHING and facts.value(owner).type in {FRAME, SERIES}
                ):
                    if literal(keyword(call, "inplace")) is True:
                        yield Hit(call, f"`{method}(inplace=True)` gives back None, and None is what is kept")
