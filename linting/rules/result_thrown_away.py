import ast
from collections.abc import Iterator

from linting.rules.facts import Facts, has_unpacking, keyword
from linting.rules.rule import Hit, Rule

GIVES_NEW = frozenset(
    {"assign", "astype", "bfill", "drop", "drop_duplicates", "dropna", "ffill", "fillna", "join", "melt", "merge"}
    | {"query", "rename", "replace", "reset_index", "round", "set_index", "sort_index", "sort_values"}
)
_START = "import pandas as pd\ndf = pd.read_csv('a.csv')\n"


class ResultThrownAway(Rule):
    """A step of cleaning whose result nobody keeps."""

    code = "DS024"
    name = "result-thrown-away"
    severity = "error"
    why = "The method gives back a new table and leaves the old one alone: the step is written down and never happens."
    url = "https://pandas.pydata.org/docs/getting_started/intro_tutorials/05_add_columns.html"
    bad = (f"{_START}df.dropna()\nprint(df.mean())", f"{_START}df.sort_values('a').reset_index(drop=True)\nprint(df)")
    good = (
        f"{_START}df = df.dropna()",
        f"{_START}df.dropna(inplace=True)",
        f"{_START}df.head()\nprint(df)",
        f"{_START}df.pop('a')\nprint(df)",
        "basket.drop()\nprint(basket)",
        f"{_START}try:\n    df.drop(columns='a')\nexcept KeyError:\n    print('no such column')",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Such calls on a known table as a statement of their own that does not end its cell."""
        for node in facts.of(ast.Expr):
            match node:
                case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner, attr=method)) as call) if (
                    method in GIVES_NEW and facts.is_frame(owner) and not facts.is_displayed(node)
                ):
                    is_kept = keyword(call, "inplace") is not None or has_unpacking(call)
                    if not is_kept and not facts.is_guarded(node):
                        yield Hit(call, f"The table that `{method}` gives back is thrown away")
