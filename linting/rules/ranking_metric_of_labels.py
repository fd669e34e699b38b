from collections.abc import Iterator

from linting.rules.facts import Facts, argument
from linting.rules.flow.estimators import is_classifier
from linting.rules.rule import Hit, Rule

RANKING = frozenset(
    f"sklearn.metrics.{name}"
    for name in ("average_precision_score", "precision_recall_curve", "roc_auc_score", "roc_curve", "log_loss")
)
_START = (
    "from sklearn.linear_model import LogisticRegression\nfrom sklearn.metrics import roc_auc_score\n"
    "model = LogisticRegression().fit(X, y)\n"
)


class RankingMetricOfLabels(Rule):
    """A curve through yes and no."""

    code = "DS035"
    name = "ranking-metric-of-labels"
    severity = "warning"
    why = (
        "The metric asks how well the model ranks; `predict` has already thrown the ranking away. What comes out is "
        "one point of the curve under the name of the whole, mostly too low."
    )
    url = "https://scikit-learn.org/stable/modules/model_evaluation.html#roc-metrics"
    bad = (f"{_START}roc_auc_score(y_new, model.predict(X_new))",)
    good = (
        f"{_START}roc_auc_score(y_new, model.predict_proba(X_new)[:, 1])",
        f"{_START}roc_auc_score(y_new, model.decision_function(X_new))",
        "from sklearn.linear_model import Ridge\nfrom sklearn.metrics import roc_auc_score\n"
        "roc_auc_score(y_new, Ridge().fit(X, y).predict(X_new))",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Ranking metrics that get what a classifier's `predict` gave."""
        for call in facts.calls_of(*RANKING):
            given = argument(call, 1, "y_score", "y_pred")
            said = None if given is None else facts.value(given).prediction
            if said is not None and said.how == "predict" and is_classifier(said.estimator):
                name = facts.name_of(call)
                yield Hit(call, f"`{name}` needs probabilities or scores; `predict` gives labels")
