import ast
from collections.abc import Iterator

from linting.rules.facts import Facts
from linting.rules.rule import Hit, Rule


class ChainedAssignment(Rule):
    """Assigning to a selection of a selection."""

    code = "DS003"
    name = "chained-assignment"
    severity = "error"
    why = (
        "The first selection is a new table, so the value lands in a temporary object that nobody keeps. "
        "Since pandas 3 the original never changes; before, it depended on the memory layout."
    )
    url = "https://pandas.pydata.org/docs/user_guide/copy_on_write.html#chained-assignment"
    bad = (
        "import pandas as pd\ndf = pd.read_csv('a.csv')\ndf[df['a'] > 1]['b'] = 0",
        "import pandas as pd\ndf = pd.read_csv('a.csv')\ndf['b'][0] = 1",
        "import pandas as pd\ndf = pd.read_csv('a.csv')\ndf['b'][df['a'] > 1] += 1",
        "import pandas as pd\ndf = pd.read_csv('a.csv')\ndf.loc[df['a'] > 1]['b'] = 0",
        "def clean(df):\n    df[df.a.isna()]['a'] = 0\n    return df",
    )
    good = (
        "import pandas as pd\ndf = pd.read_csv('a.csv')\ndf.loc[df['a'] > 1, 'b'] = 0",
        "import pandas as pd\ndf = pd.read_csv('a.csv')\ndf['b'] = df['a'][0]",
        "scores = {'a': {}}\nscores['a']['b'] = 1",
        "grid = [[0] * 3 for _ in range(3)]\ngrid[0][1] = 5",
        "import pandas as pd\ntables = {'a': pd.DataFrame()}\ntables['a']['b'] = 1",
        "import pandas as pd\ndf = pd.DataFrame()\ndf.attrs['a']['b'] = 1",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Targets of assignments that are a selection from a selection of a known table."""
        for node in facts.of(ast.Assign, ast.AugAssign):
            for target in _targets(node):
                if isinstance(target, ast.Subscript) and _selects_from_frame(target.value, facts):
                    yield Hit(target, "The value is written to a temporary selection, not to the table")


def _targets(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Assign(targets=targets):
            return targets
        case ast.AugAssign(target=target):
            return [target]
    return []


def _selects_from_frame(node: ast.expr, facts: Facts) -> bool:
    match node:
        case ast.Subscript(value=ast.Attribute(value=inner, attr="loc" | "iloc")):
            return facts.is_frame(inner)
        case ast.Subscript(value=inner):
            return facts.is_frame(inner)
    return False
