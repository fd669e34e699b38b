from collections.abc import Iterator

from linting.rules.facts import Facts
from linting.rules.rule import Hit, Rule

LOPSIDED = frozenset(
    f"sklearn.metrics.{name}"
    for name in (
        *("average_precision_score", "brier_score_loss", "classification_report", "confusion_matrix"),
        *("explained_variance_score", "log_loss", "mean_absolute_percentage_error", "precision_recall_curve"),
        *("precision_score", "r2_score", "recall_score", "roc_auc_score", "roc_curve"),
    )
)
"""Metrics that are another number when truth and prediction change places."""
_START = (
    "import pandas as pd\nfrom sklearn.linear_model import Ridge\nfrom sklearn.metrics import r2_score\n"
    "df = pd.read_csv('a.csv')\ny = df.pop('price')\nmodel = Ridge().fit(df, y)\n"
)


class SwappedMetricArguments(Rule):
    """Truth and prediction in each other's place."""

    code = "DS034"
    name = "swapped-metric-arguments"
    severity = "error"
    why = (
        "The metric takes the truth first. The other way round it computes something else without a word: precision "
        "becomes recall, and R² measures against the spread of the predictions."
    )
    url = "https://scikit-learn.org/stable/modules/model_evaluation.html"
    bad = (f"{_START}r2_score(model.predict(df), y)", f"{_START}predicted = model.predict(df)\nr2_score(predicted, y)")
    good = (
        f"{_START}r2_score(y, model.predict(df))",
        f"{_START}r2_score(y_true=y, y_pred=model.predict(df))",
        f"{_START}r2_score(model.predict(df), model.predict(df))",
        f"{_START}from sklearn.metrics import mean_absolute_error\nmean_absolute_error(model.predict(df), y)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Lopsided metrics whose first argument is a prediction and whose second is data that surely is none."""
        for call in facts.calls_of(*LOPSIDED):
            if len(call.args) < 2:
                continue
            truth, said = (facts.value(given) for given in call.args[:2])
            is_plain = said.prediction is None and (said.column is not None or said.part is not None)
            if truth.prediction is not None and is_plain:
                yield Hit(call, "The first argument is the prediction; the metric takes the truth first")
