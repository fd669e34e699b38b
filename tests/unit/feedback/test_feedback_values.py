"""Which differences between a learner's value and the reference's are seen, and which do not count."""

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest

from feedback.evidence.values import differences
from services.contracts.case import Compare
from services.runner.sandbox.observe.values import observed

Make = Callable[..., dict[str, Any]]


def aspects(expected: Any, actual: Any, **rule: Any) -> list[str]:
    return [d.aspect for d in differences(expected, actual, Compare(name="it", **rule))]


def of(thing: Any) -> dict[str, Any]:
    """The value as the runner itself writes it down."""
    return observed(thing, 0)


EQUAL = [
    (3, 3),
    (3, 3.0),
    (0.1 + 0.2, 0.3),
    (math.nan, math.nan),
    (-math.inf, -math.inf),
    (10**30, 10**30),
    (None, None),
    (True, True),
    (2 + 1j, 2 + 1j),
    ("tea", "tea"),
    (b"tea", b"tea"),
    ([1, 2, 3], [1.0, 2.0, 3.0]),
    ([0.1 + 0.2], [0.3]),
    ([[1, [2.0]], "a"], [[1, [2 + 1e-9]], "a"]),
    ({"a": 1, "b": [2]}, {"b": [2], "a": 1}),
    ({1, 2, 3}, {3, 2, 1}),
    ((1, ("x", None)), (1, ("x", None))),
    (list(range(1000)), list(range(1000))),
    ([], []),
]


@pytest.mark.parametrize(("expected", "actual"), EQUAL, ids=repr)
def test_equal_values_do_not_differ(expected: Any, actual: Any) -> None:
    assert aspects(of(expected), of(actual)) == []


DIFFERENT = [
    (3, 4, "numbers"),
    (1_000_000, 1_000_001, "numbers"),
    (0.3, 0.31, "numbers"),
    (0.3, math.nan, "missing_values"),
    (1, True, "type"),
    (True, 1, "type"),
    (1, "1", "type"),
    (1, None, "type"),
    (True, False, "values"),
    ("tea", "tea ", "text"),
    ("tea", b"tea", "type"),
    ([1, 2], (1, 2), "type"),
    ([1, 2], [1, 2, 3], "length"),
    ([1, 2], [2, 1], "order"),
    ([1, 2], [1, 3], "numbers"),
    (["a"], ["b"], "text"),
    ([1, "2"], [1, 2], "type"),
    ({"a": 1}, {"b": 1}, "keys"),
    ({"a": 1}, {"a": 2}, "numbers"),
    ({"a": [1, 2]}, {"a": [1]}, "length"),
    ({1, 2}, {1, 3}, "numbers"),
    ({1, 2}, {1, 2, 3}, "length"),
    (list(range(1000)), [*range(999), 0], "values"),
]


@pytest.mark.parametrize(("expected", "actual", "aspect"), DIFFERENT, ids=repr)
def test_different_values_differ_in_the_aspect_that_tells_most(expected: Any, actual: Any, aspect: str) -> None:
    assert aspects(of(expected), of(actual))[0] == aspect


def test_a_list_may_come_in_any_order_when_the_rule_says_so() -> None:
    assert aspects(of([[1, "a"], [2, "b"]]), of([[2, "b"], [1, "a"]]), order="ignore") == []
    assert aspects(of([1, 1, 2]), of([1, 2, 2]), order="ignore") == ["numbers"]


def test_exact_types_tell_an_int_from_an_equal_float() -> None:
    assert aspects(of(3), of(3.0), dtypes="exact") == ["type"]
    assert aspects(of([3]), of([3.0]), dtypes="exact") == ["type"]


def test_zero_tolerance_means_the_same_float() -> None:
    exact = {"relative_tolerance": 0, "absolute_tolerance": 0}
    assert aspects(of(0.3), of(0.1 + 0.2), **exact) == ["numbers"]
    assert aspects(of([0.3]), of([0.1 + 0.2]), **exact) == ["numbers"]


class Always:
    """Says yes to everything."""

    def __eq__(self, _: object) -> bool:
        return True

    __hash__ = None


