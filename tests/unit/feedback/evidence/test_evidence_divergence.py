"""The first step at which two calls part, whatever their variables are called."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from feedback.evidence.divergence import first_divergence
from services.contracts.notebook import Place
from services.contracts.observation import Step


def steps(*named: tuple[int, str, Any]) -> tuple[Step, ...]:
    return tuple(Step(place=Place(cell="@2", line=line), name=name, text=repr(value)) for line, name, value in named)


REFERENCE = steps(
    (1, "visits", [3, 0, 1]), (2, "best", 0), (3, "now", 0), (5, "now", 1), (6, "best", 1), (5, "now", 0),
    (5, "now", 1), (7, "return", 1),
)  # fmt: skip


def test_the_same_values_under_other_names_do_not_part() -> None:
    names = {"best": "b", "now": "run", "visits": "visits"}
    renamed = tuple(s.model_copy(update={"name": names.get(s.name, s.name)}) for s in REFERENCE)
    assert first_divergence(renamed, REFERENCE) is None


def test_the_first_other_value_is_the_place() -> None:
    mine = steps(
        (1, "visits", [3, 0, 1]), (2, "b", 0), (3, "run", 0), (5, "run", 1), (6, "b", 1), (5, "run", 2), (6, "b", 2),
        (7, "return", 2),
    )  # fmt: skip
    step = first_divergence(mine, REFERENCE)
    assert step is not None
    assert (step.place.line, step.name, step.text) == (5, "run", "2")


def test_where_no_variable_is_known_the_result_is_the_place() -> None:
    step = first_divergence(steps((2, "x", 9), (3, "return", 4)), REFERENCE)
    assert step is not None
    assert (step.place.line, step.name) == (3, "return")


def test_without_a_trace_there_is_no_place() -> None:
    assert first_divergence((), REFERENCE) is None
    assert first_divergence(REFERENCE, ()) is None


@given(st.lists(st.tuples(st.integers(1, 9), st.sampled_from("abc"), st.integers(0, 2)), max_size=12))
def test_nothing_parts_from_itself(named: list[tuple[int, str, int]]) -> None:
    assert first_divergence(steps(*named), steps(*named)) is None
