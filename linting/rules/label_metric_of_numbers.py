from collections.abc import Iterator

from linting.rules.facts import Facts, argument
from linting.rules.flow.estimators import is_regressor
from linting.rules.rule import Hit, Rule

OF_LABELS = frozenset(
    f"sklearn.metrics.{name}"
    for name in (
        *("accuracy_score", "balanced_accuracy_score", "classification_report", "confusion_matrix", "f1_score"),
        *("matthews_corrcoef", "precision_score", "recall_score"),
    )
)
_START = (
    "from sklearn.linear_model import Ridge\nfrom sklearn.metrics import accuracy_score\nmodel = Ridge().fit(X, y)\n"
)


class LabelMetricOfNumbers(Rule):
    """Counting right answers where every answer is a number with decimals."""

    code = "DS036"
    name = "label-metric-of-numbers"
    severity = "error"
    why = (
        "A regression almost never hits a value exactly. The metric for classes refuses such numbers, or says zero for "
        "a good model."
    )
    url = "https://scikit-learn.org/stable/modules/model_evaluation.html#regression-metrics"
    bad = (f"{_START}accuracy_score(y_new, model.predict(X_new))",)
    good = (
        f"{_START}accuracy_score(y_new, model.predict(X_new) > 0.5)",
        f"{_START}accuracy_score(y_new, model.predict(X_new).round())",
        "from sklearn.svm import SVC\nfrom sklearn.metrics import accuracy_score\n"
        "accuracy_score(y_new, SVC().fit(X, y).predict(X_new))",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Metrics of classes that get what a regressor's `predict` gave, as it is."""
        for call in facts.calls_of(*OF_LABELS):
            given = argument(call, 1, "y_pred")
            said = None if given is None else facts.value(given).prediction
            if said is not None and said.how == "predict" and is_regressor(said.estimator):
                yield Hit(call, f"`{facts.name_of(call)}` compares classes; this model predicts numbers")