class Lying(int):
    """Is equal to every number."""

    def __eq__(self, _: object) -> bool:
        return True

    __hash__ = int.__hash__


@pytest.mark.parametrize(
    "thing", [Always(), Lying(3), [Always()], {"a": Lying(1)}], ids=["object", "int", "list", "dict"]
)
def test_an_object_that_is_equal_to_everything_is_equal_to_nothing(thing: Any) -> None:
    expected = {"list": [3], "dict": {"a": 1}}.get(type(thing).__name__, 3)
    assert aspects(of(expected), of(thing)) != []
    assert aspects(of(thing), of(thing)) != []


TABLE = {"city": ("text", ["Rome", "Oslo", "Kyiv"]), "price": ("float", [1.5, 2.5, None])}


def changed(**columns: Any) -> dict[str, Any]:
    return {**TABLE, **columns}


@pytest.mark.parametrize("whole", [True, False], ids=["small", "large"])
class TestFrames:
    def test_the_same_frame_is_equal(self, frame: Make, whole: bool) -> None:
        assert aspects(frame(TABLE, whole=whole), frame(TABLE, whole=whole)) == []

    def test_rounding_does_not_count(self, frame: Make, whole: bool) -> None:
        near = changed(price=("float", [1.5 + 1e-9, 2.5, None]))
        assert aspects(frame(TABLE, whole=whole), frame(near, whole=whole)) == []

    @pytest.mark.parametrize(
        ("columns", "aspect"),
        [
            (changed(price=("float", [1.5, 2.6, None])), "numbers"),
            (changed(price=("float", [1.5, None, 2.5])), "numbers"),
            (changed(price=("float", [1.5, 2.5, 0.0])), "missing_values"),
            (changed(price=("text", ["1.5", "2.5", None])), "dtypes"),
            (changed(city=("text", ["Rome", "Oslo", "Lviv"])), "text"),
            (changed(year=("int", [1, 2, 3])), "columns"),
            ({"city": TABLE["city"]}, "columns"),
            ({"price": TABLE["price"], "city": TABLE["city"]}, "columns"),
            ({"city": ("text", ["Oslo", "Rome", "Kyiv"]), "price": ("float", [2.5, 1.5, None])}, "order"),
        ],
    )
    def test_differences_are_named(self, frame: Make, whole: bool, columns: Any, aspect: str) -> None:
        assert aspects(frame(TABLE, whole=whole), frame(columns, whole=whole))[0] == aspect

    def test_fewer_rows_say_which_way(self, frame: Make, whole: bool) -> None:
        short = {name: (family, values[:2]) for name, (family, values) in TABLE.items()}
        found = differences(frame(TABLE, whole=whole), frame(short, whole=whole), Compare(name="it"))
        assert (found[0].aspect, found[0].trend) == ("shape", "fewer")

    def test_rows_in_any_order_when_the_rule_says_so(self, frame: Make, whole: bool) -> None:
        turned = {name: (family, values[::-1]) for name, (family, values) in TABLE.items()}
        assert aspects(frame(TABLE, whole=whole), frame(turned, whole=whole), order="ignore") == []

    def test_rows_that_were_torn_apart_differ_in_any_order(self, frame: Make, whole: bool) -> None:
        torn = changed(city=("text", ["Oslo", "Rome", "Kyiv"]))
        assert aspects(frame(TABLE, whole=whole), frame(torn, whole=whole), order="ignore") == ["values"]

    def test_column_rules(self, frame: Make, whole: bool) -> None:
        swapped = frame({"price": TABLE["price"], "city": TABLE["city"]}, whole=whole)
        more = frame(changed(year=("int", [1, 2, 3])), whole=whole)
        expected = frame(TABLE, whole=whole)
        assert aspects(expected, swapped, columns="ignore_order") == []
        assert aspects(expected, more, columns="at_least") == []
        assert aspects(more, expected, columns="at_least") == ["columns"]

    def test_data_types_may_be_left_out(self, frame: Make, whole: bool) -> None:
        ints, floats = ({"n": (family, [1, 2])} for family in ("int", "float"))
        expected, actual = frame(ints, whole=whole), frame(floats, whole=whole)
        assert aspects(expected, actual) == ["dtypes"]
        assert aspects(expected, actual, dtypes="ignore") == []


