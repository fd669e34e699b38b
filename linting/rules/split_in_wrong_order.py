import ast
from collections.abc import Iterator

from linting.rules.facts import Facts
from linting.rules.flow.estimators import TRAIN_TEST_SPLIT
from linting.rules.rule import Hit, Rule

_IMPORT = "from sklearn.model_selection import train_test_split\n"


class SplitInWrongOrder(Rule):
    """Parts of a split under each other's names."""

    code = "DS041"
    name = "split-in-wrong-order"
    severity = "error"
    why = (
        "The function gives the training and the test part of each argument, one after the other. In another order the "
        "names promise what they do not hold, and every line below believes them."
    )
    url = "https://scikit-learn.org/stable/modules/generated/sklearn.model_selection.train_test_split.html"
    bad = (
        f"{_IMPORT}X_train, y_train, X_test, y_test = train_test_split(X, y, random_state=0)",
        f"{_IMPORT}X_test, X_train = train_test_split(X, random_state=0)",
    )
    good = (
        f"{_IMPORT}X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)",
        f"{_IMPORT}X_train, X_valid, y_train, y_valid = train_test_split(X, y, random_state=0)",
        f"{_IMPORT}train_test, holdout = train_test_split(X, random_state=0)",
        f"{_IMPORT}X_train, X_train_small = train_test_split(X_train, random_state=0)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Names with `train` where a test part comes out while one with `test` gets a training part."""
        for node in facts.of(ast.Assign):
            match node:
                case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Call(func=func)) if (
                    facts.dotted(func) == TRAIN_TEST_SPLIT
                ):
                    names = [t.id.lower() if isinstance(t, ast.Name) else "" for t in targets]
                    if any(_is(n, "test", "train") for n in names[::2]) and any(
                        _is(n, "train", "test") for n in names[1::2]
                    ):
                        yield Hit(node.targets[0], "Training and test part come out in turn, not in this order")


def _is(name: str, word: str, other: str) -> bool:
    return word in name and other not in name
