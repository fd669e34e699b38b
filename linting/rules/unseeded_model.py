import ast
from collections.abc import Iterator

from linting.rules.facts import Facts, has_unpacking, keyword
from linting.rules.rule import Hit, Rule
from linting.rules.seeds import seeds_numpy

RANDOM = frozenset(
    {"BaggingClassifier", "BaggingRegressor", "BisectingKMeans", "ExtraTreesClassifier", "ExtraTreesRegressor"}
    | {"GaussianMixture", "IsolationForest", "KMeans", "MiniBatchKMeans", "MLPClassifier", "MLPRegressor"}
    | {"RandomForestClassifier", "RandomForestRegressor", "RandomizedSearchCV", "SGDClassifier", "SGDRegressor"}
    | {"TSNE", "BernoulliRBM", "LatentDirichletAllocation"}
)
"""Estimators whose result is random whatever their other parameters say."""


class UnseededModel(Rule):
    """A model that is another one after every fit."""

    code = "DS019"
    name = "unseeded-model"
    severity = "warning"
    why = (
        "The same code on the same rows gives another model: whether a new feature helped or the dice fell well cannot "
        "be told, and a result that was reported cannot be produced again."
    )
    url = "https://scikit-learn.org/stable/common_pitfalls.html#controlling-randomness"
    bad = (
        "from sklearn.ensemble import RandomForestClassifier\nmodel = RandomForestClassifier(n_estimators=200)",
        "from sklearn import cluster\ngroups = cluster.KMeans(3).fit_predict(X)",
        "from sklearn.neural_network import MLPRegressor\nmodel = MLPRegressor(random_state=None)",
    )
    good = (
        "from sklearn.ensemble import RandomForestClassifier\nmodel = RandomForestClassifier(random_state=0)",
        "from sklearn.ensemble import RandomForestClassifier\nmodel = RandomForestClassifier(**best)",
        "import numpy as np\nfrom sklearn.cluster import KMeans\nnp.random.seed(0)\nmodel = KMeans(3)",
        "from sklearn.linear_model import Ridge\nmodel = Ridge()",
        "from sklearn.ensemble import RandomForestClassifier\nmodel = RandomForestClassifier()\n"
        "model.set_params(random_state=0)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Constructors of random estimators of scikit-learn without `random_state`, in a module that seeds nothing."""
        if seeds_numpy(facts) or any(True for _ in facts.methods("set_params")):
            return
        for call in facts.calls:
            full = facts.dotted(call.func)
            name = full.rpartition(".")[2]
            if full.startswith("sklearn.") and name in RANDOM and not has_unpacking(call) and not _is_seeded(call):
                yield Hit(call, f"`{name}` without `random_state` gives another result on every fit")


def _is_seeded(call: ast.Call) -> bool:
    seed = keyword(call, "random_state")
    return seed is not None and not (isinstance(seed, ast.Constant) and seed.value is None)
