"""When a check that passed did compare what the reference compared."""

from collections.abc import Callable
from typing import Any

import pytest

from feedback.evidence.operands import disagreement
from services.contracts.observation import Operands
from services.runner.sandbox.observe.outlines import outlined
from services.runner.sandbox.observe.values import observed

Describe = Callable[[Any, int], dict[str, Any]]
Compared = Callable[..., tuple[Operands, ...]]


@pytest.fixture(params=[observed, outlined], ids=["values", "outlines"])
def describe(request: pytest.FixtureRequest) -> Describe:
    """Both ways of telling operands lead to the same judgement."""
    found: Describe = request.param
    return found


class Always:
    """Equal to everything."""

    def __repr__(self) -> str:
        # Names of tests are made of it, and two processes must give the same.
        return "Always()"


@pytest.fixture
def compared(describe: Describe) -> Compared:
    """Make the operands of these pairs."""

    def made(*pairs: tuple[Any, Any], line: int = 1, op: str = "==") -> tuple[Operands, ...]:
        return tuple(Operands(line=line, op=op, left=describe(a, 0), right=describe(b, 0)) for a, b in pairs)

    return made


@pytest.mark.parametrize(
    ("model", "made"),
    [
        ((3, 3), (3.0, 3)),
        ((True, 1), (1, 1)),
        (([1], [1]), ((1,), [1])),
        (({1}, {1}), (frozenset({1}), {1})),
        (("a", "a"), ("a", "a")),
        ((None, None), (None, None)),
        (({"a": 1}, {"a": 1}), ({"a": 1.0}, {"a": 1})),
        ((Always(), 1), (Always(), 1)),
    ],
    ids=repr,
)
def test_values_of_one_family_agree(compared: Compared, model: Any, made: Any) -> None:
    assert disagreement(compared(model), compared(made)) is None


@pytest.mark.parametrize(
    ("model", "made"),
    [
        ((3, 3), (Always(), 3)),
        (([1, 2], [1, 2]), ([1, Always()], [1, 2])),
        (({"a": 1}, {"a": 1}), ({"a": Always()}, {"a": 1})),
        ((3, 3), (3, Always())),
        ((3, 3), ("3", 3)),
        ((3, 3), (None, 3)),
        (([1], [1]), ({1}, [1])),
    ],
    ids=repr,
)
def test_another_family_or_a_foreign_object_is_no_pass(compared: Compared, model: Any, made: Any) -> None:
    assert disagreement(compared(model), compared(made)) is not None


def test_a_check_that_compared_nothing_is_no_pass(compared: Compared) -> None:
    assert disagreement(compared((1, 1)), ()) == "nothing was compared"
    assert disagreement((), ()) is None


def test_more_comparisons_in_a_loop_are_measured_against_the_last_one(compared: Compared) -> None:
    assert disagreement(compared((1, 1)), compared((1, 1), (2, 2), (3, 3))) is None
    assert disagreement(compared((1, 1)), compared((1, 1), (2, 2), (Always(), 3))) is not None


def test_a_comparison_that_the_reference_never_made_may_hold_plain_values_only(compared: Compared) -> None:
    here = compared((1, 1))
    assert disagreement(here, (*here, *compared((1, 1), line=9))) is None
    assert disagreement(here, (*here, *compared((Always(), 1), line=9))) is not None


def test_forged_operands_are_no_pass(compared: Compared) -> None:
    forged = (Operands(line=1, op="==", left={}, right={"kind": "scalar"}),)
    assert disagreement(compared((1, 1)), forged) is not None
