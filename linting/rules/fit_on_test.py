import ast
from collections.abc import Iterator

from linting.rules.facts import Facts, argument, root_name
from linting.rules.rule import Hit, Rule

CALIBRATING = frozenset({"CalibratedClassifierCV", "TunedThresholdClassifierCV", "FixedThresholdClassifier"})
"""They are made to be fitted on rows that the model has not seen."""
_SET_ASIDE = ("test", "valid", "val_", "_val", "hold", "unseen")


class FitOnTest(Rule):
    """Learning from the rows that were set aside."""

    code = "DS005"
    name = "fit-on-test-data"
    severity = "error"
    why = (
        "Fitted on the rows that were set aside, the object no longer says anything about unseen data; "
        "a transformer fitted twice also scales training and test rows differently."
    )
    url = "https://scikit-learn.org/stable/common_pitfalls.html#data-leakage"
    bad = (
        "from sklearn.model_selection import train_test_split\n"
        "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)\nscaler.fit_transform(X_test)",
        "from sklearn.model_selection import train_test_split\n"
        "train, test = train_test_split(df, random_state=0)\nmodel.fit(test[['a']], test['b'])",
        "from sklearn.model_selection import train_test_split\n"
        "train, test = train_test_split(df, random_state=0)\nmodel.fit(X=test.drop(columns='b'))",
    )
    good = (
        "from sklearn.model_selection import train_test_split\n"
        "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)\n"
        "model.fit(X_train, y_train)\nmodel.score(X_test, y_test)\nscaler.transform(X_test)",
        "test = load()\nmodel.fit(test)",
        "from sklearn.model_selection import train_test_split\n"
        "first, second = train_test_split(df, random_state=0)\nmodel.partial_fit(first)\nmodel.partial_fit(second)",
        "from sklearn.model_selection import train_test_split\n"
        "train, test = train_test_split(df, random_state=0)\ntest = more()\nmodel.fit(test)",
        "from sklearn.model_selection import train_test_split\n"
        "train, test = train_test_split(df, random_state=0)\nfor test in folds:\n    model.fit(test)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """`….fit(test)` and `….fit_transform(test)` where `test` is the test part of a split."""
        for call, _ in facts.methods("fit", "fit_transform", "fit_resample", "partial_fit"):
            data = argument(call, 0, "X")
            part = None if data is None else facts.value(data).part
            if data is None or part is None or part.side != "test" or not _is_set_aside(data):
                continue
            state = facts.state(call)
            if state is None or state.estimator.class_name not in CALIBRATING:
                yield Hit(call, "Fitted on the part of the split that was set aside for testing")


def _is_set_aside(data: ast.expr) -> bool:
    """Whether the author calls it so: two halves of data may both be there to learn from."""
    name = (root_name(data) or "").lower()
    return any(word in name for word in _SET_ASIDE)
