import ast
from collections.abc import Iterator

from linting.rules.facts import Facts, literal
from linting.rules.rule import Hit, Rule

OPTION = "mode.chained_assignment"


class CopyWarningSilenced(Rule):
    """Switching off the warning instead of the mistake."""

    code = "DS044"
    name = "copy-warning-silenced"
    severity = "warning"
    why = (
        "pandas warned that a value was written to a copy. Without the warning it is written to a copy all the same, "
        "and the table keeps its old values in silence."
    )
    url = "https://pandas.pydata.org/docs/user_guide/copy_on_write.html"
    bad = (
        "import pandas as pd\npd.options.mode.chained_assignment = None",
        "import pandas as pd\npd.set_option('mode.chained_assignment', None)",
    )
    good = (
        "import pandas as pd\npd.options.mode.chained_assignment = 'raise'",
        "import pandas as pd\npd.set_option('display.max_rows', None)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """The option set to None."""
        for node in facts.of(ast.Assign, ast.Call):
            match node:
                case ast.Assign(targets=[ast.Attribute() as target], value=ast.Constant(value=None)) if (
                    facts.dotted(target) == f"pandas.options.{OPTION}"
                ):
                    yield Hit(node, "The warning is off; the value is still written to a copy")
                case ast.Call(func=func, args=[option, ast.Constant(value=None)]) if (
                    facts.dotted(func) == "pandas.set_option" and literal(option) == OPTION
                ):
                    yield Hit(node, "The warning is off; the value is still written to a copy")
