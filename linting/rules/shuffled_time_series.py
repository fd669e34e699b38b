from collections.abc import Iterator

from linting.rules.facts import Facts, has_unpacking, keyword, literal
from linting.rules.flow.estimators import TRAIN_TEST_SPLIT
from linting.rules.rule import Hit, Rule

_START = (
    "import pandas as pd\nfrom sklearn.model_selection import train_test_split\n"
    "df = pd.read_csv('a.csv', index_col='day')\n"
)


class ShuffledTimeSeries(Rule):
    """Shuffling rows that were made of the rows before them."""

    code = "DS015"
    name = "shuffled-time-series"
    severity = "error"
    why = (
        "With rows that hold their predecessors' values, a random split puts the neighbours of every test row into "
        "training: the model fills gaps between days it knows, and fails at the task of saying what comes next."
    )
    url = "https://scikit-learn.org/stable/modules/cross_validation.html#time-series-split"
    bad = (
        f"{_START}df['yesterday'] = df['sales'].shift(1)\ntrain, test = train_test_split(df, random_state=0)",
        f"{_START}df['week'] = df['sales'].rolling(7).mean()\nX = df[['week']].dropna()\n"
        "train, test = train_test_split(X, random_state=0)",
        f"{_START}monthly = df.resample('MS').sum()\ntrain, test = train_test_split(monthly, random_state=0)",
    )
    good = (
        f"{_START}df['yesterday'] = df['sales'].shift(1)\ntrain, test = train_test_split(df, shuffle=False)",
        f"{_START}print(df['sales'].diff().mean())\ntrain, test = train_test_split(df, random_state=0)",
        f"{_START}df['before'] = df.groupby('shop')['sales'].shift(1)\n"
        "train, test = train_test_split(df, random_state=0)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Random splits of rows with lags or windows over earlier rows, or of one row a period."""
        for call in facts.calls_of(TRAIN_TEST_SPLIT):
            shuffle = keyword(call, "shuffle")
            is_random = shuffle is None or literal(shuffle) is True
            ordered = any(facts.value(given).traits & {"lagged", "resampled"} for given in call.args)
            if is_random and ordered and not has_unpacking(call):
                yield Hit(call, "A random split of rows that follow each other in time")
