"""How results come about: what is asked, and what counts against the reference's own behaviour."""

import ast
from typing import Any

import pytest

from feedback.evidence.asked import Asked
from feedback.evidence.behaviours import behaviour_id, behaviours
from feedback.evidence.cuts import cuts
from feedback.evidence.odd_behaviour import odd_behaviour
from services.contracts.case import AuthorCase
from services.contracts.observation import Behaviour, Observation, ProbeOutcome

SPLIT = "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=1)"
MODEL = "model = Line()\nmodel.fit(X_train, y_train)\nforecast = model.predict(X_test)"
REFIT = {"kind": "refit", "from_train": 0.0, "from_all": 0.3, "from_seed": 0.0, "score": 0.6, "shuffled_score": -0.1}


def splitting(case: AuthorCase, first: str = SPLIT, second: str = MODEL) -> AuthorCase:
    one, two = case.subtasks
    return case.model_copy(
        update={
            "subtasks": (
                one.model_copy(update={"reference": {"id-answer-1": first}}),
                two.model_copy(update={"reference": {"id-answer-2": second}}),
            )
        }
    )


def test_questions_are_read_off_the_reference(case: AuthorCase) -> None:
    made = splitting(case)
    overlap = Behaviour(kind="overlap", names=("X_train", "X_test"))
    refit = Behaviour(kind="refit", names=("model", "X_train", "y_train", "X_test", "y_test"))
    assert behaviours(made, made.subtasks[0]) == (overlap,)
    assert behaviours(made, made.subtasks[1]) == (overlap, refit)
    assert behaviours(case, case.subtasks[1]) == ()


@pytest.mark.parametrize(
    "second",
    ["model = Line().fit(X_train, y_train)\nmodel.predict(X_test)", "model = Line()\nmodel.fit(X_train, y_train)"],
)
def test_fitting_is_known_in_both_forms(case: AuthorCase, second: str) -> None:
    made = splitting(case, second=second)
    assert [one.names[0] for one in behaviours(made, made.subtasks[1]) if one.kind == "refit"] == ["model"]


@pytest.mark.parametrize("second", ["model = Line()\nmodel.fit(X, y)", "print(1", "Line().fit(X_train, y_train)"])
def test_what_is_not_fitted_on_the_split_is_not_asked_about(case: AuthorCase, second: str) -> None:
    made = splitting(case, second=second)
    assert all(one.kind != "refit" for one in behaviours(made, made.subtasks[1]))


@pytest.mark.parametrize(
    ("source", "pairs"),
    [
        ("a, b = t.iloc[:30], t.iloc[30:]", [("a", "b")]),
        ("b = t.iloc[30:]\na = t.iloc[:30].copy()", [("a", "b")]),
        ("a = t.loc[:'1999']\nb = t.loc['2000':]", [("a", "b")]),
        ("a = t[t.day < end]\nb = t[t.day >= end]", [("a", "b")]),
        ("b = t[t.day > end]\na = t[t.day <= end]", [("a", "b")]),
        ("a = t[early]\nb = t[~early].reset_index()", [("a", "b")]),
        ("b = t[~early]\na = t[early]", [("a", "b")]),
        ("a = t[t.kind == 1]\nb = t[t.kind != 1]", [("a", "b")]),
        # Not a whole: another table, another condition, two ends, one name.
        ("a = t.iloc[:30]\nb = u.iloc[30:]", []),
        ("a = t[t.day < end]\nb = t[t.day >= start]", []),
        ("a = t.iloc[:30]\nb = t.iloc[:10]", []),
        ("a = t.iloc[:30:2]\nb = t.iloc[30:]", []),
        ("a = t.iloc[:30]\na = t.iloc[30:]", []),
        ("a = t['day']\nb = t['kind']", []),
    ],
)
def test_a_table_that_is_cut_in_two_is_known_however_it_is_cut(source: str, pairs: list[tuple[str, str]]) -> None:
    assert list(cuts(ast.parse(source))) == pairs


