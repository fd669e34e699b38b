import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.statistics.multiple import holm
from evaluation.statistics.paired import compare

SCORES = st.one_of(st.sampled_from([0.0, 1.0, 0.5]), st.floats(0, 1), st.none())


def _cases(count, each):
    return [f"case-{number}" for number in range(count) for _ in range(each)]


@given(st.lists(st.tuples(SCORES, SCORES, st.sampled_from("abcd")), max_size=30))
@settings(max_examples=150, deadline=None)
def test_whatever_the_scores_a_difference_is_numbers_or_cannot_tell(rows):
    before, after, cases = ([row[part] for row in rows] for part in range(3))
    found = compare(before, after, cases, "share")
    mean, low, high = found.estimate.mean, found.estimate.low, found.estimate.high
    assert (low is None) == (found.decision == "cannot_tell") == (found.p_value is None)
    if mean is None or low is None or high is None:
        assert found.estimate.note
        return
    assert found.p_value is not None
    assert -1 <= low <= mean <= high <= 1
    assert 0 <= found.p_value <= 1
    assert found.decision == ("better" if low > 0 else "worse" if high < 0 else "no_evidence")


@given(st.lists(st.tuples(SCORES, SCORES, st.sampled_from("abcd")), min_size=2, max_size=20))
@settings(max_examples=60, deadline=None)
def test_a_difference_the_other_way_round_is_its_mirror_image(rows):
    before, after, cases = ([row[part] for row in rows] for part in range(3))
    there, back = compare(before, after, cases, "share"), compare(after, before, cases, "share")
    assert (there.rose, there.fell) == (back.fell, back.rose)
    if there.estimate.low is not None:
        assert there.estimate.low == pytest.approx(-(back.estimate.high or 0.0), abs=1e-9)


def test_the_same_answers_are_no_evidence_of_a_change():
    found = compare([1.0, 0.0] * 15, [1.0, 0.0] * 15, _cases(3, 10), "rate")
    assert (found.decision, found.p_value, found.estimate.mean) == ("no_evidence", 1.0, 0.0)
    assert "no sample changed" in found.estimate.note


def test_a_difference_that_is_a_rounding_error_is_no_change():
    found = compare([0.3] * 20 + [0.0] * 10, [0.1 + 0.2] * 20 + [1e-200] * 10, _cases(3, 10), "share")
    assert (found.rose, found.fell, found.decision) == (0, 0, "no_evidence")


def test_one_changed_sample_of_thirty_is_no_evidence():
    found = compare([1.0] * 30, [0.0] + [1.0] * 29, _cases(3, 10), "rate")
    assert (found.decision, found.fell) == ("no_evidence", 1)


def test_every_sample_lost_is_worse():
    assert compare([1.0] * 30, [0.0] * 30, _cases(3, 10), "rate").decision == "worse"
    assert compare([0.5] * 30, [0.4] * 30, _cases(3, 10), "share").decision == "worse"


def test_one_case_that_broke_is_no_evidence_for_all_cases():
    found = compare([1.0] * 30, [0.0] * 10 + [1.0] * 20, _cases(3, 10), "rate")
    assert found.decision == "no_evidence"
    assert "only 3 cases" in found.estimate.note


def test_a_single_case_is_compared_for_itself():
    found = compare([1.0] * 40, [0.0] * 15 + [1.0] * 25, ["a"] * 40, "rate")
    assert found.decision == "worse"
    assert "nothing of other cases" in found.estimate.note


@pytest.mark.parametrize(
    ("before", "after"),
    [([], []), ([1.0], [0.0]), ([None, 1.0], [1.0, None])],
)
def test_too_little_cannot_tell(before, after):
    found = compare(before, after, _cases(len(before), 1), "rate")
    assert (found.decision, found.estimate.low, found.p_value) == ("cannot_tell", None, None)
    assert found.estimate.note


def test_a_sample_without_a_score_on_one_side_is_left_out():
    found = compare([1.0, None, 0.0, 1.0], [1.0, 0.0, 0.0, None], ["a", "a", "b", "b"], "rate")
    assert (found.estimate.count, found.estimate.missing) == (2, 2)


def test_unequal_runs_are_refused():
    with pytest.raises(ValueError, match="give all of each"):
        compare([1.0], [1.0, 0.0], ["a"], "rate")
    with pytest.raises(ValueError, match="outside 0 to 1"):
        compare([math.nan], [1.0], ["a"], "rate")


def test_no_difference_is_seldom_called_one():
    chance, called = np.random.default_rng(3), 0
    for _ in range(300):
        own = chance.beta(0.8 * 9, 0.2 * 9, (2, 5))
        before, after = ((chance.random(50) < np.repeat(rates, 10)).astype(float).tolist() for rates in own)
        called += compare(before, after, _cases(5, 10), "rate").decision != "no_evidence"
    assert called / 300 <= 0.08


def test_holm_steps_down_and_never_orders_p_values_anew():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.02, None, 0.9]) == (0.04, None, 0.9)
    assert holm([]) == ()


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=8))
def test_holm_only_raises_and_keeps_the_order(p_values):
    adjusted = holm(p_values)
    known = sorted(
        (raw, new) for raw, new in zip(p_values, adjusted, strict=True) if raw is not None and new is not None
    )
    assert [new is None for new in adjusted] == [raw is None for raw in p_values]
    assert all(raw <= new <= 1 for raw, new in known)
    assert [new for _, new in known] == sorted(new for _, new in known)
