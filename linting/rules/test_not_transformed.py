from collections.abc import Iterator

from linting.rules.facts import Facts, argument
from linting.rules.flow.value import Fit, Value
from linting.rules.rule import Hit, Rule

_START = (
    "from sklearn.linear_model import Ridge\nfrom sklearn.preprocessing import StandardScaler\n"
    "from sklearn.model_selection import train_test_split\n"
    "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)\nscaler = StandardScaler()\n"
)


class TestNotTransformed(Rule):
    """Training on scaled rows, testing on raw ones."""

    code = "DS037"
    name = "test-not-transformed"
    severity = "error"
    why = (
        "The model has learned what 1.5 standard deviations mean and is asked about 150 square metres: its answers are "
        "nonsense, and only the score says so. A pipeline cannot forget a step."
    )
    url = "https://scikit-learn.org/stable/common_pitfalls.html#inconsistent-preprocessing"
    bad = (
        f"{_START}X_scaled = scaler.fit_transform(X_train)\nmodel = Ridge().fit(X_scaled, y_train)\n"
        "model.predict(X_test)",
        f"{_START}X_train = scaler.fit_transform(X_train)\nmodel = Ridge().fit(X_train, y_train)\n"
        "print(model.score(X_test, y_test))",
    )
    good = (
        f"{_START}X_train = scaler.fit_transform(X_train)\nmodel = Ridge().fit(X_train, y_train)\n"
        "model.predict(scaler.transform(X_test))",
        f"{_START}X_train = scaler.fit_transform(X_train)\nX_test = prepare(X_test)\n"
        "model = Ridge().fit(X_train, y_train)\nmodel.predict(X_test)",
        f"{_START}X_shown = scaler.fit_transform(X_train)\nmodel = Ridge().fit(X_train, y_train)\n"
        "model.predict(X_test)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Predictions for a test part that lacks a transformation which the model's training part went through."""
        for call, _ in facts.methods("predict", "predict_proba", "score", "decision_function"):
            state, given = facts.state(call), argument(call, 0, "X")
            if state is None or state.fit is None or given is None:
                continue
            for fit in _missing(state.fit, facts.value(given)):
                yield Hit(call, f"The model was trained on what `{fit.what}` made; these rows did not go through it")


def _missing(model: Fit, data: Value) -> list[Fit]:
    trained = model.data
    if trained.part is None or data.part is None or (trained.part.side, data.part.side) != ("train", "test"):
        return []
    if trained.part.split is not data.part.split:
        return []
    done = {fit.what for fit in data.seen if fit.kind == "transformer"}
    steps = [f for f in trained.seen if f.kind == "transformer" and f.data.part == trained.part]
    return [fit for fit in steps if fit.what not in done][:1]
