import pytest

from evaluation.gate import Outcome, decide
from evaluation.report.comparison import compare_runs
from evaluation.runs.result import EvalRun, SampleResult
from services.contracts.finding import Evidence
from tests.unit.evaluation.made_runs import CASES, feedback, graded, result, run, sample


def many(*replaced: SampleResult) -> list[SampleResult]:
    """Thirty right answers in three cases; some in place of those of the same id."""
    results = {f"{case}/{n}": result(sample(f"{case}/{n}", case), feedback()) for case in CASES for n in range(10)}
    return list((results | {one.sample.id: one for one in replaced}).values())


def gate(before: list[SampleResult] | EvalRun, after: list[SampleResult] | EvalRun, allowed: int = 0):
    runs = [one if isinstance(one, EvalRun) else run(one) for one in (before, after)]
    return decide(compare_runs(*runs), allowed)


def test_the_same_answers_pass_even_where_statistics_have_nothing_to_say() -> None:
    alone = [result(sample("a"), feedback())]
    assert gate(alone, alone).outcome is Outcome.FINE
    assert gate(alone, alone).reasons == ("nothing changed in 1 sample",)


def test_one_verdict_that_was_right_and_is_wrong_now_is_enough() -> None:
    broken = result(sample(f"{CASES[1]}/3", CASES[1]), feedback("needs_work"))
    answer = gate(many(), many(broken))
    assert answer.outcome is Outcome.WORSE
    assert answer.reasons[0] == "the expected verdict is lost in 1 sample: leaky-churn/3"
    assert gate(many(), many(broken), allowed=1).outcome is Outcome.FINE


def test_a_verdict_that_becomes_right_passes() -> None:
    before = many(result(sample(f"{CASES[1]}/3", CASES[1]), feedback("needs_work")))
    answer = gate(before, many())
    assert answer.outcome is Outcome.FINE
    assert "no metric became worse" in answer.reasons[0]


def test_a_metric_that_fell_beyond_chance_fails_and_says_by_how_much() -> None:
    answer = gate(graded([12, 12, 11]), graded([5, 4, 4]))
    assert answer.outcome is Outcome.WORSE
    assert answer.reasons[0].startswith("problems became worse: −61.1 points (")
    assert gate(graded([5, 4, 4]), graded([12, 12, 11])).reasons[0].startswith("problems became better: +61.1 points")


def test_the_solution_shown_once_fails_whatever_the_rate_says() -> None:
    shown = sample(f"{CASES[0]}/0")
    before = many(result(shown, feedback(), {"no-leak": 1.0}))
    after = many(result(shown, feedback(), {"no-leak": 0.0}))
    answer = gate(before, after)
    assert answer.outcome is Outcome.WORSE
    assert answer.reasons == ("no-leak became worse in 1 sample, and one is too many: clean-regression/0",)


def test_an_answer_that_is_gone_is_neither_fine_nor_worse() -> None:
    gone = result(sample(f"{CASES[0]}/0"), None)
    answer = gate(many(), many(gone))
    assert answer.outcome is Outcome.CANNOT_TELL
    assert answer.reasons == ("cannot tell: 1 sample has no answer any more: clean-regression/0",)
    assert gate(many(gone), many(gone)).outcome is Outcome.FINE


def test_too_few_answers_on_both_sides_cannot_be_compared() -> None:
    gone = [result(sample(f"{case}/0", case), None) for case in CASES]
    answer = gate(many(*gone), many(*gone))
    assert answer.outcome is Outcome.CANNOT_TELL
    assert "3 of 30 samples had no answer" in answer.reasons[0]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], []),
        ([result(sample("a"), feedback())], [result(sample("b"), feedback())]),
        (
            [result(sample("a", expected=None), feedback(), {})],
            [result(sample("a", expected=None), feedback("needs_work"), {})],
        ),
        (
            [result(sample("a", expected=None), feedback(), {"brevity": 1.0})],
            [result(sample("a", expected=None), feedback("needs_work"), {"brevity": 0.0})],
        ),
    ],
    ids=["empty", "nothing in common", "no score", "a suite of one"],
)
def test_where_nothing_can_be_told_the_gate_says_so(before: list[SampleResult], after: list[SampleResult]) -> None:
    answer = gate(before, after)
    assert answer.outcome is Outcome.CANNOT_TELL
    assert answer.reasons[0].startswith("cannot tell: ")


def test_a_suite_that_shrank_is_named() -> None:
    answer = gate(many(), many()[1:])
    assert answer.outcome is Outcome.FINE
    assert answer.reasons[0] == (
        "the suite has changed: 1 sample of the accepted run cannot be compared: clean-regression/0"
    )


def late(name: str, case: str, expected: str) -> SampleResult:
    said = feedback("needs_work")
    evidence = Evidence(kind="incomplete", subject="time", fact="the run was lost after the last cell: time")
    finding = said.findings[0].model_copy(update={"evidence": (evidence,)})
    return result(sample(name, case, expected), said.model_copy(update={"findings": (finding,)}))


def test_code_that_ran_out_of_time_on_a_busy_machine_proves_nothing() -> None:
    answer = gate(many(), many(late("bakery/3", "bakery", "approved")))
    assert answer.outcome is Outcome.CANNOT_TELL
    assert "the time was up in 1 sample that had enough of it before (bakery/3)" in answer.reasons[0]
    assert gate(many(late("bakery/3", "bakery", "approved")), many()).outcome is Outcome.FINE


def test_code_that_never_ends_is_compared_like_any_other() -> None:
    endless = late("bakery/3", "bakery", "needs_work")
    assert gate(many(endless), many(endless)).reasons == ("nothing changed in 30 samples",)
    released = result(sample("bakery/3", "bakery", "needs_work"), feedback())
    assert gate(many(endless), many(released)).outcome is Outcome.FINE
