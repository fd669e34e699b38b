"""Arguments as they are sent, made again in the sandbox, written for learners, and compared with what is hidden."""

import ast
import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.evidence.arguments import Array, Dates, Frame, Series, Timestamp, loosely, of_probe, sent, taken, written
from feedback.evidence.literals import Reader
from services.runner.sandbox.arguments import made

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8"), max_size=6)
    | st.dates()
    | st.datetimes()
    | st.timedeltas()
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.sets(scalars, max_size=3)
        | st.dictionaries(scalars, inner, max_size=3)
    ),
    max_leaves=10,
)


@settings(deadline=None)
@given(values)
def test_what_python_knows_arrives_as_it_was_and_is_written_as_python(value: Any) -> None:
    assert made(json.loads(json.dumps(sent(value)))) == value
    text = ast.parse(written(value), mode="eval").body
    assert Reader({}, {"datetime": "datetime"}).value(text) == value


def test_what_is_no_number_arrives() -> None:
    assert math.isnan(made(sent([math.nan]))[0])
    assert made(sent(-math.inf)) == -math.inf
    assert made(sent({"array": [1]})) == {"array": [1]}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Array([1, 2]), "np.array([1, 2])"),
        (Array([[1.0], [2.0]], "float"), "np.array([[1.0], [2.0]], dtype='float')"),
        (Series([1.0, None], name="a"), "pd.Series([1.0, None], name='a')"),
        (Frame([("a", [1]), ("b", ["x"])], [7]), "pd.DataFrame({'a': [1], 'b': ['x']}, index=[7])"),
        (
            Series([1], Dates("2020-01-01", 1, "MS")),
            "pd.Series([1], index=pd.date_range('2020-01-01', periods=1, freq='MS'))",
        ),
        (Timestamp("2020-01-01"), "pd.Timestamp('2020-01-01')"),
        ({(1,): {"b", "a"}}, "{(1,): {'a', 'b'}}"),
        (math.nan, 'float("nan")'),
    ],
)
def test_objects_of_libraries_are_written_by_their_usual_names(value: Any, text: str) -> None:
    assert written(value) == text
    json.dumps(sent(value))


def test_rows_take_their_labels_along() -> None:
    assert taken(Series([5, 6, 7], ["a", "b", "c"]), [0, 2]) == Series([5, 7], ["a", "c"])
    assert taken(Series([5, 6, 7], Dates("2020", 3, "D")), [1]) == Series([6], Dates("2020", 1, "D"))
    assert taken(Frame([("a", [1, 2]), ("b", [3, 4])]), [1]) == Frame([("a", [2]), ("b", [4])])


def test_arguments_of_calls_in_a_case_are_the_same_objects() -> None:
    assert of_probe({"series": [1]}) == Series([1])
    assert of_probe({"frame": {"a": [1]}}) == Frame([("a", [1])])
    assert of_probe({"array": [[1]]}) == Array([[1]])
    assert of_probe({"price": [1]}) == {"price": [1]}


def test_what_says_the_same_is_spelled_alike_whatever_holds_it() -> None:
    same = [[1, 2], (1.0, 2), Array([1, 2]), Series([1, 2.0], ["a", "b"])]
    assert len({loosely(value) for value in same}) == 1
    assert loosely({"a": [1]}) == loosely(Frame([("a", [1])]))
    assert loosely(True) != loosely(1)
    assert loosely("1") != loosely(1)
    assert loosely([1, 2]) != loosely([2, 1])
    assert loosely({1, 2}) == loosely({2, 1})
