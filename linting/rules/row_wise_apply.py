import ast
from collections.abc import Iterator

from linting.rules.facts import Facts, argument, keyword, literal
from linting.rules.rule import Hit, Rule

_START = "import pandas as pd\ndf = pd.read_csv('a.csv')\n"


class RowWiseApply(Rule):
    """Arithmetic row by row that whole columns can do."""

    code = "DS042"
    name = "row-wise-apply"
    severity = "advice"
    why = (
        "`apply` calls Python once a row and builds a Series for each. The same expression on whole columns is shorter "
        "and some hundred times as fast."
    )
    url = "https://pandas.pydata.org/docs/user_guide/enhancingperf.html"
    bad = (f"{_START}df['total'] = df.apply(lambda row: row['price'] * row['count'], axis=1)",)
    good = (
        f"{_START}df['total'] = df['price'] * df['count']",
        f"{_START}df['label'] = df.apply(lambda row: name(row['a'], row['b']), axis=1)",
        f"{_START}df['high'] = df.apply(lambda row: row['a'] if row['b'] else 0, axis=1)",
        f"{_START}spread = df.apply(lambda column: column.max() - column.min())",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """`table.apply(lambda row: …, axis=1)` where the body is arithmetic on the row's values."""
        for call, method in facts.methods("apply"):
            function = argument(call, 0, "func")
            if literal(keyword(call, "axis")) not in (1, "columns") or not facts.is_frame(method.value):
                continue
            match function:
                case ast.Lambda(args=ast.arguments(args=[ast.arg(arg=row)]), body=ast.BinOp() as body):
                    if _is_arithmetic(body, row):
                        yield Hit(call, "Arithmetic on whole columns does the same at once")


def _is_arithmetic(node: ast.expr, row: str) -> bool:
    match node:
        case ast.BinOp(left=left, right=right):
            return _is_arithmetic(left, row) and _is_arithmetic(right, row)
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str())):
            return name == row
        case ast.Constant(value=int() | float()):
            return True
    return False
