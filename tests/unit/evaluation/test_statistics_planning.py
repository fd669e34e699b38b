import pytest

from evaluation.statistics.planning import samples_by_cases, samples_for_difference, samples_for_rate


def test_independent_samples_of_many_cases_need_what_the_textbook_says():
    # 1.96² · 0.5 · 0.5 / 0.05² = 384.1; Student's quantile of 999 degrees of freedom adds little.
    plan = samples_for_rate(0.5, 0.05, 1000, likeness=0)
    assert plan.samples == 1000
    assert samples_for_rate(0.5, 0.05, 200, likeness=0).samples == pytest.approx(384, abs=8)


def test_likeness_and_fewer_cases_ask_for_more_samples():
    alike, apart = (samples_for_rate(0.9, 0.05, 40, likeness=likeness) for likeness in (0.1, 0.0))
    fewer = samples_for_rate(0.9, 0.05, 25, likeness=0.1)
    assert apart.samples is not None
    assert alike.samples is not None
    assert fewer.samples is not None
    assert apart.samples < alike.samples < fewer.samples


def test_where_cases_are_too_few_no_number_of_samples_helps_and_the_number_of_cases_is_named():
    plan = samples_for_rate(0.9, 0.05, 3)
    assert plan.samples is None
    assert str(plan.least_cases) in plan.note
    assert samples_for_rate(0.9, 0.05, plan.least_cases).samples is not None


def test_scores_of_0_and_1_are_planned_by_the_interval_that_they_get():
    # Independent samples: the textbook's 384, and a little more for what is not known of likeness.
    assert samples_by_cases(0.5, 0.05, 200, likeness=0).samples == pytest.approx(400, abs=60)
    alike, apart = (samples_by_cases(0.9, 0.05, 30, likeness=likeness).samples for likeness in (0.1, 0.0))
    assert apart is not None
    assert alike is not None
    assert 100 < apart < alike
    few = samples_by_cases(1.0, 0.05, 3)
    assert few.samples is None
    assert samples_by_cases(1.0, 0.05, few.least_cases).samples is not None


def test_a_smaller_effect_and_more_power_ask_for_more_samples():
    usual = samples_for_difference(0.2, 0.1, 30, likeness=0.02)
    smaller = samples_for_difference(0.2, 0.08, 30, likeness=0.02)
    surer = samples_for_difference(0.2, 0.1, 30, power=0.9, likeness=0.02)
    assert usual.samples is not None
    assert smaller.samples is not None
    assert surer.samples is not None
    assert usual.samples < smaller.samples
    assert usual.samples < surer.samples


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: samples_for_rate(1.5, 0.1, 3), "a share lies"),
        (lambda: samples_for_rate(0.5, 0.0, 3), "lies above 0"),
        (lambda: samples_for_rate(0.5, 0.1, 1), "two cases"),
        (lambda: samples_for_rate(0.5, 0.1, 3, likeness=1), "likeness"),
        (lambda: samples_for_difference(0.1, 0.2, 3), "as large a share"),
        (lambda: samples_for_difference(0.3, 0.2, 3, power=1), "power"),
    ],
)
def test_what_cannot_be_is_refused_in_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()
