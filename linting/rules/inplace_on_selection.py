import ast
from collections.abc import Iterator

from linting.rules.facts import Facts, keyword, literal
from linting.rules.flow.value import INDEXER
from linting.rules.rule import Hit, Rule

_START = "import pandas as pd\ndf = pd.read_csv('a.csv')\n"


class InplaceOnSelection(Rule):
    """Changing a selection in place, and with it nothing."""

    code = "DS023"
    name = "inplace-on-selection"
    severity = "error"
    why = (
        "The selection is an object of its own: it is changed and thrown away, and the table stays as it was. Since "
        "pandas 3 that is always so; before, it depended on the memory layout."
    )
    url = "https://pandas.pydata.org/docs/user_guide/copy_on_write.html#chained-assignment"
    bad = (
        f"{_START}df['age'].fillna(0, inplace=True)",
        f"{_START}df[['a', 'b']].dropna(inplace=True)",
        f"{_START}df.loc[df['a'] > 1].drop(columns=['b'], inplace=True)",
    )
    good = (
        f"{_START}df['age'] = df['age'].fillna(0)",
        f"{_START}df.dropna(inplace=True)",
        f"{_START}ages = df['age'].copy()\nages.fillna(0, inplace=True)",
        "tables['a'].dropna(inplace=True)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """`table[…].method(…, inplace=True)` on a known table."""
        for call in facts.calls:
            match call.func:
                case ast.Attribute(value=ast.Subscript(value=owner)) if (
                    facts.is_frame(owner) or facts.value(owner).type == INDEXER
                ):
                    if literal(keyword(call, "inplace")) is True:
                        yield Hit(call, "A selection is changed in place and thrown away; the table stays as it was")
