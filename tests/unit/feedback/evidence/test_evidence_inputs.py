"""The smallest input that shows a function to be wrong: made from what learners can read, never from what is hidden."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.evidence.counterexample import without_disputed
from feedback.evidence.inputs import MAX_TRIES, inputs, tries
from feedback.evidence.shown import both_shown, shown
from feedback.evidence.shrinking import size, smaller
from services.contracts.case import AuthorCase, CallProbe, Subtask
from services.contracts.observation import Observation, ProbeOutcome
from services.runner.sandbox.observe.values import observed

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text("ab", max_size=4) | st.sampled_from([0.5, 2.25]),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.lists(plain, min_size=1, max_size=3))
def test_no_smaller_input_has_more_parts(args: list[Any]) -> None:
    for less in smaller(tuple(args)):
        assert less != tuple(args)
        assert size(less)[0] <= size(tuple(args))[0]


def test_lists_lose_parts_and_numbers_come_near_and_texts_stay() -> None:
    made = list(smaller(([3, 1, 0],)))
    assert made[:3] == [([],), ([3],), ([1, 0],)]
    assert ([3, 0],) in made
    assert (["b"],) in list(smaller((["a", "b"],)))
    assert list(smaller(("ab",))) == []
    assert set(smaller((99,))) == {(0,), (1,), (49,), (98,), (100,)}


def with_checks(case: AuthorCase, visible: str, hidden: str, **more: Any) -> Subtask:
    second = case.subtasks[1]
    checks = tuple(c.model_copy(update={"source": hidden if c.hidden else visible}) for c in second.checks)
    return second.model_copy(update={"checks": checks, **more})


def test_inputs_come_from_the_visible_checks_and_never_from_hidden_ones(case: AuthorCase) -> None:
    subtask = with_checks(
        case, "assert double([4, 5]) == 1", "assert double([4]) == 2\nassert double([]) == 2", probes=()
    )
    tried = [one.args for one in tries(case, subtask)]
    assert ([4, 5],) in tried
    assert ([5],) in tried
    assert ([4],) not in tried
    assert ([],) not in tried
    secret = with_checks(case, "assert double(2) == 4", "", probes=(CallProbe(call="double", args=(1,)),))
    assert (1,) not in [one.args for one in tries(case, secret)]


@pytest.mark.parametrize(
    "check",
    [
        "assert double(total) == 1",
        "assert double([part for part in (1, 2)]) == 1",
        "assert double(open('data')) == 1",
        "assert double(*[1]) == 1",
        "assert double(**{'x': 1}) == 1",
        "assert len([1]) == 1",
        "x = (",
    ],
)
def test_what_is_no_plain_call_of_an_own_function_is_not_tried(case: AuthorCase, check: str) -> None:
    assert tries(case, with_checks(case, check, "", probes=())) == ()


def texts(case: AuthorCase, subtask: Subtask) -> list[str]:
    return [one.text for one in tries(case, subtask)]


def test_names_keywords_and_tables_of_checks_and_of_the_cells_above_are_read(case: AuthorCase) -> None:
    check = "days = [4, 5]\nassert double(days) and double(x=limit) and double(parts)"
    tried = texts(case, with_checks(case, check, "", probes=()))
    assert "double([4, 5])" in tried
    assert "double([5])" in tried
    # The cell above sets limit; parts is what a learner's answer makes.
    assert "double(x=10)" in tried
    assert all("x=" in text or "[" in text for text in tried)
    table = case.model_copy(update={"modules": {"pd": "pandas"}})
    tried = texts(table, with_checks(case, "assert double(pd.Series([3.0, 4.0])).sum() == 14", "", probes=()))
    assert "double(pd.Series([3.0, 4.0]))" in tried
    assert "double(pd.Series([4.0]))" in tried


def test_calls_of_the_case_are_tried_where_they_are_no_secret(case: AuthorCase) -> None:
    calls = (
        CallProbe(call="double", args=([7, 8],), hidden=False),
        CallProbe(call="double", args=({"array": [9]},), hidden=False),
        CallProbe(call="double", kwargs={"x": {"k": 1}}, hidden=False),
        CallProbe(call="double", args=("secret",)),
        CallProbe(call="print", args=("no own function",), hidden=False),
    )
    tried = texts(case, with_checks(case, "", "", probes=calls))
    assert {"double([7, 8])", "double(np.array([9]))", "double(x={'k': 1})"} <= set(tried)
    assert not any("secret" in text or "print" in text for text in tried)


@pytest.mark.parametrize(
    "hidden",
    [
        "assert double([4]) == [4, 4]",
        "assert double(x=[4])",
        "assert double((4.0,))",
        "assert double(np.array([4]))",
        "days = [4]\nassert double(days)",
        "days = [4]\nfor times in (1, 2):\n    assert double(days[:]) == days * times",
        "for days, wanted in [([4], 8), ([6], 12)]:\n    assert double(days) == wanted",
        "cases = {'one': [4]}\nassert all(double(days) for days in cases.values())",
        "assert list(map(double, [[4], [6]]))",
        "assert [double(days) for days in ([4], [6])]",
    ],
)
def test_what_a_hidden_check_uses_is_never_tried_however_it_is_passed(case: AuthorCase, hidden: str) -> None:
    case = case.model_copy(update={"modules": {"np": "numpy"}})
    open_, secret = (with_checks(case, "assert double([4, 5]) == 1", text, probes=()) for text in ("", hidden))
    assert "double([4])" in texts(case, open_)
    assert "double([4])" not in texts(case, secret)
    (start,) = (one for one in tries(case, secret) if one.text == "double([4, 5])")
    assert "double([4])" in [one.text for one in inputs(case, open_).less(start)]
    assert "double([4])" not in [one.text for one in inputs(case, secret).less(start)]


def test_a_default_that_is_said_is_no_other_input(case: AuthorCase) -> None:
    second = with_checks(case, "assert double([4], 3)", "assert double([4])", probes=())
    second = second.model_copy(update={"reference": {"id-answer-2": "def double(x, times=3):\n    return x * times"}})
    assert "double([4], 3)" not in texts(case, second)
    assert "double([4], 1)" in texts(case, second)


def test_there_are_few_and_the_smallest_come_first(case: AuthorCase) -> None:
    tried = tries(case, with_checks(case, f"assert double({list(range(30))}) == 1", "", probes=()))
    assert len(tried) == MAX_TRIES
    assert [size(one.args) for one in tried] == sorted(size(one.args) for one in tried)


def test_a_learner_hears_the_smallest_input_that_shows_it(desk: Any) -> None:
    judgement = desk.judge(
        "step-2", answer_2="def double(x):\n    return x * 2 if x < 2 else 0\n\nresult = double(total)"
    )
    (finding,) = judgement.findings
    assert "For `double(2)` your code gives `0`; the task asks for `4`." in finding.message
    (evidence,) = [e for e in finding.evidence if e.kind == "input"]
    assert evidence.subject == "double"


def test_an_error_is_told_by_its_type(desk: Any) -> None:
    judgement = desk.judge("step-2", answer_2="def double(x):\n    return [x, x][2]\n\nresult = 12")
    assert any("your code stops with `IndexError`; the task asks for `" in f.message for f in judgement.findings)


def test_right_work_and_lost_tries_say_nothing(desk: Any) -> None:
    def lost(seen: Observation) -> Observation:
        probes = (
            p if not p.id.startswith("try:") else p.model_copy(update={"value": None, "lost": "time"})
            for p in seen.probes
        )
        return seen.model_copy(update={"probes": tuple(probes)})

    assert desk.judge("step-2", seen=lost).findings == ()
    wrong = desk.judge("step-2", answer_2="def double(x):\n    return x\n\nresult = 12", seen=lost)
    assert not any(e.kind == "input" for f in wrong.findings for e in f.evidence)


def test_an_input_that_an_accepted_variant_answers_otherwise_shows_nothing(case: AuthorCase) -> None:
    subtask = with_checks(case, "assert double([4, 5]) == 1", "", probes=())
    inputs = {f"try:{at}": one.args for at, one in enumerate(tries(case, subtask))}

    def run(**odd: Any) -> Observation:
        answers = {id_: odd.get(repr(args), 1) for id_, args in inputs.items()} | {"value:result": 12}
        probes = (ProbeOutcome(id=id_, value=observed(value, 0)) for id_, value in answers.items())
        return Observation(cells=(), probes=tuple(probes), complete=True)

    disputed = next(id_ for id_, args in inputs.items() if args == ([],))
    kept = without_disputed(case, subtask, run(), [run(), run(**{"([],)": 2})])
    assert {p.id for p in kept.probes} == {*inputs, "value:result"} - {disputed}
    assert without_disputed(case, subtask, run(), []) == run()


@settings(deadline=None)
@given(plain)
def test_short_values_are_shown_as_python_writes_them(value: Any) -> None:
    text = shown(observed(value, 0))
    assert text is None or text == repr(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((1,), "(1,)"),
        ({"a": [1, None]}, "{'a': [1, None]}"),
        (float("nan"), "nan"),
        (2**60, str(2**60)),
        ("x" * 99, None),
        ({1, 2}, "{1, 2}"),
        (set(), "set()"),
        (frozenset({1}), None),
        (object(), None),
        ([object()], None),
    ],
)
def test_what_has_no_short_form_is_not_shown(value: Any, text: str | None) -> None:
    assert shown(observed(value, 0)) == text


def test_tables_are_shown_as_pandas_writes_them(array: Any, series: Any, frame: Any) -> None:
    assert shown(array([1.0, 2.5])) == "array([1.0, 2.5])"
    assert shown(array([1, 2, 3, 4], "int", shape=[2, 2])) == "array([[1, 2], [3, 4]])"
    assert shown(series([1.0, None])) == "Series([1.0, nan])"
    assert shown(series(["x", None], "text", labels=["a", "b"])) == "Series(['x', None], index=['a', 'b'])"
    assert shown(frame({"n": ("int", [1, 2])})) == "DataFrame({'n': [1, 2]})"
    assert shown(series(list(range(99)), "int")) is None
    assert shown(series([1.0], whole=False)) is None
    assert shown(array(list(range(8)), "int", shape=[2, 2, 2])) is None
    assert shown({**series([1.0, 2.0]), "length": 3}) is None


LONG = [float(number) for number in range(30)]


@pytest.mark.parametrize(
    ("made", "given", "wanted", "told"),
    [
        ("array", ([0.0],), (LONG,), ("1 element", "30 elements", None)),
        ("array", ([*LONG, 1.0],), (LONG,), ("31 elements", "30 elements", None)),
        ("array", ([*LONG[:-1], 7.0],), (LONG,), ("7.0", "29.0", "position 29")),
        ("series", ([0.0, 5.0, *LONG[2:]],), (LONG,), ("5.0", "1.0", "position 1")),
        ("series", (LONG,), (LONG,), (None, None, None)),
        (
            "frame",
            ({"n": ("float", [*LONG[:2], None, *LONG[3:]])},),
            ({"n": ("float", LONG)},),
            ("nan", "2.0", "row 2 of n"),
        ),
        (
            "frame",
            ({"m": ("float", LONG)},),
            ({"n": ("float", LONG)},),
            ("the columns ['m']", "the columns ['n']", None),
        ),
        ("frame", ({"n": ("float", LONG[:-1])},), ({"n": ("float", LONG)},), ("29 rows", "30 rows", None)),
    ],
)
def test_of_long_results_the_first_that_differs_is_shown(
    request: pytest.FixtureRequest, made: str, given: Any, wanted: Any, told: Any
) -> None:
    make = request.getfixturevalue(made)
    assert both_shown(make(*given), make(*wanted)) == told


def test_of_long_lists_too(case: AuthorCase) -> None:
    assert both_shown(observed(list(range(40)), 0), observed([*range(39), 7], 0)) == ("39", "7", "position 39")
    assert both_shown(observed([1], 0), observed((1,), 0)) == ("[1]", "(1,)", None)
    broken = {**observed(list(range(40)), 0), "items": None}
    assert both_shown(broken, observed([*range(39), 7], 0)) == (None, None, None)


def test_floats_have_ten_digits_where_ten_tell_them_apart() -> None:
    given, wanted = (observed([number, 1.5], 0) for number in (7.500619999999999, 75.00619999999999))
    assert shown(wanted) == "[75.0062, 1.5]"
    assert both_shown(given, wanted) == ("[7.50062, 1.5]", "[75.0062, 1.5]", None)
    near = both_shown(observed(0.1 + 0.2, 0), observed(0.3, 0))
    assert near == ("0.30000000000000004", "0.3", None)
    assert shown(observed([float("nan"), float("inf"), 1e300, -0.0], 0)) == "[nan, inf, 1e+300, -0.0]"
    long = [number + 1e-13 for number in LONG]
    assert both_shown(observed([*long[:-1], 7.0], 0), observed(long, 0)) == ("7.0", "29.0", "position 29")
