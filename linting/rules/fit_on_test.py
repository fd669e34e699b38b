import ast
from collections.abc import Iterator

from linting.rules.facts import Facts
from linting.rules.rule import Hit, Rule


class FitOnTest(Rule):
    """Learning from the rows that were set aside."""

    code = "DS005"
    name = "fit-on-test-data"
    severity = "error"
    why = (
        "Fitted on the rows that were set aside, the object no longer says anything about unseen data; "
        "a transformer fitted twice also scales training and test rows differently."
    )
    url = "https://scikit-learn.org/stable/common_pitfalls.html#data-leakage"
    bad = (
        "from sklearn.model_selection import train_test_split\n"
        "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)\nscaler.fit_transform(X_test)",
        "from sklearn.model_selection import train_test_split\n"
        "train, test = train_test_split(df, random_state=0)\nmodel.fit(test[['a']], test['b'])",
    )
    good = (
        "from sklearn.model_selection import train_test_split\n"
        "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)\n"
        "model.fit(X_train, y_train)\nmodel.score(X_test, y_test)\nscaler.transform(X_test)",
        "test = load()\nmodel.fit(test)",
        "from sklearn.model_selection import train_test_split\n"
        "train, test = train_test_split(df, random_state=0)\ntest = more()\nmodel.fit(test)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """`….fit(test)` and `….fit_transform(test)` where `test` came out of `train_test_split` as a test part."""
        held_out = _held_out(facts)
        for node in facts.nodes:
            match node:
                case ast.Call(func=ast.Attribute(attr="fit" | "fit_transform"), args=[first, *_]):
                    name = _data_name(first)
                    if name in held_out:
                        yield Hit(node, f"Fitted on `{name}`, the part that was set aside for testing")


def _held_out(facts: Facts) -> set[str]:
    """Names that only ever hold a test part."""
    parts: set[str] = set()
    others: set[str] = set()
    for node in facts.nodes:
        if not isinstance(node, ast.Assign):
            continue
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=elements)], value=ast.Call(func=func)) if facts.dotted(
                func
            ).endswith("model_selection.train_test_split"):
                parts.update(e.id for e in elements[1::2] if isinstance(e, ast.Name))
                others.update(e.id for e in elements[::2] if isinstance(e, ast.Name))
            case _:
                others.update(t.id for t in node.targets if isinstance(t, ast.Name) and not _rewrites(node.value, t.id))
    return parts - others


def _rewrites(value: ast.expr, name: str) -> bool:
    """`X_test = scaler.transform(X_test)` keeps being the test part."""
    return any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(value))


def _data_name(node: ast.expr) -> str | None:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None
