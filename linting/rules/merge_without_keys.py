import ast
from collections.abc import Iterator

from linting.rules.facts import Facts, has_unpacking, keyword
from linting.rules.rule import Hit, Rule

KEYS = ("on", "left_on", "right_on", "left_index", "right_index")


class MergeWithoutKeys(Rule):
    """A merge that guesses its keys."""

    code = "DS008"
    name = "merge-without-keys"
    severity = "warning"
    why = (
        "Without keys pandas joins on every column name the tables happen to share. One more common column next month, "
        "and rows vanish or multiply in silence."
    )
    url = "https://pandas.pydata.org/docs/user_guide/merging.html#merge"
    bad = (
        "import pandas as pd\nboth = pd.merge(orders, customers)",
        "import pandas as pd\norders = pd.read_csv('a.csv')\nboth = orders.merge(customers, how='left')",
    )
    good = (
        "import pandas as pd\nboth = pd.merge(orders, customers, on='customer')",
        "import pandas as pd\nboth = pd.merge(orders, customers, 'left', 'customer')",
        "import pandas as pd\norders = pd.read_csv('a.csv')\nboth = orders.merge(days, how='cross')",
        "import pandas as pd\nboth = pd.merge(orders, customers, **options)",
        "cells = sheet.merge(other)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Merges of pandas tables without any key argument."""
        for node in facts.calls:
            if _guesses(node, facts):
                yield Hit(node, "A merge without `on=` joins on whatever column names the tables share")


def _guesses(call: ast.Call, facts: Facts) -> bool:
    if facts.dotted(call.func) == "pandas.merge":
        tables = 2
    elif isinstance(call.func, ast.Attribute) and call.func.attr == "merge" and facts.is_frame(call.func.value):
        tables = 1
    else:
        return False
    # After the tables and `how`, the third position is `on`.
    if has_unpacking(call) or keyword(call, *KEYS) is not None or len(call.args) > tables + 1:
        return False
    how = keyword(call, "how") or (call.args[tables] if len(call.args) > tables else None)
    return how is None or (isinstance(how, ast.Constant) and how.value != "cross")
