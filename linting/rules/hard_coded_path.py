import ast
import re
from collections.abc import Iterator

from linting.rules.facts import Facts
from linting.rules.rule import Hit, Rule

_ONE_MACHINE = re.compile(r"(?:/home/|/Users/|/content/drive/|[A-Za-z]:[\\/](?![\\/]))[^\n<>|*?]*")


class HardCodedPath(Rule):
    """A path that exists on one machine only."""

    code = "DS007"
    name = "path-of-one-machine"
    severity = "warning"
    why = (
        "The path exists on one machine only: the notebook fails for every colleague, in every container and in every "
        "scheduled run."
    )
    url = "https://docs.python.org/3/library/pathlib.html#concrete-paths"
    bad = (
        "import pandas as pd\ndf = pd.read_csv('/home/ana/data.csv')",
        "DATA = 'C:\\\\Users\\\\ana\\\\data.csv'",
        "open('/Users/ana/notes.txt')",
    )
    good = (
        "import pandas as pd\ndf = pd.read_csv('data/houses.csv')",
        "text = 'see /home/ana for details'",
        "url = 'https://example.org/home/ana'",
        "'''/home/ana is where it was.'''",
        "label = 'C: cost'",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Text that is wholly such a path, where it is assigned or passed to a call."""
        for node in facts.of(ast.Call, ast.Assign):
            for value in _used(node):
                if (
                    isinstance(value, ast.Constant)
                    and isinstance(value.value, str)
                    and _ONE_MACHINE.fullmatch(value.value)
                ):
                    yield Hit(value, "An absolute path that exists on one machine only")


def _used(node: ast.AST) -> list[ast.expr]:
    match node:
        case ast.Call(args=arguments, keywords=keywords):
            return [*arguments, *(k.value for k in keywords)]
        case ast.Assign(value=value):
            return [value]
    return []
