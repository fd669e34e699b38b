import ast
from collections.abc import Iterator

from linting.rules.facts import Facts
from linting.rules.nodes import walk
from linting.rules.rule import Hit, Rule


class RowWrite(Rule):
    """Writing into the row that `iterrows()` hands out."""

    code = "DS002"
    name = "write-to-row-copy"
    severity = "error"
    why = "`iterrows()` hands out copies: the value is thrown away with the row, and the table never sees it."
    url = "https://pandas.pydata.org/docs/reference/api/pandas.DataFrame.iterrows.html"
    bad = ("for i, row in df.iterrows():\n    row['price'] = row['price'] * 2",)
    good = (
        "for i, row in df.iterrows():\n    df.loc[i, 'price'] = row['price'] * 2",
        "rows = []\nfor i, row in df.iterrows():\n    row['price'] = 0\n    rows.append(row)",
        "for i, row in pairs.items():\n    row['price'] = 0",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Assignments to `row[…]` in a loop that never uses the whole row afterwards."""
        for loop in facts.of(ast.For):
            match loop:
                case ast.For(
                    target=ast.Tuple(elts=[_, ast.Name(id=row)]),
                    iter=ast.Call(func=ast.Attribute(attr="iterrows")),
                ) if not _is_kept(loop, row):
                    yield from _writes(loop, row)


def _writes(loop: ast.For, row: str) -> Iterator[Hit]:
    for node in walk(loop):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AugAssign) else []
        )
        for target in targets:
            match target:
                case ast.Subscript(value=ast.Name(id=name)) if name == row:
                    yield Hit(target, f"`{row}` is a copy: writing to it never reaches the table")


def _is_kept(loop: ast.For, row: str) -> bool:
    """Whether the row is used as a whole (appended, passed on), so that what was written is not lost."""
    inside = {id(n.value) for n in walk(loop) if isinstance(n, ast.Subscript)}
    return any(
        isinstance(n, ast.Name) and n.id == row and isinstance(n.ctx, ast.Load) and id(n) not in inside
        for n in walk(loop)
    )
