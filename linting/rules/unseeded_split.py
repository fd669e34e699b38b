import ast
from collections.abc import Iterator

from linting.rules.facts import Facts, has_unpacking, keyword
from linting.rules.rule import Hit, Rule

SPLITTERS = frozenset({"KFold", "StratifiedKFold", "StratifiedGroupKFold"})
"""Random only with `shuffle=True`."""
RANDOM_SPLITTERS = frozenset({"ShuffleSplit", "StratifiedShuffleSplit", "GroupShuffleSplit"})


class UnseededSplit(Rule):
    """A random split that is another one on every run."""

    code = "DS006"
    name = "unseeded-split"
    severity = "warning"
    why = (
        "Another split on every run means another score on every run: nobody can reproduce the result or tell an "
        "improvement from luck."
    )
    url = "https://scikit-learn.org/stable/common_pitfalls.html#controlling-randomness"
    bad = (
        "from sklearn.model_selection import train_test_split\na, b = train_test_split(X, test_size=0.2)",
        "from sklearn.model_selection import KFold\nfolds = KFold(5, shuffle=True)",
        "import sklearn.model_selection as ms\nfolds = ms.ShuffleSplit(5)",
    )
    good = (
        "from sklearn.model_selection import train_test_split\na, b = train_test_split(X, random_state=0)",
        "from sklearn.model_selection import train_test_split\na, b = train_test_split(X, shuffle=False)",
        "from sklearn.model_selection import train_test_split\na, b = train_test_split(X, **options)",
        "from sklearn.model_selection import KFold\nfolds = KFold(5)",
        "import numpy as np\nfrom sklearn.model_selection import train_test_split\n"
        "np.random.seed(0)\na, b = train_test_split(X)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Random splits of scikit-learn without a seed of their own or a global one."""
        if any(True for _ in facts.calls_of("numpy.random.seed")):
            return
        for node in facts.calls:
            if _is_random(node, facts) and not has_unpacking(node):
                name = facts.dotted(node.func).rpartition(".")[2]
                yield Hit(node, f"`{name}` without `random_state` splits differently on every run")


def _is_random(call: ast.Call, facts: Facts) -> bool:
    package, _, function = facts.dotted(call.func).rpartition(".")
    if package != "sklearn.model_selection" or keyword(call, "random_state") is not None:
        return False
    shuffle = keyword(call, "shuffle")
    value = shuffle.value if isinstance(shuffle, ast.Constant) else None
    return (
        function in RANDOM_SPLITTERS
        or (function in SPLITTERS and value is True)
        or (function == "train_test_split" and (shuffle is None or value is True))
    )
