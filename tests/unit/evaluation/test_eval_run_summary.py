import io
from pathlib import Path

from rich.console import Console

from evaluation.runs.result import EvalRun
from evaluation.runs.summary import print_summary
from evaluation.settings import EvaluationSettings
from evaluation.statistics.intervals import interval
from tests.unit.evaluation.made_runs import feedback, graded, result, run, sample


def _printed(of: EvalRun) -> str:
    screen = io.StringIO()
    print_summary(of, Path("runs"), EvaluationSettings(), Console(file=screen, width=160))
    return screen.getvalue()


def test_every_mean_has_its_interval_and_few_cases_are_said() -> None:
    of = graded([12, 11, 9])
    said = _printed(of)
    ends = interval([one.scores[0].value for one in of.results], [one.sample.case for one in of.results], "rate")
    assert "0.889" in said
    assert f"{ends.low:.3f} to {ends.high:.3f}" in said
    assert "Intervals rest on 3 cases" in said
    assert "Intervals rest" not in _printed(graded([9] * 6, cases=[f"case-{number}" for number in range(6)]))


def test_a_contaminated_sample_is_in_no_figure_and_is_said() -> None:
    sound = [result(sample(f"right/{number}"), feedback("approved")) for number in range(4)]
    given = result(sample("wrong"), feedback("needs_work"), contaminated="the prompt holds it")
    said = _printed(run([*sound, given]))
    assert "1.000" in said
    assert "1 of them prove nothing" in said


def test_a_run_without_any_score_cannot_tell_and_does_not_break() -> None:
    assert "the sandbox did not start" in _printed(run([result(sample("a"), None)]))
