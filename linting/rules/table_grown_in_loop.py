import ast
from collections.abc import Iterator

from linting.rules.facts import Facts
from linting.rules.nodes import children
from linting.rules.rule import Hit, Rule

_START = "import pandas as pd\nall_rows = pd.DataFrame()\n"


class TableGrownInLoop(Rule):
    """A table that is copied once for every row it gets."""

    code = "DS029"
    name = "table-grown-in-loop"
    severity = "warning"
    why = (
        "Each step copies all rows so far: ten times the rows take a hundred times as long. Collected in a list and "
        "put together once, they take as long as reading them."
    )
    url = "https://pandas.pydata.org/docs/user_guide/merging.html#concat"
    bad = (
        f"{_START}for name in names:\n    all_rows = pd.concat([all_rows, pd.read_csv(name)])",
        f"{_START}while more():\n    all_rows.loc[len(all_rows)] = row()",
    )
    good = (
        "import pandas as pd\nparts = []\nfor name in names:\n    parts.append(pd.read_csv(name))\n"
        "all_rows = pd.concat(parts)",
        "import pandas as pd\nfor name in names:\n    both = pd.concat([old[name], new[name]])\n    save(both)",
        "found = {}\nfor name in names:\n    found.loc[len(found)] = name",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """`x = pd.concat([x, …])` and `x.loc[len(x)] = …` in a loop."""
        seen: set[ast.stmt] = set()
        loops: list[ast.For | ast.While] = [*facts.of(ast.For), *facts.of(ast.While)]
        for loop in loops:
            for node in _inside(loop):
                if node not in seen and (message := _grows(node, facts)):
                    seen.add(node)
                    yield Hit(node, message)


def _inside(loop: ast.For | ast.While) -> Iterator[ast.stmt]:
    waiting: list[ast.AST] = list(loop.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        if isinstance(node, ast.stmt):
            yield node
        waiting.extend(children(node))


def _grows(node: ast.stmt, facts: Facts) -> str:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=func, args=[ast.List(elts=[*parts]), *_])) if (
            facts.dotted(func) == "pandas.concat" and any(isinstance(p, ast.Name) and p.id == name for p in parts)
        ):
            return f"`{name}` is copied as a whole in every round of the loop"
        case ast.Assign(
            targets=[
                ast.Subscript(
                    value=ast.Attribute(value=ast.Name(id=name) as table, attr="loc"),
                    slice=ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=counted)]),
                )
            ]
        ) if name == counted and facts.binds_frame(table):
            return f"`{name}` is copied as a whole in every round of the loop"
    return ""
