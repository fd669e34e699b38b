"""A bakery's case, made in memory: two steps, a hidden check, a hidden call, a variant and a known mistake."""

import pytest

from feedback.firewall import Firewall
from services.contracts.case import AuthorCase, CallProbe, Check, Flaw, Quotas, Subtask, SubtaskView
from services.contracts.limits import Limits
from services.contracts.notebook import Cell

WASTE = '''\
import pandas as pd

def to_grams(text):
    """Return the weight that a label stands for, in grams."""
    amount, unit = text.strip().lower().split()
    # pounds come from the old scale in the cellar
    factor = 453.59237 if unit == "lb" else 1000.0
    return float(amount.replace(",", ".")) * factor

labels = pd.read_csv("data/labels.csv", sep="|", dtype=str, encoding="latin-1")
labels["grams"] = labels["weight"].map(to_grams)
daily = labels.groupby("day")["grams"].sum().sort_values(ascending=False)
'''
ROUND = '''\
def best_round(ovens, limit):
    """Return how many loaves the fullest round bakes."""
    best = 0
    loaves = 0
    for oven in ovens:
        loaves = loaves + oven if loaves + oven <= limit else oven
        best = max(best, loaves)
    return best
'''
ROUND_VARIANT = """\
from itertools import accumulate

def best_round(ovens, limit):
    rounds = accumulate(ovens, lambda sofar, oven: sofar + oven if sofar + oven <= limit else oven)
    return max(rounds, default=0)
"""
HIDDEN = 'assert abs(daily.iloc[0] - 28417.75) < 0.01, "The heaviest day is not the one that the scale would show"'
STARTER = "# YOUR CODE HERE\nraise NotImplementedError()"


def _subtask(id_: str, index: int, reference: str, **more: object) -> Subtask:
    view = SubtaskView(
        id=id_, title=f"Step {index + 1}", index=index, points=2, cells=(f"{id_}-text", id_), answer_cells=(id_,)
    )
    return Subtask.model_validate(
        {"view": view, "starter": {id_: STARTER}, "reference": {id_: reference}, "checks": (), **more}
    )


def bakery(version: str = "0" * 64) -> AuthorCase:
    """The case."""
    waste = _subtask(
        "waste",
        0,
        WASTE,
        checks=(Check(id="check-waste/hidden", cell="check-waste", hidden=True, source=HIDDEN, points=1),),
        plan="Decide what a label means before you add labels up.",
        example="A list of distances:\n\n```python\nkm = roads['miles'].map(lambda miles: miles * 1.609)\n```",
    )
    rounds = _subtask("rounds", 1, ROUND, probes=(CallProbe(call="best_round", args=([7, 31, 5, 18, 44, 2], 37)),))
    wrong = ROUND.replace("else oven", "else 0")
    return AuthorCase(
        id="bakery",
        version=version,
        title="The bakery",
        limits=Limits(),
        strictness="light",
        quotas=Quotas(),
        subtasks=(waste, rounds),
        cells=(
            Cell(id="title", kind="markdown", source="# A bakery\n\nHow much bread is thrown away each day?"),
            Cell(id="set-up", source="import pandas as pd"),
            Cell(
                id="waste-text",
                kind="markdown",
                source="`data/labels.csv` has bars between its fields. Weights are in `kg` or `lb` (453.59237 g).\n\n"
                "**Make** `labels` with a column `grams`, and `daily`: the sum for each day, the largest first.",
            ),
            Cell(id="waste", source=STARTER),
            Cell(
                id="rounds-text",
                kind="markdown",
                source="**Write** `best_round(ovens, limit)`: ovens are put into a round one by one, as long as "
                "the loaves do not exceed the limit; then a new round begins. Return what the fullest round bakes.",
            ),
            Cell(id="rounds", source=STARTER),
        ),
        imports=("pandas",),
        modules={"pd": "pandas"},
        data=(),
        variants=({"rounds": ROUND_VARIANT},),
        flaws=(
            Flaw(
                id="oven-lost",
                subtask="rounds",
                title="An oven is lost",
                answer={"rounds": wrong},
                words="The oven that did not fit any more is in no round at all.",
            ),
        ),
    )


@pytest.fixture(scope="session")
def case() -> AuthorCase:
    return bakery()


@pytest.fixture(scope="session")
def firewall(case: AuthorCase) -> Firewall:
    return Firewall.of(case)
