import ast
from collections.abc import Iterator

from linting.rules.facts import Facts, argument
from linting.rules.flow.value import Fit, Value, is_whole
from linting.rules.rule import Hit, Rule

_START = (
    "from sklearn.linear_model import Ridge\nfrom sklearn.metrics import r2_score\n"
    "from sklearn.model_selection import train_test_split\n"
    "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)\n"
)


class TestRowsInTraining(Rule):
    """Testing a model on rows it was trained on."""

    code = "DS012"
    name = "test-rows-in-training"
    severity = "error"
    why = (
        "The model was fitted on all rows, those of the test part among them, so its score says how well it remembers, "
        "not how well it predicts."
    )
    url = "https://scikit-learn.org/stable/modules/cross_validation.html"
    bad = (
        f"{_START}model = Ridge().fit(X, y)\nmodel.score(X_test, y_test)",
        f"{_START}model = Ridge()\nmodel.fit(X, y)\npredicted = model.predict(X_test)\nr2_score(y_test, predicted)",
    )
    good = (
        f"{_START}model = Ridge().fit(X_train, y_train)\nmodel.score(X_test, y_test)",
        f"{_START}model = Ridge().fit(X_train, y_train)\nr2_score(y_test, model.predict(X_test))\nmodel.fit(X, y)",
        f"{_START}model = Ridge().fit(X[X['year'] < 2020], y[X['year'] < 2020])\nmodel.score(X_test, y_test)",
        f"{_START}model = Ridge().fit(X, y)\ntrain(model, X_train)\nmodel.score(X_test, y_test)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Scores on the test part of models whose last fit was on the whole of the data that was split."""
        for call, _ in facts.methods("score"):
            state, data = facts.state(call), argument(call, 0, "X")
            if state is not None and data is not None and _knows(state.fit, facts.value(data)):
                yield Hit(call, "The model was fitted on all rows, these test rows among them")
        for call in facts.calls:
            if facts.is_metric(call) and any(_said(a, facts) for a in call.args):
                yield Hit(call, "The model was fitted on all rows, these test rows among them")


def _said(node: ast.expr, facts: Facts) -> bool:
    prediction = facts.value(node).prediction
    return prediction is not None and _knows(prediction.fit, prediction.data)


def _knows(fit: Fit | None, data: Value) -> bool:
    if fit is None or fit.kind != "model" or data.part is None or data.part.side != "test":
        return False
    return fit.data.part is None and is_whole(fit.data) and bool(data.rows) and data.rows <= fit.data.rows
