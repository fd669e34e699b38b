import ast
from collections.abc import Iterator

from linting.rules.facts import Facts
from linting.rules.flow.estimators import LEARNING, TRAIN_TEST_SPLIT
from linting.rules.flow.value import Fit, is_whole
from linting.rules.rule import Hit, Rule

SPLIT = "from sklearn.preprocessing import StandardScaler\nfrom sklearn.model_selection import train_test_split\n"


class FitBeforeSplit(Rule):
    """A transformer that has seen the rows the model is tested on."""

    code = "DS004"
    name = "fit-before-split"
    severity = "error"
    why = (
        "The transformer has learned from the test rows, so the score is measured on data the model already knows. "
        "Such a model looks better in the notebook than it will ever be in production."
    )
    url = "https://scikit-learn.org/stable/common_pitfalls.html#data-leakage-during-pre-processing"
    bad = (
        f"{SPLIT}scaler = StandardScaler()\nX_scaled = scaler.fit_transform(X)\n"
        "X_train, X_test = train_test_split(X_scaled, random_state=0)",
        "from sklearn import impute, model_selection\nX[:] = impute.SimpleImputer().fit_transform(X)\n"
        "a, b = model_selection.train_test_split(X, random_state=0)",
        f"{SPLIT}scaler = StandardScaler().fit(df[['a']])\ndf['a'] = scaler.transform(df[['a']])\n"
        "train, test = train_test_split(df, random_state=0)",
        f"{SPLIT}scaler = StandardScaler()\nscaler.fit(X)\nX_train, X_test = train_test_split(X, random_state=0)\n"
        "X_test = scaler.transform(X_test)",
    )
    good = (
        f"{SPLIT}X_train, X_test = train_test_split(X, random_state=0)\nscaler = StandardScaler().fit(X_train)\n"
        "X_test = scaler.transform(X_test)",
        "from sklearn.preprocessing import OneHotEncoder\nfrom sklearn.model_selection import train_test_split\n"
        "X = OneHotEncoder().fit_transform(X)\nX_train, X_test = train_test_split(X, random_state=0)",
        f"{SPLIT}plot(StandardScaler().fit_transform(Z))\nX_train, X_test = train_test_split(X, random_state=0)",
        f"{SPLIT}shown = StandardScaler().fit_transform(X)\nX_train, X_test = train_test_split(X, random_state=0)",
        f"{SPLIT}if explore:\n    X = StandardScaler().fit_transform(X)\nelse:\n"
        "    X_train, X_test = train_test_split(X, random_state=0)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Fits on whole data that is split further down, or that was applied to a part of the same data."""
        leaks = {fit.call: fit for fit in _before_split(facts)} | {fit.call: fit for fit in _across_split(facts)}
        for call in leaks:
            yield Hit(call, "Fitted on rows that are split into training and test data only afterwards")


def _before_split(facts: Facts) -> Iterator[Fit]:
    for split in facts.calls_of(TRAIN_TEST_SPLIT):
        for given in split.args:
            yield from (fit for fit in facts.value(given).seen if _learns_from_all(fit))


def _across_split(facts: Facts) -> Iterator[Fit]:
    for call, _ in facts.methods("transform"):
        state = facts.state(call)
        if state is None or state.fit is None or not call.args or not _learns_from_all(state.fit):
            continue
        data = facts.value(call.args[0])
        if data.part is not None and state.fit.data.part is None and data.rows & state.fit.data.rows:
            yield state.fit


def _learns_from_all(fit: Fit) -> bool:
    return fit.kind == "transformer" and fit.what in LEARNING and is_whole(fit.data) and isinstance(fit.call, ast.Call)
