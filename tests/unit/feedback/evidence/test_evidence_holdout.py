"""Forecasts are measured by answers that only the case knows; each may differ from the reference's."""

from typing import Any

import pytest

from feedback.evidence.gather import case_faults
from feedback.evidence.holdout import measured
from feedback.reference import reference_plan
from services.contracts.case import AuthorCase, CallProbe, Holdout
from services.contracts.feedback import Verdict
from services.contracts.observation import CellOutcome, Observation, ProbeOutcome
from services.runner.sandbox.observe.values import observed

HOLDOUT = Holdout(answers=(2, 4.0, 6), within=1.5, slack=0.01)


@pytest.mark.parametrize(
    ("metric", "wanted"),
    [("mean_absolute_error", 1.0), ("root_mean_squared_error", (5 / 3) ** 0.5), ("error_rate", 2 / 3)],
)
def test_a_metric_is_that_of_any_row_of_forecasts(metric: Any, wanted: float, array: Any, series: Any) -> None:
    holdout = HOLDOUT.model_copy(update={"metric": metric})
    forecasts = [2.0, 6.0, 5.0]
    made = (observed(forecasts, 0), observed(tuple(forecasts), 0), array(forecasts), series(forecasts))
    for value in (*made, array(forecasts, shape=[3, 1])):
        assert measured(holdout, value) == pytest.approx(wanted)


@pytest.mark.parametrize(
    "forecasts",
    [[1.0, 2.0], [1.0, 2.0, float("nan")], [1.0, float("inf"), 2.0], 3.0, "abc", [[1], [2], [3]], {1: 2}, None],
)
def test_what_is_not_one_number_for_each_row_has_no_metric(forecasts: Any) -> None:
    assert measured(HOLDOUT, observed(forecasts, 0)) is None


def test_classes_are_measured_by_what_they_are() -> None:
    holdout = Holdout(answers=("a", "b", True, 1), metric="error_rate")
    assert measured(holdout, observed(["a", "a", True, 1.0], 0)) == 0.25


def test_forged_values_have_no_metric() -> None:
    for forged in ({"kind": "array", "shape": [3]}, {"kind": "list", "items": 5}, {"kind": "series", "values": None}):
        assert measured(HOLDOUT, forged) is None


@pytest.fixture
def forecasting(case: AuthorCase) -> AuthorCase:
    """Step 2 asks for forecasts of three rows, which are measured."""
    probe = CallProbe(call="double", args=([1, 2, 3],), holdout=HOLDOUT)
    second = case.subtasks[1].model_copy(
        update={
            "reference": {"id-answer-2": "def double(x):\n    return [2.1 * n for n in x]\nresult = 12"},
            "probes": (probe,),
            "checks": (),
        }
    )
    return case.model_copy(update={"subtasks": (case.subtasks[0], second)})


@pytest.mark.parametrize(
    ("factor", "verdict"),
    [(2.1, Verdict.APPROVED), (1.9, Verdict.APPROVED), (2.15, Verdict.APPROVED), (2.4, Verdict.NEEDS_WORK)],
)
def test_forecasts_that_are_good_enough_are_approved(
    desk: Any, forecasting: AuthorCase, factor: float, verdict: Verdict
) -> None:
    desk.case = forecasting
    judgement = desk.judge("step-2", answer_2=f"def double(x):\n    return [{factor} * n for n in x]\nresult = 12")
    assert judgement.verdict is verdict
    if verdict is Verdict.NEEDS_WORK:
        (finding,) = judgement.findings
        assert (finding.kind, finding.evidence[0].aspect, finding.place.line) == ("call", "metric", 2)
        assert "further from the truth" in finding.message


def test_the_answers_never_enter_the_sandbox(forecasting: AuthorCase) -> None:
    plan = reference_plan(forecasting, forecasting.subtasks[1], 0)
    (probe,) = [p for p in plan.request.probes if p.id == "call:0"]
    assert "holdout" not in probe.model_dump()
    assert "6" not in str(probe.args)


@pytest.mark.parametrize("value", [None, [1.0, 2.0]])
def test_a_reference_that_cannot_be_measured_is_the_cases_fault(forecasting: AuthorCase, value: Any) -> None:
    plan = reference_plan(forecasting, forecasting.subtasks[1], 0)
    answers = {p.id: ProbeOutcome(id=p.id, value=observed(12 if p.name else value, 0)) for p in plan.request.probes}
    cells = tuple(CellOutcome(id=cell.id, status="ok") for cell in plan.request.cells)
    reference = Observation(cells=cells, probes=tuple(answers.values()), complete=True)
    (fault,) = case_faults(plan.asked, reference)
    assert "3 forecasts to measure in the call 1 of double" in fault.evidence.fact
