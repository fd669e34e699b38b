import ast
from collections.abc import Iterator

from linting.rules.facts import Facts
from linting.rules.flow.value import FRAME, SERIES
from linting.rules.rule import Hit, Rule

READER = {
    "date_parser": "`date_format`",
    "delim_whitespace": r"`sep=r'\s+'`",
    "error_bad_lines": "`on_bad_lines`",
    "infer_datetime_format": "nothing: it is what happens anyway",
    "mangle_dupe_cols": "nothing: it is what happens anyway",
    "prefix": "`names`",
    "squeeze": "`.squeeze('columns')` afterwards",
    "warn_bad_lines": "`on_bad_lines`",
}
FUNCTIONS = {
    "pandas.read_csv": READER,
    "pandas.read_table": READER,
    "pandas.concat": {"join_axes": "`reindex` afterwards"},
    "pandas.date_range": {"closed": "`inclusive`"},
    "pandas.read_excel": {"sheetname": "`sheet_name`", "squeeze": "`.squeeze('columns')` afterwards"},
    "pandas.to_datetime": {"infer_datetime_format": "nothing: it is what happens anyway"},
}
METHODS = {
    "drop_duplicates": {"cols": "`subset`"},
    "fillna": {"method": "`ffill()` or `bfill()`"},
    "groupby": {"axis": "the transposed table"},
    "mean": {"level": "`groupby(level=…)`"},
    "replace": {"method": "`ffill()` or `bfill()` afterwards"},
    "resample": {"axis": "the transposed table", "base": "`offset`", "loffset": "a shifted index", "how": "a method"},
    "rolling": {"axis": "the transposed table"},
    "sum": {"level": "`groupby(level=…)`"},
    "to_csv": {"line_terminator": "`lineterminator`"},
}
_START = "import pandas as pd\ndf = pd.read_csv('a.csv')\n"


class RemovedPandasArgument(Rule):
    """An argument that pandas no longer takes."""

    code = "DS031"
    name = "removed-pandas-argument"
    severity = "error"
    why = "The call fails with a TypeError in every current pandas, and with it everything below."
    url = "https://pandas.pydata.org/docs/whatsnew/v3.0.0.html"
    bad = (
        f"{_START}df = df.fillna(method='ffill')",
        "import pandas as pd\ndf = pd.read_csv('a.csv', error_bad_lines=False)",
        f"{_START}total = df['a'].sum(level=0)",
    )
    good = (
        f"{_START}df = df.ffill()",
        "import pandas as pd\ndf = pd.read_csv('a.csv', on_bad_lines='skip')",
        "tree.fillna(method='ffill')",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Calls of pandas' functions and of known tables' methods with such an argument."""
        for call in facts.calls:
            known = FUNCTIONS.get(facts.dotted(call.func))
            if known is None and isinstance(call.func, ast.Attribute):
                known = METHODS.get(call.func.attr) if facts.value(call.func.value).type in {FRAME, SERIES} else None
            for given in call.keywords:
                if known is not None and given.arg in known:
                    yield Hit(given.value, f"pandas no longer takes `{given.arg}`: {known[given.arg]} takes its place")
