"""How many hints are left, and why there is not one more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.hints.quotas import left, refusal
from services.contracts.case import HintQuotas
from services.contracts.hint import HintKind

PLACES = st.none() | st.integers(0, 5)
KINDS: tuple[HintKind, ...] = ("plan", "debug", "optimize")


@given(PLACES, PLACES, PLACES, PLACES, st.dictionaries(st.sampled_from(KINDS), st.integers(0, 5)))
def test_what_is_left_and_what_is_refused_agree(
    plan: int | None, debug: int | None, optimize: int | None, overall: int | None, taken: dict[HintKind, int]
) -> None:
    quotas = HintQuotas(plan=plan, debug=debug, optimize=optimize, overall=overall)
    places = left(quotas, taken)
    for kind in KINDS:
        assert (refusal(quotas, taken, kind) is None) == (getattr(places, kind) != 0)


def test_the_defaults_are_one_plan_three_debug_one_optimize() -> None:
    assert left(HintQuotas(), {}).model_dump() == {"plan": 1, "debug": 3, "optimize": 1, "overall": None}


@pytest.mark.parametrize(
    ("quotas", "taken", "says"),
    [
        ({"debug": 3}, {"debug": 3}, "3 of 3"),
        ({"debug": 3}, {"debug": 4}, "4 of 3"),
        ({"debug": None, "overall": 2}, {"plan": 1, "optimize": 1}, "2 of 2"),
        ({"debug": 0}, {}, "gives no hints of the kind «debug»"),
    ],
)
def test_a_refusal_says_what_is_used(quotas: dict[str, int | None], taken: dict[HintKind, int], says: str) -> None:
    assert says in (refusal(HintQuotas(**quotas), taken, "debug") or "")


def test_nothing_speaks_against_a_place_that_is_free() -> None:
    assert refusal(HintQuotas(), {"debug": 2, "plan": 1}, "debug") is None
    assert refusal(HintQuotas(debug=None), {"debug": 500}, "debug") is None
