import ast
from collections.abc import Iterator

from linting.rules.facts import Facts
from linting.rules.rule import Hit, Rule

PLAIN = frozenset({0, 0.5, 1})
_START = (
    "from sklearn.linear_model import LogisticRegression\nmodel = LogisticRegression().fit(X, y)\n"
    "chance = model.predict_proba(X)[:, 1]\n"
)


class MagicThreshold(Rule):
    """A cut-off between yes and no that nobody explains."""

    code = "DS028"
    name = "magic-threshold"
    severity = "advice"
    why = (
        "Where the line is drawn decides how many customers are refused or patients are called in. Such a number needs "
        "a name, a reason and one place, or two cells will soon disagree about it."
    )
    url = "https://scikit-learn.org/stable/modules/classification_threshold.html"
    bad = (f"{_START}risky = chance > 0.37", f"{_START}risky = (0.2 <= chance).sum()")
    good = (
        f"{_START}THRESHOLD = 0.37\nrisky = chance > THRESHOLD",
        f"{_START}likely = chance > 0.5",
        "risky = chance > 0.37",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Comparisons of predicted probabilities with a number written in place."""
        for node in facts.of(ast.Compare):
            match node:
                case ast.Compare(left=left, comparators=[right]):
                    sides = [left, right]
                    if any(_is_probability(s, facts) for s in sides) and any(_is_magic(s) for s in sides):
                        yield Hit(node, "A number without a name decides what the model says")


def _is_probability(node: ast.expr, facts: Facts) -> bool:
    prediction = facts.value(node).prediction
    return prediction is not None and prediction.how == "predict_proba"


def _is_magic(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, float) and node.value not in PLAIN
