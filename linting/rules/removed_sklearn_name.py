import ast
from collections.abc import Iterator

from linting.rules.facts import Facts
from linting.rules.nodes import walk
from linting.rules.rule import Hit, Rule

GONE = {
    "sklearn.cross_validation": "`sklearn.model_selection`",
    "sklearn.datasets.fetch_mldata": "`fetch_openml`",
    "sklearn.datasets.load_boston": "`fetch_california_housing`",
    "sklearn.decomposition.RandomizedPCA": "`PCA(svd_solver='randomized')`",
    "sklearn.ensemble.forest": "`sklearn.ensemble`",
    "sklearn.externals.joblib": "the package `joblib`",
    "sklearn.gaussian_process.GaussianProcess": "`GaussianProcessRegressor`",
    "sklearn.grid_search": "`sklearn.model_selection`",
    "sklearn.inspection.plot_partial_dependence": "`PartialDependenceDisplay.from_estimator`",
    "sklearn.lda": "`sklearn.discriminant_analysis`",
    "sklearn.learning_curve": "`sklearn.model_selection`",
    "sklearn.linear_model.RandomizedLasso": "`SelectFromModel` with `Lasso`",
    "sklearn.metrics.SCORERS": "`get_scorer_names()`",
    "sklearn.metrics.jaccard_similarity_score": "`jaccard_score`",
    "sklearn.metrics.plot_confusion_matrix": "`ConfusionMatrixDisplay.from_estimator`",
    "sklearn.metrics.plot_precision_recall_curve": "`PrecisionRecallDisplay.from_estimator`",
    "sklearn.metrics.plot_roc_curve": "`RocCurveDisplay.from_estimator`",
    "sklearn.mixture.GMM": "`GaussianMixture`",
    "sklearn.preprocessing.CategoricalEncoder": "`OneHotEncoder` or `OrdinalEncoder`",
    "sklearn.preprocessing.Imputer": "`sklearn.impute.SimpleImputer`",
    "sklearn.qda": "`sklearn.discriminant_analysis`",
    "sklearn.utils.safe_indexing": "the data's own indexing",
    "sklearn.utils.testing": "the package `pytest`",
}
"""Modules and names that current versions of scikit-learn do not have; what takes their place."""


class RemovedSklearnName(Rule):
    """A name that scikit-learn no longer has."""

    code = "DS032"
    name = "removed-sklearn-name"
    severity = "error"
    why = "The import fails with every current scikit-learn, so nobody can run the notebook from its first cell on."
    url = "https://scikit-learn.org/stable/whats_new.html"
    bad = (
        "from sklearn.cross_validation import train_test_split",
        "from sklearn.datasets import load_boston",
        "from sklearn.externals import joblib",
        "import sklearn.grid_search",
        "from sklearn import metrics\nmetrics.plot_roc_curve(model, X, y)",
    )
    good = (
        "from sklearn.model_selection import train_test_split",
        "import joblib",
        "from sklearn.datasets import load_iris",
        "try:\n    from sklearn.externals import joblib\nexcept ImportError:\n    import joblib",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Imports and uses of such names; an import in a `try` is somebody's care for old versions."""
        cared_for = {n for t in facts.of(ast.Try) for s in t.body for n in walk(s)}
        for node in facts.of(ast.ImportFrom, ast.Import, ast.Attribute):
            if node in cared_for:
                continue
            for full, place in _used(node, facts):
                if gone := _gone(full):
                    yield Hit(place, f"scikit-learn no longer has `{full}`: {gone} takes its place")


def _used(node: ast.AST, facts: Facts) -> Iterator[tuple[str, ast.expr | ast.stmt]]:
    match node:
        case ast.ImportFrom(module=str(module), names=names, level=0):
            if _gone(module):
                yield module, node
            else:
                yield from ((f"{module}.{alias.name}", node) for alias in names)
        case ast.Import(names=names):
            yield from ((alias.name, node) for alias in names)
        case ast.Attribute(value=ast.Name() | ast.Attribute() as owner) if facts.dotted(owner) and not _gone(
            facts.dotted(owner)
        ):
            yield facts.dotted(node), node


def _gone(full: str) -> str:
    return next((new for old, new in GONE.items() if full == old or full.startswith(f"{old}.")), "")
