"""Small faults: what each operator makes of a line, and that all else stays as the author wrote it."""

import pytest

from case_uploader.ci.edits import Edit, Source, applied, same_code
from case_uploader.ci.general import general_edits
from case_uploader.ci.learning import learning_edits
from case_uploader.format.python_source import syntax_error


def _mutants(text: str, known: frozenset[str] = frozenset()) -> dict[str, list[str]]:
    """Operator -> sources."""
    source = Source(text)
    found: dict[str, list[str]] = {}
    for edit in (*general_edits(source), *learning_edits(source, known)):
        found.setdefault(edit.operator, []).append(applied(text, edit))
    return found


@pytest.mark.parametrize(
    ("operator", "before", "after"),
    [
        ("swap-comparison", "ok = a < b", "ok = a <= b"),
        ("swap-comparison", "ok = a not in b", "ok = a in b"),
        ("swap-arithmetic", "c = a + b", "c = a - b"),
        ("swap-logic", "ok = a and b", "ok = a or b"),
        ("drop-negation", "ok = not a", "ok = (a)"),
        ("negate-condition", "if a:\n    b = 1", "if (not (a)):\n    b = 1"),
        ("change-constant", "a = 3", "a = 4"),
        ("change-constant", "a = True", "a = False"),
        ("return-nothing", "def f(x):\n    return x", "def f(x):\n    return None"),
        ("drop-statement", "a += b", "pass"),
        ("swap-loop-exit", "for a in b:\n    break", "for a in b:\n    continue"),
        ("drop-argument", 'c = t.drop(["a"], axis=x)', 'c = t.drop(["a"])'),
        ("drop-argument", "c = f(axis=x, n=y)", "c = f(n=y)"),
        ("drop-element", 'c = ["ä", b]', 'c = ["ä"]'),
        ("leakage", "late = s.shift(2)", "late = s.shift(-(2))"),
        ("leakage", "full = s.ffill()", "full = s.bfill()"),
        ("leakage", "mean = s.rolling(3).mean()", "mean = s.rolling(3, center=True).mean()"),
        ("leakage", "past = s.iloc[train]", "past = s.iloc[:]"),
        (
            "wrong-split",
            "X_train, X_test, y_train, y_test = train_test_split(X, y)",
            "X_test, X_train, y_test, y_train = train_test_split(X, y)",
        ),
        ("wrong-split", "parts = train_test_split(X, test_size=0.25)", "parts = train_test_split(X, test_size=0.15)"),
        ("wrong-split", "parts = train_test_split(X, shuffle=False)", "parts = train_test_split(X, shuffle=True)"),
        ("wrong-metric", 'cv(scoring="r2")', "cv(scoring='explained_variance')"),
        ("wrong-metric", "m = errors.mean()", "m = errors.median()"),
        ("no-seed", "m = Forest(random_state=3)", "m = Forest(random_state=None)"),
        ("no-seed", "g = np.random.default_rng(7)", "g = np.random.default_rng()"),
        ("fit-on-test", "m.fit(X_train, y_train)\nX_test, y_test", "m.fit(X_test, y_test)\nX_test, y_test"),
        ("fit-on-test", "z = scaler.transform(w)", "z = scaler.fit_transform(w)"),
        ("score-on-train", "m.score(X_test, y_test)\nX_train, y_train", "m.score(X_train, y_train)\nX_train, y_train"),
        ("off-by-one-window", "w = s.rolling(12)", "w = s.rolling((12) + 1)"),
        ("off-by-one-window", "w = s[:-3]", "w = s[:(-3) + 1]"),
        ("dropped-stratification", "p = train_test_split(X, stratify=y)", "p = train_test_split(X, stratify=None)"),
        ("silent-nan", "n = s.dropna().size", "n = s.size"),
        ("silent-nan", "n = s.fillna(0)", "n = s"),
        ("wrong-column", 'a = t["x"] * t["y"]', "a = t['y'] * t[\"y\"]"),
        ("drop-step", "t = t.drop_duplicates()", "t = t"),
    ],
)
def test_an_operator_makes_its_fault(operator: str, before: str, after: str) -> None:
    assert after in _mutants(before).get(operator, [])


def test_metrics_and_splitters_are_exchanged_without_an_import_of_their_own() -> None:
    made = _mutants("m = mean_absolute_error(y, z)")["wrong-metric"]
    assert made == ['m = __import__("sklearn.metrics", fromlist=["mean_squared_error"]).mean_squared_error(y, z)']
    made = _mutants("cv = StratifiedKFold(5)")["dropped-stratification"]
    assert made == ['cv = __import__("sklearn.model_selection", fromlist=["KFold"]).KFold(5)']


def test_the_test_part_is_fitted_only_where_it_exists() -> None:
    assert "fit-on-test" not in _mutants("m.fit(X_train, y_train)")
    assert _mutants("m.fit(X_train)", frozenset({"X_test"}))["fit-on-test"] == ["m.fit(X_test)"]


def test_docstrings_annotations_and_seeds_are_not_constants_to_change() -> None:
    text = 'def f(x: Literal[3]) -> int:\n    """Give 4 of them."""\n    return g(x, random_state=5)'
    assert "change-constant" not in _mutants(text)


def test_places_are_right_behind_letters_of_several_bytes_and_in_brackets() -> None:
    text = 'größe = ("ä" + b) * (c\n    + d)  # ö + ö'
    made = _mutants(text)["swap-arithmetic"]
    assert made == [text.replace(") * (", ") / ("), text.replace("+ b", "- b"), text.replace("    + d", "    - d")]


def test_every_fault_of_a_long_function_is_python_or_left_out() -> None:
    text = (
        "def f(rows, *, limit=3):\n"
        '    """Text."""\n'
        "    best = None\n"
        "    for row in rows[1:]:\n"
        "        if row is None or not row.get('a', 1) > limit:\n"
        "            continue\n"
        "        best = max(row['a'], best or 0)\n"
        "    return f'{best:>3}' if best else ''\n"
    )
    source = Source(text)
    edits = list(general_edits(source))
    assert len(edits) > 10
    assert all(edit.in_definition for edit in edits)
    assert not [edit for edit in edits if syntax_error(applied(text, edit))]


def test_other_letters_for_the_same_code_are_told() -> None:
    assert same_code("a = (1)  # one", "a = 1")
    assert not same_code("a = 1", "a = 2")
    edit = Edit(4, 5, "(1)", "change-constant", "general", "", 1, in_definition=False)
    assert same_code("a = 1", applied("a = 1", edit))
