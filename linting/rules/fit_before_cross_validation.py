import ast
from collections.abc import Iterator

from linting.rules.facts import Facts, argument
from linting.rules.flow.estimators import LEARNING
from linting.rules.rule import Hit, Rule

VALIDATING = tuple(f"sklearn.model_selection.{name}" for name in ("cross_val_score", "cross_validate"))
SEARCHES = ("sklearn.model_selection.GridSearchCV", "sklearn.model_selection.RandomizedSearchCV")
_START = (
    "from sklearn.preprocessing import StandardScaler\nfrom sklearn.linear_model import Ridge\n"
    "from sklearn.model_selection import cross_val_score, GridSearchCV\nfrom sklearn.pipeline import make_pipeline\n"
)


class FitBeforeCrossValidation(Rule):
    """Folds that have all seen each other."""

    code = "DS039"
    name = "fit-before-cross-validation"
    severity = "warning"
    why = (
        "The transformer was fitted once on all rows, so every fold that is held out has already gone into it. Inside "
        "a pipeline it is fitted again for each fold, and the score is honest."
    )
    url = "https://scikit-learn.org/stable/common_pitfalls.html#data-leakage-during-pre-processing"
    bad = (
        f"{_START}X = StandardScaler().fit_transform(X)\ncross_val_score(Ridge(), X, y)",
        f"{_START}X = StandardScaler().fit_transform(X)\nsearch = GridSearchCV(Ridge(), options)\nsearch.fit(X, y)",
    )
    good = (
        f"{_START}cross_val_score(make_pipeline(StandardScaler(), Ridge()), X, y)",
        f"{_START}shown = StandardScaler().fit_transform(X)\ncross_val_score(Ridge(), X, y)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Transformed data that go into a cross-validation or a search as a whole."""
        for node in _validated(facts):
            learned = [f for f in facts.value(node).seen if f.kind == "transformer" and f.what in LEARNING]
            for fit in learned[:1]:
                yield Hit(node, f"`{fit.what}` was fitted on all folds before they were taken apart")


def _validated(facts: Facts) -> Iterator[ast.expr]:
    for call in facts.calls_of(*VALIDATING):
        if (data := argument(call, 1, "X")) is not None:
            yield data
    for call, _ in facts.methods("fit"):
        state, data = facts.state(call), argument(call, 0, "X")
        if state is not None and state.estimator.type in SEARCHES and data is not None:
            yield data
