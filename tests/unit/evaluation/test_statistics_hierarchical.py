import numpy as np
import pytest
from scipy import stats

from evaluation.statistics.clustered import Grouped
from evaluation.statistics.hierarchical import rate_interval
from evaluation.statistics.likeness import LIKENESSES, plausible


def _suite(right, size):
    """Zeros and ones of as many cases as `right` has, `size` samples each."""
    values = np.array([float(number < hits) for hits in right for number in range(size)])
    return Grouped.of(values, [f"case-{case}" for case in range(len(right)) for _ in range(size)])


@pytest.mark.parametrize(("right", "count"), [(0, 20), (5, 20), (20, 20), (9_990, 10_000)])
def test_samples_that_are_cases_of_their_own_have_jeffreys_interval(right, count):
    found = rate_interval(_suite([right], count).apart, 0.95)
    assert found == pytest.approx(stats.beta(right + 0.5, count - right + 0.5).ppf([0.025, 0.975]), abs=2e-4)


def test_failures_are_successes_the_other_way_round():
    low, high = rate_interval(_suite([9, 7, 10, 4], 10), 0.95)
    other_low, other_high = rate_interval(_suite([1, 3, 0, 6], 10), 0.95)
    assert (low, high) == pytest.approx((1 - other_high, 1 - other_low), abs=1e-9)


def test_cases_that_differ_tell_less_than_cases_that_are_alike():
    apart, alike = (rate_interval(_suite(right, 10), 0.95) for right in ([10, 2, 9, 3], [6, 6, 6, 6]))
    assert apart[1] - apart[0] > 1.5 * (alike[1] - alike[0])


def test_all_right_in_few_cases_is_no_certainty_and_more_cases_make_it_surer():
    few, many = (rate_interval(_suite([10] * cases, 10), 0.95)[0] for cases in (3, 30))
    assert 0.6 < few < 0.8
    assert many > 0.95


def test_cases_that_differ_make_large_likenesses_plausible_and_equal_ones_make_small_ones():
    apart, alike = (plausible(_suite(right, 20)) @ LIKENESSES for right in ([20, 2, 18, 1], [10, 11, 10, 11]))
    assert alike < 0.1 < 0.4 < apart


def test_a_sample_a_case_tells_nothing_of_likeness():
    weights = plausible(_suite([1, 0, 1, 1], 1))
    assert weights == pytest.approx(np.full(len(LIKENESSES), 1 / len(LIKENESSES)))