@pytest.mark.parametrize(
    ("second", "asked"),
    [
        ("def score(t):\n    return Line().fit(t, t)\n\nbest = score(1)", [("fits", ("score",))]),
        ("line = Line()\nline.fit(t, t)", [("fits", ("line",))]),
        ("for n in (1, 2):\n    line = Line().fit(t, t)", [("fits", ("n", "line"))]),
        ("found = cross_val_score(Line(), t, t)", [("fits", ("found",))]),
        ("plan = make(1)\nfor known, ahead in plan:\n    print(known)", [("folds", ("plan",))]),
        ("plan = make(1)\nfor known in plan:\n    print(known)", []),
        ("plan = make(1)\nx = [a for a, b in other]", []),
    ],
)
def test_fitting_and_folds_are_asked_about_wherever_they_stand(
    case: AuthorCase, second: str, asked: list[tuple[str, tuple[str, ...]]]
) -> None:
    made = splitting(case, first="t = 1", second=second)
    assert [(one.kind, one.names) for one in behaviours(made, made.subtasks[1])] == asked


@pytest.mark.parametrize(
    ("answer", "model", "told"),
    [
        ({"shared": 0, "later": 0}, {"shared": 0, "later": 0}, []),
        ({"shared": 3, "later": 2}, {"shared": 0, "later": 0}, [("fitted-on-tested", 3)]),
        ({"shared": 0, "later": 2}, {"shared": 0, "later": 0}, [("fitted-on-later", 2)]),
        # Order does not matter to the reference, and it looks at some of its own rows itself.
        ({"shared": 0, "later": 9}, {"shared": 0, "later": 1}, []),
        ({"shared": 3, "later": 0}, {"shared": 3, "later": 0}, []),
        # No learner can be told of more rows than there are, nor of none.
        ({"shared": 50, "later": 0}, {"shared": 0, "later": 0}, []),
        ({"shared": 0, "later": -4}, {"shared": 0, "later": 0}, []),
        ({"shared": "x", "later": 0}, {"shared": 0, "later": 0}, []),
    ],
)
def test_rows_count_where_they_are_more_than_the_references(
    case: AuthorCase, answer: Any, model: Any, told: list[tuple[str, int]]
) -> None:
    made = splitting(case, first="t = 1", second="line = Line()\nline.fit(t, t)")

    def seen(value: Any) -> Observation:
        outcome = ProbeOutcome(id=behaviour_id(0), value={"kind": "fits", "rows": 20, **value})
        return Observation(cells=(), probes=(outcome,), complete=True)

    found = odd_behaviour(Asked(made, made.subtasks[1], ()), seen(answer), seen(model))
    assert [(clue.aspect, clue.count) for clue in found] == told


def odd(case: AuthorCase, overlap: Any, refit: Any, *, model: Any = REFIT) -> list[tuple[str, int]]:
    made = splitting(case)

    def seen(*values: Any) -> Observation:
        outcomes = (ProbeOutcome(id=behaviour_id(at), value=value) for at, value in enumerate(values))
        return Observation(cells=(), probes=tuple(outcomes), complete=True)

    asked = Asked(made, made.subtasks[1], ())
    reference = seen({"kind": "overlap", "rows": 50, "shared": 1}, model)
    return [(clue.aspect, clue.count) for clue in odd_behaviour(asked, seen(overlap, refit), reference)]


CLEAN = {"kind": "overlap", "rows": 50, "shared": 1}


def test_what_behaves_as_the_reference_is_not_odd(case: AuthorCase) -> None:
    assert odd(case, CLEAN, REFIT) == []
    assert odd(case, CLEAN, REFIT | {"from_seed": 0.2}, model=REFIT | {"from_seed": 0.3}) == []


@pytest.mark.parametrize(
    ("changed", "aspect"),
    [
        ({"from_train": 0.3, "from_all": 0.0}, "fitted-on-test"),
        ({"from_train": 0.3, "from_all": 0.2}, "fitted-elsewhere"),
        ({"from_seed": 0.01}, "seed"),
        ({"shuffled_score": 0.55}, "shuffled-answers"),
    ],
)
def test_each_way_is_told_by_its_name(case: AuthorCase, changed: dict[str, float], aspect: str) -> None:
    assert odd(case, CLEAN, REFIT | changed) == [(aspect, 0)]


def test_rows_in_both_parts_are_counted(case: AuthorCase) -> None:
    assert odd(case, CLEAN | {"shared": 9}, REFIT) == [("contamination", 9)]


@pytest.mark.parametrize(
    "forged",
    [
        None,
        {"kind": "overlap"},
        {"kind": "overlap", "rows": "many", "shared": 5},
        {"kind": "overlap", "rows": 2, "shared": 5},
        {"kind": "overlap", "rows": True, "shared": [1]},
        {"kind": "scalar", "value": 1},
    ],
)
def test_what_cannot_be_read_says_nothing(case: AuthorCase, forged: Any) -> None:
    assert odd(case, forged, {"kind": "refit", "from_train": "far"}) == []
