import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.statistics.clustered import Grouped, spread
from evaluation.statistics.intervals import interval, student, wilson
from evaluation.statistics.zoib import Inflated

SCORES = st.one_of(st.sampled_from([0.0, 1.0, 0.5]), st.floats(0, 1), st.none())
SUITES = st.lists(st.tuples(SCORES, st.sampled_from("abcde")), max_size=30)


def _cases(count, each):
    return [f"case-{number}" for number in range(count) for _ in range(each)]


@given(SUITES, st.sampled_from(["rate", "share"]))
@settings(max_examples=120, deadline=None)
def test_whatever_the_scores_an_interval_is_numbers_around_its_mean_or_none_with_a_note(suite, kind):
    found = interval([score for score, _ in suite], [case for _, case in suite], kind)
    assert found.count + found.missing == len(suite)
    assert (found.mean is None) == (found.count == 0)
    if found.low is None or found.high is None:
        assert found.low is found.high is None
        assert found.note
        return
    assert found.mean is not None
    assert 0 <= found.low <= found.mean <= found.high <= 1


def test_none_is_left_out_and_never_counted_as_zero():
    found = interval([1.0, None, 1.0, 0.0], ["a", "a", "b", "c"], "rate")
    assert (found.mean, found.count, found.missing) == (pytest.approx(2 / 3), 3, 1)


def test_one_sample_has_a_mean_and_no_interval():
    found = interval([1.0], ["a"], "rate")
    assert (found.mean, found.low, found.high) == (1.0, None, None)
    assert "single sample" in found.note


def test_one_case_is_estimated_for_itself_and_says_so():
    found = interval([1.0, 0.0] * 20, ["a"] * 40, "rate")
    assert found.low == pytest.approx(0.35, abs=0.02)
    assert "nothing of other cases" in found.note


def test_equal_scores_at_the_edge_rest_on_their_number():
    few, many = (interval([1.0] * 10 * each, _cases(10, each), "rate") for each in (1, 20))
    assert few.low is not None
    assert many.low is not None
    assert few.high == many.high == 1.0
    assert few.low < many.low < 1
    assert "every sample scored 1" in many.note


@pytest.mark.parametrize("score", [0.1, 0.3, 0.5])
def test_equal_scores_between_the_edges_tell_nothing_of_others(score):
    found = interval([score] * 30, _cases(3, 10), "share")
    assert found.mean == pytest.approx(score)
    assert found.low is found.high is None


def test_more_samples_of_the_same_cases_do_not_narrow_what_cases_disagree_in():
    few = interval([0.0] * 5 + [1.0] * 5 + [0.0] * 5 + [1.0] * 5, _cases(4, 5), "rate")
    many = interval([0.0] * 50 + [1.0] * 50 + [0.0] * 50 + [1.0] * 50, _cases(4, 50), "rate")
    assert few.low is not None
    assert few.high is not None
    assert many.low is not None
    assert many.high is not None
    assert many.high - many.low == pytest.approx(few.high - few.low, rel=0.1)


def test_cases_whose_means_are_equal_still_leave_doubt():
    found = interval([0.0, 1.0] * 15, _cases(3, 10), "rate")
    assert found.low is not None
    assert found.low < 0.45


@pytest.mark.parametrize("kind", ["rate", "share"])
def test_equal_arguments_give_equal_intervals(kind):
    scores, cases = [0.0, 0.2, 0.9, 1.0, 1.0, 0.7] * 5, _cases(6, 5)
    assert interval(scores, cases, kind) == interval(scores, cases, kind)


def test_a_wider_level_gives_a_wider_interval():
    scores, cases = [0.0, 1.0, 1.0, 1.0, 0.4] * 8, _cases(8, 5)
    narrow, wide = (interval(scores, cases, "share", level=level) for level in (0.8, 0.99))
    assert wide.low is not None
    assert narrow.low is not None
    assert wide.low < narrow.low


def test_scores_out_of_range_and_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="outside 0 to 1"):
        interval([1.2], ["a"], "rate")
    with pytest.raises(ValueError, match="outside 0 to 1"):
        interval([math.nan], ["a"], "rate")
    with pytest.raises(ValueError, match="give the case of each value"):
        interval([1.0], [], "rate")


def test_wilson_is_the_textbooks():
    # 81 of 263: Newcombe 1998, table I, method 3.
    low, high = wilson(81 / 263, 263, student(math.inf, 0.95))
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)


def test_clusters_of_one_size_have_the_variance_and_freedom_of_their_means():
    values = np.array([0.1, 0.3, 0.2, 0.9, 0.8, 0.7, 0.4, 0.4, 0.4, 0.0, 1.0, 0.5])
    found = spread(Grouped.of(values, _cases(4, 3)))
    means = values.reshape(4, 3).mean(axis=1)
    assert found.variance == pytest.approx(means.var(ddof=1) / 4)
    assert found.freedom == pytest.approx(3)


def test_clusters_of_unequal_size_have_fewer_degrees_of_freedom():
    values = np.array([0.1, 0.3, 0.2, 0.9, 0.8, 0.7, 0.4, 0.4, 0.4, 0.0, 1.0, 0.5])
    found = spread(Grouped.of(values, ["a"] * 9 + ["b", "c", "d"]))
    assert 1 <= found.freedom < 2.5


def test_the_inflated_beta_keeps_its_masses_and_its_mean():
    values = np.array([0.0] * 20 + [1.0] * 30 + [0.2, 0.4, 0.6, 0.3, 0.5] * 10)
    fitted = Inflated.of(values)
    drawn = fitted.draw(Grouped.of(values, _cases(10, 10)), np.full(200, 0.1), np.random.default_rng(1))
    assert (drawn == 0).mean() == pytest.approx(0.2, abs=0.02)
    assert (drawn == 1).mean() == pytest.approx(0.3, abs=0.02)
    assert fitted.mean == pytest.approx(values.mean(), abs=0.002)


def test_intervals_of_few_alike_cases_hold_the_truth_as_often_as_they_say():
    chance, held = np.random.default_rng(7), 0
    for _ in range(400):
        own = chance.beta(0.7 * 9, 0.3 * 9, 3)
        found = interval([float(chance.random() < own[number // 12]) for number in range(36)], _cases(3, 12), "rate")
        held += found.low is not None and found.high is not None and found.low <= 0.7 <= found.high
    assert 0.92 <= held / 400 <= 0.985
