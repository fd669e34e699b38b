import ast
from collections.abc import Iterator

from linting.rules.facts import Facts, keyword, literal
from linting.rules.rule import Hit, Rule

ACCURACY = "sklearn.metrics.accuracy_score"
BALANCED = ("balanced", "balanced_subsample")
_START = (
    "from sklearn.linear_model import LogisticRegression\nfrom sklearn.metrics import accuracy_score, recall_score\n"
    "model = LogisticRegression(class_weight='balanced').fit(X, y)\n"
)


class AccuracyForRareClass(Rule):
    """Accuracy as the only measure where one class is rare."""

    code = "DS016"
    name = "accuracy-for-rare-class"
    severity = "warning"
    why = (
        "With one positive in a hundred, a model that always says no is 99 % accurate and useless. The code itself "
        "makes up for the rare class; the score has to as well."
    )
    url = "https://scikit-learn.org/stable/modules/model_evaluation.html#balanced-accuracy-score"
    bad = (
        f"{_START}accuracy_score(y_new, model.predict(X_new))",
        "from imblearn.over_sampling import SMOTE\nfrom sklearn.metrics import accuracy_score\n"
        "X, y = SMOTE(random_state=0).fit_resample(X, y)\naccuracy_score(y_new, model.predict(X_new))",
    )
    good = (
        f"{_START}accuracy_score(y_new, model.predict(X_new))\nrecall_score(y_new, model.predict(X_new))",
        "from sklearn.metrics import accuracy_score\naccuracy_score(y_new, model.predict(X_new))",
        f"{_START}search(model, scoring='f1')\naccuracy_score(y_new, model.predict(X_new))",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """The first use of `accuracy_score` in a module that balances classes and knows no other metric."""
        if not _is_balanced(facts) or _has_other_metric(facts):
            return
        first = min(facts.calls_of(ACCURACY), key=lambda call: call.lineno, default=None)
        if first is not None:
            yield Hit(first, "Accuracy is the only score, although the classes are so uneven that they are balanced")


def _is_balanced(facts: Facts) -> bool:
    return any(
        literal(keyword(call, "class_weight")) in BALANCED
        or (facts.dotted(call.func).startswith("imblearn.") and "sampling" in facts.dotted(call.func))
        for call in facts.calls
    )


def _has_other_metric(facts: Facts) -> bool:
    if any(keyword(call, "scoring") is not None for call in facts.calls):
        return True
    used = (facts.dotted(n) for n in (*facts.of(ast.Name), *facts.of(ast.Attribute)))
    return any(name.startswith("sklearn.metrics.") and name != ACCURACY for name in used)
