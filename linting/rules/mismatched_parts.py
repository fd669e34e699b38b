import ast
from collections.abc import Iterator

from linting.rules.facts import Facts, argument
from linting.rules.flow.value import Part, Value
from linting.rules.rule import Hit, Rule

_START = (
    "from sklearn.linear_model import Ridge\nfrom sklearn.metrics import r2_score\n"
    "from sklearn.model_selection import train_test_split\n"
    "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)\n"
)


class MismatchedParts(Rule):
    """The questions of one part with the answers of the other."""

    code = "DS040"
    name = "mismatched-parts"
    severity = "error"
    why = (
        "Rows and answers no longer belong together. With parts of different length the line fails; with equal ones it "
        "runs, and the model learns, or is judged by, answers to other questions."
    )
    url = "https://scikit-learn.org/stable/modules/generated/sklearn.model_selection.train_test_split.html"
    bad = (
        f"{_START}Ridge().fit(X_train, y_test)",
        f"{_START}model = Ridge().fit(X_train, y_train)\nmodel.score(X_test, y_train)",
        f"{_START}model = Ridge().fit(X_train, y_train)\nr2_score(y_train, model.predict(X_test))",
    )
    good = (
        f"{_START}model = Ridge().fit(X_train, y_train)\nr2_score(y_test, model.predict(X_test))",
        f"{_START}Ridge().fit(X_train, other)",
        f"{_START}X_train = more()\nRidge().fit(X_train, y_test)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Fits and scores whose two arguments come from different sides of one split."""
        for call in facts.calls:
            if _takes_pairs(call, facts):
                first, second = argument(call, 0, "X", "y_true"), argument(call, 1, "y", "y_pred", "y_score")
                parts = [_part(facts.value(a)) for a in (first, second) if a is not None]
                if len(parts) == 2 and _contradict(*parts):
                    yield Hit(call, "One argument is of the training part, the other of the test part")


def _takes_pairs(call: ast.Call, facts: Facts) -> bool:
    if facts.is_metric(call):
        return True
    return isinstance(call.func, ast.Attribute) and call.func.attr in {"fit", "score"} and facts.state(call) is not None


def _part(value: Value) -> Part | None:
    return value.prediction.data.part if value.prediction is not None else value.part


def _contradict(first: Part | None, second: Part | None) -> bool:
    return first is not None and second is not None and first.split is second.split and first.side != second.side
