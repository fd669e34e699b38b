"""The figures that `benchmarks.load` prints."""

import pytest

from benchmarks.harness import Report
from benchmarks.latencies import Kind, Latencies, cost, percentile


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([7.0], 50, 7.0),
        ([7.0], 99, 7.0),
        ([3.0, 1.0, 2.0], 50, 2.0),
        ([4.0, 3.0, 2.0, 1.0], 50, 2.0),
        ([float(n) for n in range(1, 101)], 95, 95.0),
        ([float(n) for n in range(1, 101)], 99, 99.0),
        ([float(n) for n in range(1, 11)], 99, 10.0),
        ([5.0, 1.0], 0, 1.0),
        ([5.0, 1.0], 100, 5.0),
    ],
)
def test_a_percentile_is_a_value_that_was_measured(values: list[float], share: float, expected: float) -> None:
    assert percentile(values, share) == expected


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 50)


def log(**taken: list[float]) -> Latencies:
    made = Latencies()
    for kind, values in taken.items():
        for value in values:
            made.took(Kind(kind), value)
    return made


def test_every_kind_has_its_percentiles_and_failures_are_an_error() -> None:
    made = log(check=[100.0, 300.0], save=[5.0])
    made.failed(Kind.CHECK, "busy")
    made.failed(Kind.CHECK, "busy")
    report = Report("load", quick=False)
    made.tell(report, "mtls_")
    assert [report.figures[f"mtls_check_p{share}"].value for share in (50, 95, 99)] == [100.0, 300.0, 300.0]
    assert report.figures["mtls_chat_p50"].value == 0
    errors = report.figures["mtls_errors"]
    assert (errors.value, errors.met) == (2, False)
    assert errors.note == "of 5 calls: 2 × check: busy"


def test_without_failures_the_target_is_met() -> None:
    report = Report("load", quick=False)
    log(save=[1.0]).tell(report, "")
    assert report.figures["errors"].met


def test_the_cost_is_that_of_the_same_mix_of_calls() -> None:
    # three saves and one check each: (3 × 11 + 1 × 100) / (3 × 10 + 1 × 100)
    secured, bare = log(save=[11.0] * 3, check=[100.0]), log(save=[10.0] * 3, check=[100.0])
    assert cost(secured, bare) == pytest.approx(133 / 130)


def test_what_only_one_of_them_was_asked_for_does_not_count() -> None:
    assert cost(log(save=[12.0], chat=[900.0]), log(save=[10.0])) == pytest.approx(1.2)
    with pytest.raises(ValueError, match="both"):
        cost(log(chat=[900.0]), log(save=[10.0]))
