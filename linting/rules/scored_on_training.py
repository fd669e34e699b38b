import ast
from collections.abc import Iterator

from linting.rules.facts import Facts, argument
from linting.rules.flow.estimators import TRAIN_TEST_SPLIT
from linting.rules.flow.value import Value
from linting.rules.rule import Hit, Rule

_START = (
    "from sklearn.linear_model import Ridge\nfrom sklearn.metrics import r2_score\n"
    "from sklearn.model_selection import train_test_split\n"
    "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)\n"
    "model = Ridge().fit(X_train, y_train)\n"
)


class ScoredOnTraining(Rule):
    """A score on training rows only, while the test part lies idle."""

    code = "DS013"
    name = "scored-on-training-rows"
    severity = "error"
    why = (
        "A model is best at the rows it was fitted on; the number says nothing about new ones. The rows set aside for "
        "exactly this question are never used."
    )
    url = "https://scikit-learn.org/stable/modules/cross_validation.html"
    bad = (
        f"{_START}model.score(X_train, y_train)",
        f"{_START}r2_score(y_train, model.predict(X_train))",
    )
    good = (
        f"{_START}model.score(X_train, y_train)\nmodel.score(X_test, y_test)",
        f"{_START}r2_score(y_train, model.predict(X_train))\nevaluate(X_test)",
        f"{_START}r2_score(y_other, model.predict(X_other))",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Scores on the training part of a split whose test part is read nowhere in the module."""
        idle = {split for split in _splits(facts) if _is_idle(split, facts)}
        if not idle:
            return
        for call, _ in facts.methods("score"):
            data = argument(call, 0, "X")
            if facts.state(call) is not None and data is not None and _is_training(facts.value(data), idle):
                yield Hit(call, "Scored on training rows only; the test part of the split is never used")
        for call in facts.calls:
            if facts.is_metric(call):
                said = (facts.value(given).prediction for given in call.args)
                if any(p is not None and _is_training(p.data, idle) for p in said):
                    yield Hit(call, "Scored on training rows only; the test part of the split is never used")


def _splits(facts: Facts) -> Iterator[ast.Assign]:
    for node in facts.of(ast.Assign):
        match node:
            case ast.Assign(targets=[ast.Tuple()], value=ast.Call(func=func)) if facts.dotted(func) == TRAIN_TEST_SPLIT:
                yield node


def _is_idle(split: ast.Assign, facts: Facts) -> bool:
    (target,) = split.targets
    assert isinstance(target, ast.Tuple)
    tests = target.elts[1::2]
    return all(isinstance(t, ast.Name) and not facts.reads(t.id) for t in tests)


def _is_training(data: Value, idle: set[ast.Assign]) -> bool:
    return data.part is not None and data.part.side == "train" and data.part.split.call in {s.value for s in idle}
