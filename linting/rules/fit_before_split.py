import ast
from collections.abc import Iterator

from linting.rules.facts import Facts, root_name
from linting.rules.rule import Hit, Rule

LEARNING = frozenset(
    {"StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler", "PowerTransformer", "QuantileTransformer"}
    | {"KBinsDiscretizer", "TargetEncoder", "SplineTransformer", "SimpleImputer", "KNNImputer", "IterativeImputer"}
    | {"PCA", "TruncatedSVD", "NMF", "SelectKBest", "SelectPercentile", "SelectFromModel", "RFE", "RFECV"}
    | {"VarianceThreshold", "TfidfVectorizer"}
)
"""Transformers of scikit-learn that learn numbers from the rows they are fitted on."""


class FitBeforeSplit(Rule):
    """A transformer that has seen the rows the model is tested on."""

    code = "DS004"
    name = "fit-before-split"
    severity = "error"
    why = (
        "The transformer has learned from the test rows, so the score is measured on data the model already knows. "
        "Such a model looks better in the notebook than it will ever be in production."
    )
    url = "https://scikit-learn.org/stable/common_pitfalls.html#data-leakage-during-pre-processing"
    bad = (
        "from sklearn.preprocessing import StandardScaler\nfrom sklearn.model_selection import train_test_split\n"
        "scaler = StandardScaler()\nX_scaled = scaler.fit_transform(X)\n"
        "X_train, X_test = train_test_split(X_scaled, random_state=0)",
        "from sklearn import impute, model_selection\nX[:] = impute.SimpleImputer().fit_transform(X)\n"
        "a, b = model_selection.train_test_split(X, random_state=0)",
        "from sklearn.preprocessing import StandardScaler\nfrom sklearn.model_selection import train_test_split\n"
        "scaler = StandardScaler().fit(df[['a']])\ndf['a'] = scaler.transform(df[['a']])\n"
        "train, test = train_test_split(df, random_state=0)",
    )
    good = (
        "from sklearn.preprocessing import StandardScaler\nfrom sklearn.model_selection import train_test_split\n"
        "X_train, X_test = train_test_split(X, random_state=0)\nscaler = StandardScaler().fit(X_train)\n"
        "X_test = scaler.transform(X_test)",
        "from sklearn.preprocessing import OneHotEncoder\nfrom sklearn.model_selection import train_test_split\n"
        "X = OneHotEncoder().fit_transform(X)\nX_train, X_test = train_test_split(X, random_state=0)",
        "from sklearn.preprocessing import StandardScaler\nfrom sklearn.model_selection import train_test_split\n"
        "plot(StandardScaler().fit_transform(Z))\nX_train, X_test = train_test_split(X, random_state=0)",
        "from sklearn.preprocessing import StandardScaler\nfrom sklearn.model_selection import train_test_split\n"
        "shown = StandardScaler().fit_transform(X)\nX_train, X_test = train_test_split(X, random_state=0)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Fits at the top of the module whose result, or whose data rewritten by them, is split further down."""
        fits: dict[str, Hit] = {}
        fitted: dict[str, Hit] = {}
        transformers: set[str] = set()
        reported: set[int] = set()
        for statement in facts.tree.body:
            for call in _calls(statement):
                if facts.dotted(call.func).endswith("model_selection.train_test_split"):
                    names = {n.id for argument in call.args for n in ast.walk(argument) if isinstance(n, ast.Name)}
                    for hit in (fits[name] for name in sorted(names & fits.keys())):
                        if id(hit.node) not in reported:
                            reported.add(id(hit.node))
                            yield hit
            _follow(statement, facts, transformers, fitted, fits)


def _follow(
    statement: ast.stmt, facts: Facts, transformers: set[str], fitted: dict[str, Hit], fits: dict[str, Hit]
) -> None:
    """Note what the statement makes: transformers, those that were fitted, and data that went through them."""
    hit: Hit | None = None
    for call in _calls(statement):
        if not isinstance(call.func, ast.Attribute):
            continue
        owner = root_name(call.func.value)
        learns = owner in transformers or _is_learning(call.func.value, facts)
        if learns and call.func.attr in {"fit", "fit_transform"} and call.args:
            found = Hit(call, "Fitted on rows that are split into training and test data only afterwards")
            if owner is not None:
                fitted[owner] = found
            hit = found
        elif call.func.attr == "transform" and owner in fitted:
            hit = fitted[owner]
    if not isinstance(statement, ast.Assign):
        return
    for target in statement.targets:
        name = root_name(target)
        if name is None:
            continue
        if isinstance(target, ast.Name):
            _forget(name, transformers, fitted, fits)
        if _is_learning(statement.value, facts):
            transformers.add(name)
            if hit is not None:
                fitted[name] = hit
        elif hit is not None:
            fits[name] = hit
        elif source := _sources(statement.value) & fits.keys():
            fits[name] = fits[min(source)]


def _forget(name: str, transformers: set[str], fitted: dict[str, Hit], fits: dict[str, Hit]) -> None:
    transformers.discard(name)
    fitted.pop(name, None)
    fits.pop(name, None)


def _is_learning(node: ast.expr, facts: Facts) -> bool:
    """`StandardScaler()` and `StandardScaler().fit(…)`."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Call() as inner, attr="fit" | "set_output")):
            return _is_learning(inner, facts)
        case ast.Call(func=func):
            name = facts.dotted(func)
            return name.startswith("sklearn.") and name.rpartition(".")[2] in LEARNING
    return False


def _calls(statement: ast.stmt) -> list[ast.Call]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return []
    return [node for node in ast.walk(statement) if isinstance(node, ast.Call)]


def _sources(value: ast.expr) -> set[str]:
    """The data an expression only rearranges: `X[columns]`, `pd.DataFrame(X)`, `X.drop(…)`."""
    match value:
        case ast.Call(func=ast.Attribute(), args=[ast.Name(id=name), *_]):
            return {name} | ({root} if (root := root_name(value)) else set())
    root = root_name(value)
    return {root} if root else set()
