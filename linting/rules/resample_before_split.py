from collections.abc import Iterator

from linting.rules.facts import Facts
from linting.rules.flow.estimators import TRAIN_TEST_SPLIT
from linting.rules.rule import Hit, Rule

_IMPORTS = "from imblearn.over_sampling import SMOTE\nfrom sklearn.model_selection import train_test_split\n"


class ResampleBeforeSplit(Rule):
    """Balancing the classes before the rows are split."""

    code = "DS009"
    name = "resample-before-split"
    severity = "error"
    why = (
        "Copies of a row, or rows made up from its neighbours, end up on both sides of the split: the model is tested "
        "on what it was trained on, and on classes that are balanced as they never are in real life."
    )
    url = "https://imbalanced-learn.org/stable/common_pitfalls.html#data-leakage"
    bad = (
        f"{_IMPORTS}X_more, y_more = SMOTE(random_state=0).fit_resample(X, y)\n"
        "X_train, X_test, y_train, y_test = train_test_split(X_more, y_more, random_state=0)",
    )
    good = (
        f"{_IMPORTS}X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)\n"
        "X_train, y_train = SMOTE(random_state=0).fit_resample(X_train, y_train)",
        f"{_IMPORTS}X_more, y_more = SMOTE(random_state=0).fit_resample(X, y)\n"
        "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)",
    )

    def check(self, facts: Facts) -> Iterator[Hit]:
        """Resampled rows that are split further down."""
        fits = {
            fit.call: fit
            for split in facts.calls_of(TRAIN_TEST_SPLIT)
            for given in split.args
            for fit in facts.value(given).seen
            if fit.kind == "resampler"
        }
        for call, fit in fits.items():
            yield Hit(call, f"`{fit.what}` makes up rows before the split: their originals land on both sides of it")