def test_row_labels_count_where_they_mean_something(frame: Make) -> None:
    towns = frame(TABLE, labels=["a", "b", "c"])
    assert aspects(towns, frame(TABLE, labels=["a", "b", "x"])) == ["index"]
    assert aspects(frame(TABLE, labels=[4, 7, 9]), frame(TABLE)) == []
    assert aspects(frame(TABLE, labels=[4, 7, 9], name="id"), frame(TABLE)) == ["index"]


def test_a_series_is_compared_with_its_labels(series: Make) -> None:
    one = series([1.0, 2.0], labels=["a", "b"])
    assert aspects(one, series([1.0, 2.0], labels=["a", "b"])) == []
    assert aspects(one, series([2.0, 1.0], labels=["b", "a"])) != []
    assert aspects(one, series([2.0, 1.0], labels=["b", "a"]), order="ignore") == []
    assert aspects(one, series([2.0, 1.0], labels=["a", "b"]), order="ignore") == []


def test_an_array_keeps_its_rows_together(array: Make) -> None:
    one = array([1, 2, 3, 4], "int", shape=[2, 2])
    assert aspects(one, array([3, 4, 1, 2], "int", shape=[2, 2]), order="ignore") == []
    assert aspects(one, array([1, 4, 3, 2], "int", shape=[2, 2]), order="ignore") == ["numbers"]
    assert aspects(one, array([1, 2, 3, 4], "int", shape=[4]))[0] == "shape"
    assert aspects(array([1, 2], "int"), array([1.0, 2.0], "float")) == ["dtypes"]


def test_a_patched_shape_contradicts_the_data(frame: Make) -> None:
    lying = frame(TABLE) | {"shape": [42, 42]}
    assert aspects(frame(TABLE), lying) == ["unreadable"]


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f["data"][1].update(length=7),
        lambda f: f["data"][1].update(nulls=0),
        lambda f: f["data"][1].update(mean=99.0),
        lambda f: f["data"][1].update(max=99.0, mean=50.0),
        lambda f: f["data"][1]["values"].pop(),
        lambda f: f["columns"].append("more"),
        lambda f: f["index"].update(length=9),
        lambda f: f.pop("data"),
        lambda f: f.update(data=None),
        lambda f: f.update(shape="3"),
        lambda f: f["data"].append({"name": "x"}),
        lambda f: f["data"][0].update(hash={"ordered": []}, values=None),
    ],
)
def test_a_forged_frame_is_a_difference_and_never_a_crash(frame: Make, change: Callable[[Any], Any]) -> None:
    forged = copy.deepcopy(frame(TABLE))
    change(forged)
    assert aspects(frame(TABLE), forged) == ["unreadable"]


@pytest.mark.parametrize(
    "forged",
    [{}, {"kind": None}, {"kind": "frame"}, {"kind": "scalar"}, {"kind": ["list"]}, {"kind": "text", "value": 3}],
)
def test_nonsense_in_place_of_a_value_is_a_difference(forged: Any) -> None:
    for expected in (3, "a", [1]):
        assert aspects(of(expected), forged) != []


def model(**fitted: Any) -> dict[str, Any]:
    coefficients = {name: of(value) for name, value in fitted.items()}
    params = {"fit_intercept": of(True), "n_jobs": of(None)}
    return {"kind": "model", "class": "sklearn.X", "params": params, "fitted": coefficients, "is_fitted": True}


def test_models_are_compared_by_class_settings_and_what_they_learned() -> None:
    one = model(coef_=[1.0, 2.0])
    assert aspects(one, model(coef_=[1.0 + 1e-9, 2.0])) == []
    assert aspects(one, model(coef_=[1.0, 3.0])) == ["numbers"]
    assert aspects(one, one | {"class": "sklearn.Y"}) == ["type"]
    assert aspects(one, one | {"params": {"fit_intercept": of(False), "n_jobs": of(None)}}) == ["parameters"]
    assert aspects(one, one | {"params": {"fit_intercept": of(True), "n_jobs": of(4)}}) == []
    assert aspects(one, one | {"is_fitted": False}) == ["values"]
