from collections.abc import Iterator

from linting.rules.facts import Facts
from linting.rules.flow.estimators import LEARNING, is_classifier, is_regressor
from linting.rules.flow.value import Value
from linting.rules.rule import Hit, Rule

_START = "from sklearn.linear_model import Ridge\nmodel = Ridge()\n"


class PredictWithoutFit(Rule):
    """Asking a model that has learned nothing yet."""

    code = "DS038"
    name = "predict-without-fit"
    severity = "error"
    why = (
        "From top to bottom the line raises NotFittedError. It works only as long as the kernel remembers a cell that "
        "is gone or was run in another order."
    )
    url = "https://scikit-learn.org/stable/modules/generated/sklearn.exceptions.NotFittedError.html"
    bad = (
        f"{_START}model.predict(X)",
        f"{_START}other = model\nother.score(X, y)",
        "from sklearn.preprocessing import StandardScaler\nscaler = StandardScaler()\nX = scaler.transform(X)",
    )
    good = (
        f"{_START}model.fit(X, y)\nmodel.predict(X)",
        f"{_START}other = model\nother.fit(X, y)\nmodel.predict(X)",
        f"{_START}train(model)\nmodel.predict(X)",
        f"{_START}if ready:\n    model.fit(X, y)\nmodel.predict(X)",
        f"{_START}def train():\n    model.fit(X, y)\n\n\ntrain()\nmodel.predict(X)",
        f"{_START}ask = lambda row: model.predict(row)\nmodel.fit(X, y)\nask(row)",
        f"{_START}models = [model]\nfor one in models:\n    one.fit(X, y)\nmodel.predict(X)",
        f"{_START}try:\n    model.predict(X)\nexcept ValueError:\n    print('not yet')",
        "from sklearn.preprocessing import Normalizer\nX = Normalizer().transform(X)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Such calls on estimators that were made in the module and that no line so far can have fitted."""
        for call, method in facts.methods("predict", "predict_proba", "decision_function", "score", "transform"):
            state = facts.state(call)
            if state is None or state.fit is not None or state.is_lost or facts.is_guarded(call):
                continue
            if _needs_fit(state.estimator):
                yield Hit(call, f"`{method.attr}` before `fit`: nothing has been learned yet")


def _needs_fit(estimator: Value) -> bool:
    is_sklearn = estimator.type.startswith("sklearn.")
    return is_sklearn and (is_classifier(estimator) or is_regressor(estimator) or estimator.class_name in LEARNING)
