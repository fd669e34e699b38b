from collections.abc import Iterator

from linting.rules.facts import Facts
from linting.rules.flow.estimators import TRAIN_TEST_SPLIT
from linting.rules.flow.value import is_whole
from linting.rules.rule import Hit, Rule

_IMPORTS = "import pandas as pd\nfrom sklearn.model_selection import train_test_split\ndf = pd.read_csv('a.csv')\n"


class StatisticBeforeSplit(Rule):
    """Scaling or filling by hand with numbers of all rows."""

    code = "DS010"
    name = "statistic-before-split"
    severity = "warning"
    why = (
        "The mean, the median or the range of all rows holds something of the test rows too. The test then measures "
        "a model that has had a look at the answers' sheet, and in production that look is not to be had."
    )
    url = "https://scikit-learn.org/stable/common_pitfalls.html#data-leakage-during-pre-processing"
    bad = (
        f"{_IMPORTS}df['age'] = df['age'].fillna(df['age'].median())\n"
        "train, test = train_test_split(df, random_state=0)",
        f"{_IMPORTS}X = df[['age', 'size']]\nX = (X - X.mean()) / 2\ntrain, test = train_test_split(X, random_state=0)",
        f"{_IMPORTS}typical = df['age'].mean()\ndf['age'] = df['age'] - typical\n"
        "train, test = train_test_split(df, random_state=0)",
    )
    good = (
        f"{_IMPORTS}train, test = train_test_split(df, random_state=0)\n"
        "typical = train['age'].median()\ntrain['age'] = train['age'].fillna(typical)",
        f"{_IMPORTS}print(df['age'].mean())\ntrain, test = train_test_split(df, random_state=0)",
        f"{_IMPORTS}df['total'] = df[['a', 'b']].max(axis=1)\ntrain, test = train_test_split(df, random_state=0)",
        f"{_IMPORTS}df['age'] = df['age'].fillna(30)\ntrain, test = train_test_split(df, random_state=0)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Statistics of whole data that went back into its rows before they were split."""
        fits = {
            fit.call: fit
            for split in facts.calls_of(TRAIN_TEST_SPLIT)
            for given in split.args
            for fit in facts.value(given).seen
            if fit.kind == "statistic" and is_whole(fit.data)
        }
        for call, fit in fits.items():
            yield Hit(call, f"The {fit.what} of all rows goes into rows that are split only afterwards")
