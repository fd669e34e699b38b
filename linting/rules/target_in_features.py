import ast
from collections.abc import Iterator

from linting.rules.facts import Facts, argument
from linting.rules.flow.value import FRAME
from linting.rules.rule import Hit, Rule

_IMPORTS = "import pandas as pd\nfrom sklearn.linear_model import Ridge\ndf = pd.read_csv('a.csv')\n"


class TargetInFeatures(Rule):
    """The answer among the questions."""

    code = "DS011"
    name = "target-in-features"
    severity = "error"
    why = (
        "The model reads the answer instead of predicting it: a near perfect score here, nothing in production, where "
        "the column does not exist yet."
    )
    url = "https://www.kaggle.com/code/alexisbcook/data-leakage"
    bad = (
        f"{_IMPORTS}y = df['price']\nX = df.drop(columns=['id'])\nRidge().fit(X, y)",
        f"{_IMPORTS}Ridge().fit(df[['area', 'price']], df['price'])",
        f"{_IMPORTS}from sklearn.model_selection import train_test_split\ny = df.price\nX = df.drop('id', axis=1)\n"
        "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)\n"
        "model = Ridge()\nmodel.fit(X_train, y_train)",
    )
    good = (
        f"{_IMPORTS}y = df['price']\nX = df.drop(columns=['id', 'price'])\nRidge().fit(X, y)",
        f"{_IMPORTS}y = df.pop('price')\nRidge().fit(df, y)",
        f"{_IMPORTS}y = df['price']\nX = df.drop(columns=unwanted)\nRidge().fit(X, y)",
        f"{_IMPORTS}y = df['price'].shift(-1)\nRidge().fit(df, y)",
        f"{_IMPORTS}y = df['price']\nX = df\ndf.drop(columns=['price'], inplace=True)\nRidge().fit(X, y)",
        f"{_IMPORTS}y = df['price']\nprepare(df)\nRidge().fit(df, y)",
        f"{_IMPORTS}y = df['price']\nX = df.select_dtypes('number')\nRidge().fit(X, y)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Fits in which the features are a table that certainly has the target's column."""
        for call, _ in facts.methods("fit", "fit_transform", "fit_resample"):
            features, target = argument(call, 0, "X"), argument(call, 1, "y")
            if features is not None and target is not None and facts.state(call) is not None:
                yield from _leak(features, target, facts)


def _leak(features: ast.expr, target: ast.expr, facts: Facts) -> Iterator[Hit]:
    table, column = facts.value(features), facts.value(target).column
    if table.type != FRAME or table.columns is None or column is None:
        return
    name, source = column
    if table.columns.source is source and table.columns.holds(name):
        yield Hit(features, f"The target `{name}` is one of the features")
