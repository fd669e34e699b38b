import ast
from collections.abc import Iterator

from linting.rules.facts import Facts
from linting.rules.rule import Hit, Rule


class Iterrows(Rule):
    """A Python loop over the rows of a table."""

    code = "DS001"
    name = "loop-over-rows"
    severity = "warning"
    why = (
        "Every step builds a whole Series for one row and turns integers into floats on the way. "
        "On a million rows that is minutes where a column expression takes milliseconds."
    )
    url = "https://pandas.pydata.org/docs/user_guide/basics.html#iteration"
    bad = (
        "for i, row in df.iterrows():\n    total += row['a']",
        "rows = [row['a'] for _, row in orders.iterrows()]",
    )
    good = (
        "for row in df.itertuples():\n    print(row.a)",
        "for name, group in df.groupby('a'):\n    print(name)",
        "total = df['a'].sum()",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Loops and comprehensions over `….iterrows()`."""
        looped = [*(loop.iter for loop in facts.of(ast.For)), *(inner.iter for inner in facts.of(ast.comprehension))]
        for rows in looped:
            if _is_iterrows(rows):
                yield Hit(rows, "Looping over rows with `iterrows()`: work on whole columns instead")


def _is_iterrows(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "iterrows"
