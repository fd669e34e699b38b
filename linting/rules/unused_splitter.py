import ast
from collections.abc import Iterator

from linting.rules.facts import Facts, has_unpacking, keyword
from linting.rules.rule import Hit, Rule

SPLITTERS = frozenset(
    f"sklearn.model_selection.{name}"
    for name in (
        *("GroupKFold", "GroupShuffleSplit", "KFold", "LeaveOneGroupOut", "LeaveOneOut", "RepeatedKFold"),
        *("RepeatedStratifiedKFold", "ShuffleSplit", "StratifiedGroupKFold", "StratifiedKFold"),
        *("StratifiedShuffleSplit", "TimeSeriesSplit"),
    )
)
VALIDATING = ("cross_val_score", "cross_validate", "cross_val_predict", "GridSearchCV", "RandomizedSearchCV")
_START = "from sklearn.model_selection import TimeSeriesSplit, cross_val_score\nfolds = TimeSeriesSplit(5)\n"


class UnusedSplitter(Rule):
    """A way of splitting that is set up and then not used."""

    code = "DS014"
    name = "unused-splitter"
    severity = "warning"
    why = (
        "The validation runs with the default folds instead of the ones set up for these data: shuffled, grouped or "
        "ordered as the author meant, they are not. The score is of another experiment than the text says."
    )
    url = "https://scikit-learn.org/stable/modules/cross_validation.html#cross-validation-iterators"
    bad = (f"{_START}cross_val_score(model, X, y)",)
    good = (
        f"{_START}cross_val_score(model, X, y, cv=folds)",
        f"{_START}for train, test in folds.split(X):\n    check(train, test)\ncross_val_score(model, X, y)",
        f"{_START}cross_val_score(model, X, y, **options)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Names of splitters that nothing reads, in a module that validates without saying how to split."""
        if not any(_is_default(call, facts) for call in facts.calls):
            return
        for node in facts.of(ast.Assign):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=func) as made) if facts.dotted(
                    func
                ) in SPLITTERS and not facts.reads(name):
                    yield Hit(made, f"`{name}` is never used: the validation splits by its default instead")


def _is_default(call: ast.Call, facts: Facts) -> bool:
    package, _, name = facts.dotted(call.func).rpartition(".")
    return (
        package == "sklearn.model_selection"
        and name in VALIDATING
        and keyword(call, "cv") is None
        and not has_unpacking(call)
    )
