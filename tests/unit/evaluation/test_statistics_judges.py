import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.statistics.agreement import agreement, krippendorff
from evaluation.statistics.corrected import corrected_share, labelled_share, transported_share

ANSWERS = st.sampled_from([True, False, None])
ROWS = st.lists(st.tuples(ANSWERS, ANSWERS, st.sampled_from("abcd")), max_size=30)


def _columns(rows):
    return ([row[part] for row in rows] for part in range(3))


def _sound(estimate):
    if estimate.low is None or estimate.high is None:
        assert estimate.low is estimate.high is None
        assert estimate.note
        return
    assert estimate.mean is not None
    assert 0 <= estimate.low <= estimate.mean <= estimate.high <= 1


@given(ROWS)
@settings(max_examples=120, deadline=None)
def test_whatever_judge_and_people_say_shares_are_numbers_or_none_with_a_note(rows):
    verdicts, labels, clusters = _columns(rows)
    found = corrected_share(verdicts, labels, clusters)
    for estimate in (found.estimate, found.labels_only, found.judge_only):
        _sound(estimate)


@given(ROWS, ROWS)
@settings(max_examples=120, deadline=None)
def test_whatever_is_known_of_a_judge_a_transported_share_is_numbers_or_none_with_a_note(rows, known):
    verdicts, _, clusters = _columns(rows)
    found = transported_share(verdicts, clusters, [(said, bool(true), cluster) for said, true, cluster in known])
    _sound(found.estimate)


@given(ROWS)
@settings(max_examples=120, deadline=None)
def test_whatever_judge_and_people_say_agreement_is_defined_or_none(rows):
    verdicts, labels, clusters = _columns(rows)
    found = agreement(verdicts, labels, clusters)
    for value in (found.kappa, found.alpha):
        assert value is None or -1 <= value <= 1
    labelled = sum(label is not None for label in labels)
    assert found.both_yes + found.both_no + found.only_judge + found.only_human + found.unread == labelled


def test_kappa_is_the_textbooks():
    # Fifty proposals, both read by two: 20 yes twice, 15 no twice, 5 and 10 differ; kappa 0.4.
    judge = [True] * 20 + [True] * 5 + [False] * 10 + [False] * 15
    human = [True] * 20 + [False] * 5 + [True] * 10 + [False] * 15
    found = agreement(judge, human, [str(number) for number in range(50)])
    assert found.kappa == pytest.approx(0.4)
    assert found.exact == pytest.approx(0.7)
    assert (found.sensitivity.mean, found.specificity.mean) == (pytest.approx(20 / 30), pytest.approx(15 / 20))


def test_alpha_is_krippendorffs_own_example():
    # Krippendorff 2011, «Computing Krippendorff's alpha-reliability», C: four observers, twelve units, nominal 0.743.
    observers = (
        (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
        (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
        (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
        (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
    )
    assert krippendorff(list(zip(*observers, strict=True))) == pytest.approx(0.743, abs=0.0005)


@pytest.mark.parametrize(("said", "word"), [(True, "yes"), (False, "no")])
def test_a_judge_that_always_says_the_same_is_told_from_a_good_one(said, word):
    human = [True] * 19 + [False]
    found = agreement([said] * 20, human, [str(number) for number in range(20)])
    assert found.kappa == pytest.approx(0)
    assert f"says {word} to everything" in found.note


def test_a_judge_that_cannot_be_read_is_counted_apart():
    found = agreement([None] * 4, [True, False, True, None], list("abcd"))
    assert (found.unread, found.exact, found.kappa) == (3, None, None)
    assert "no answer that could be read" in found.note


def test_without_labels_nothing_is_known():
    verdicts, clusters = [True, False] * 10, ["a", "b"] * 10
    assert "no labels" in agreement(verdicts, [None] * 20, clusters).note
    found = corrected_share(verdicts, [None] * 20, clusters)
    assert (found.estimate.mean, found.estimate.low, found.judge_only.mean) == (None, None, 0.5)
    assert found.estimate.note == "no labels"


@pytest.mark.parametrize("verdict", [True, False, None])
def test_a_judge_that_tells_nothing_leaves_the_labels_as_they_are(verdict):
    labels = [True, True, False, None] * 10
    found = labelled_share([verdict] * 40, labels, [str(number // 4) for number in range(40)])
    assert (found.estimate.mean, found.estimate.low, found.estimate.high) == (
        found.labels_only.mean,
        found.labels_only.low,
        found.labels_only.high,
    )
    assert "labels alone" in found.estimate.note


def test_rounding_puts_no_end_of_an_interval_beyond_its_mean():
    found = labelled_share([None, True, True], [None, False, False], ["b", "a", "a"]).estimate
    assert found.mean == 0
    assert found.low == 0


def test_labels_of_everything_are_the_share_itself():
    found = labelled_share([True, False] * 5, [True] * 8 + [False] * 2, list("abcdefghij"))
    assert (found.estimate.low, found.estimate.mean, found.estimate.high) == (0.8, 0.8, 0.8)


def test_a_good_judge_narrows_what_few_labels_say():
    chance = np.random.default_rng(5)
    true = (chance.random(600) < 0.7).tolist()
    verdicts = [bool(one) if chance.random() < 0.95 else not one for one in true]
    labels = [one if number % 6 == 0 else None for number, one in enumerate(true)]
    found = labelled_share(verdicts, labels, [str(number // 6) for number in range(600)])
    low, high = found.estimate.low, found.estimate.high
    assert low is not None
    assert high is not None
    assert low <= sum(true) / 600 <= high
    assert found.labels_only.low is not None
    assert found.labels_only.high is not None
    assert high - low < 0.6 * (found.labels_only.high - found.labels_only.low)


def _judge(people, chance):
    return [bool(chance.random() < (0.8 if one else 0.1)) for one in people]


def test_a_judge_of_known_errors_is_corrected_where_nothing_is_labelled():
    chance, held, means = np.random.default_rng(9), 0, []
    names = [str(number) for number in range(300)]
    for _ in range(150):
        people, others = chance.random(300) < 0.75, chance.random(300) < 0.4
        known = list(zip(_judge(others, chance), others.tolist(), names, strict=True))
        found = transported_share(_judge(people, chance), names, known).estimate
        assert found.mean is not None
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.75 <= found.high
        means.append(found.mean)
    assert np.mean(means) == pytest.approx(0.75, abs=0.02)
    assert 0.9 <= held / 150 <= 0.99


def test_a_judge_that_says_yes_as_often_to_what_is_not_valid_corrects_nothing():
    known = [(True, number % 2 == 0, str(number)) for number in range(40)]
    found = transported_share([True, False] * 10, [str(number) for number in range(20)], known)
    assert found.estimate.mean is None
    assert "as often to what is not valid" in found.estimate.note


def test_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="give all of each"):
        corrected_share([True], [True, False], ["a"])
    with pytest.raises(ValueError, match="give all of each"):
        agreement([True], [True, False], ["a"])
