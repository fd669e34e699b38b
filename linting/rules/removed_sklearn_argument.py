import ast
from collections.abc import Iterator

from linting.rules.facts import Facts, literal
from linting.rules.rule import Hit, Rule

_ESTIMATOR = {"base_estimator": "`estimator`"}
_NORMALIZE = {"normalize": "a `StandardScaler` in a pipeline"}
ARGUMENTS = {
    "AdaBoostClassifier": _ESTIMATOR | {"algorithm": "nothing"},
    "AdaBoostRegressor": _ESTIMATOR,
    "AgglomerativeClustering": {"affinity": "`metric`"},
    "BaggingClassifier": _ESTIMATOR,
    "BaggingRegressor": _ESTIMATOR,
    "CalibratedClassifierCV": _ESTIMATOR,
    "ElasticNet": _NORMALIZE,
    "GridSearchCV": {"fit_params": "arguments of `fit`", "iid": "nothing"},
    "IsolationForest": {"behaviour": "nothing"},
    "KMeans": {"n_jobs": "nothing", "precompute_distances": "nothing"},
    "Lasso": _NORMALIZE,
    "LassoCV": _NORMALIZE,
    "LinearRegression": _NORMALIZE,
    "LogisticRegression": {"multi_class": "`OneVsRestClassifier` where it is wanted"},
    "OneHotEncoder": {"categorical_features": "a `ColumnTransformer`", "n_values": "`categories`"}
    | {"sparse": "`sparse_output`"},
    "Ridge": _NORMALIZE,
    "SGDClassifier": {"n_iter": "`max_iter`"},
    "SimpleImputer": {"verbose": "nothing"},
    "TSNE": {"n_iter": "`max_iter`", "square_distances": "nothing"},
    "mean_squared_error": {"squared": "`root_mean_squared_error`"},
    "mean_squared_log_error": {"squared": "`root_mean_squared_log_error`"},
}
"""Arguments that current versions do not take; what takes their place."""
VALUES = {
    ("GradientBoostingClassifier", "loss", "deviance"): "`'log_loss'`",
    ("GradientBoostingRegressor", "loss", "lad"): "`'absolute_error'`",
    ("GradientBoostingRegressor", "loss", "ls"): "`'squared_error'`",
    ("LogisticRegression", "penalty", "none"): "`None`",
    ("RandomForestClassifier", "max_features", "auto"): "`'sqrt'`",
    ("RandomForestRegressor", "criterion", "mse"): "`'squared_error'`",
    ("RandomForestRegressor", "max_features", "auto"): "`1.0`",
    ("SGDClassifier", "loss", "log"): "`'log_loss'`",
}
"""Values that current versions refuse."""


class RemovedSklearnArgument(Rule):
    """An argument that scikit-learn no longer takes."""

    code = "DS033"
    name = "removed-sklearn-argument"
    severity = "error"
    why = "The call fails with every current scikit-learn. A course or an answer of some years ago is not its manual."
    url = "https://scikit-learn.org/stable/whats_new.html"
    bad = (
        "from sklearn.metrics import mean_squared_error\nmean_squared_error(a, b, squared=False)",
        "from sklearn.preprocessing import OneHotEncoder\nencoder = OneHotEncoder(sparse=False)",
        "from sklearn.ensemble import RandomForestClassifier\n"
        "model = RandomForestClassifier(max_features='auto', random_state=0)",
    )
    good = (
        "from sklearn.metrics import root_mean_squared_error\nroot_mean_squared_error(a, b)",
        "from sklearn.preprocessing import OneHotEncoder\nencoder = OneHotEncoder(sparse_output=False)",
        "encoder = OneHotEncoder(sparse=False)",
        "from sklearn.linear_model import LogisticRegression\nmodel = LogisticRegression(penalty=None)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Calls of scikit-learn's classes and functions with such an argument or value."""
        for call in facts.calls:
            full = facts.dotted(call.func)
            if full.startswith("sklearn."):
                yield from _hits(full.rpartition(".")[2], call)


def _hits(name: str, call: ast.Call) -> Iterator[Hit]:
    for given in call.keywords:
        gone = ARGUMENTS.get(name, {}).get(given.arg or "")
        value = literal(given.value)
        refused = VALUES.get((name, given.arg or "", value)) if isinstance(value, str) else None
        if gone is not None:
            yield Hit(given.value, f"`{name}` no longer takes `{given.arg}`: {gone} takes its place")
        elif refused is not None:
            yield Hit(given.value, f"`{name}` no longer takes {value!r} as `{given.arg}`: {refused} takes its place")
