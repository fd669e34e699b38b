"""`compare`, `report` and `accept` on runs that are kept; what `gate` says before anything is answered."""

import json
import stat
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from evaluation.bench import Bench
from evaluation.cli import build_eval_app
from evaluation.desk import EvalDesk
from evaluation.runs.result import EvalRun
from evaluation.serving.kept_comparisons import kept_comparison
from tests.unit.evaluation.made_runs import CASES, feedback, graded, result, run, sample

Invoke = Callable[..., Result]


def no_bench(cases: Iterable[str], with_model: bool) -> AbstractAsyncContextManager[Bench]:
    raise AssertionError("nothing is answered here")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    return home


@pytest.fixture
def desk(home: Path) -> EvalDesk:
    return EvalDesk(no_bench, lambda: home, lambda: home)


@pytest.fixture
def invoke(desk: EvalDesk) -> Invoke:
    app: typer.Typer = build_eval_app(desk)
    return lambda *arguments: CliRunner().invoke(app, list(arguments), env={"COLUMNS": "160"})


def two(desk: EvalDesk, before: EvalRun, after: EvalRun) -> None:
    for one in (before, after):
        desk.runs.save(one)


def test_two_runs_are_compared_in_figures_and_words(desk: EvalDesk, invoke: Invoke) -> None:
    two(desk, graded([12, 12, 11], name="old"), graded([5, 4, 4], name="new"))
    said = invoke("compare", "old", "new")
    assert said.exit_code == 0
    assert "−61.1" in said.stdout
    assert "Gate: worse" in said.stdout
    assert "Verdicts changed: 0 of 36, 0%" in said.stdout
    for_the_pages = kept_comparison(desk.runs.folder("old"), desk.runs.folder("new"))
    assert for_the_pages is not None
    assert for_the_pages.comparison.outcome == "worse"


def test_a_run_that_does_not_exist_is_named_with_those_that_do(desk: EvalDesk, invoke: Invoke) -> None:
    desk.runs.save(run([], "old"))
    for arguments in (("compare", "old", "gone"), ("report", "gone"), ("accept", "gone"), ("report", "../old")):
        said = invoke(*arguments)
        assert said.exit_code == 2
        assert "no run 'gone'" in said.stderr or "no name of a run" in said.stderr
    assert "The newest are: old." in invoke("report", "gone").stderr


def test_the_report_lies_beside_the_run_for_its_owner_alone(desk: EvalDesk, invoke: Invoke, tmp_path: Path) -> None:
    two(desk, graded([12, 12, 11], name="old"), graded([5, 4, 4], name="new"))
    assert invoke("report", "new", "--against", "old").exit_code == 0
    page = desk.runs.folder("new") / "report.html"
    assert "It got worse" in page.read_text()
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert invoke("report", "old", "--out", str(tmp_path / "mine.html")).exit_code == 0
    assert "How good the feedback is" in (tmp_path / "mine.html").read_text()
    assert not (desk.runs.folder("old") / "report.html").exists()


def test_the_gate_asks_for_an_accepted_run_before_it_answers_anything(
    desk: EvalDesk, invoke: Invoke, tmp_path: Path
) -> None:
    said = invoke("gate", str(tmp_path))
    assert said.exit_code == 2
    assert "is accepted yet" in said.stderr
    assert "caseloop eval accept RUN" in said.stderr


def test_the_last_acceptance_holds_and_all_are_kept(desk: EvalDesk, invoke: Invoke) -> None:
    two(desk, run([result(sample("a"), feedback())], "old"), run([result(sample("a"), feedback())], "new"))
    assert [invoke("accept", name).exit_code for name in ("old", "new")] == [0, 0]
    kept = json.loads((desk.runs.path / "accepted.json").read_text())
    assert [one["run"] for one in kept["shipped"]] == ["old", "new"]


def test_a_run_that_proves_nothing_is_not_accepted(desk: EvalDesk, invoke: Invoke) -> None:
    stopped = run([result(sample("a"), feedback())], "stopped").model_copy(update={"ended": None})
    two(desk, stopped, run([result(sample("a", CASES[1], None), feedback(), {})], "unscored"))
    for name, why in (("stopped", "was interrupted"), ("unscored", "no score at all")):
        said = invoke("accept", name)
        assert said.exit_code == 2
        assert why in said.stderr
    assert not (desk.runs.path / "accepted.json").exists()


def test_a_damaged_file_of_acceptances_is_no_acceptance(desk: EvalDesk, invoke: Invoke) -> None:
    desk.runs.save(run([result(sample("a"), feedback())], "old"))
    (desk.runs.path / "accepted.json").write_text("[]")
    said = invoke("accept", "old")
    assert said.exit_code == 2
    assert "accepted.json cannot be read" in said.stderr
    assert (desk.runs.path / "accepted.json").read_text() == "[]"


def test_how_large_a_suite_has_to_be_is_told_by_what_a_run_shows(desk: EvalDesk, invoke: Invoke) -> None:
    many_cases = [f"case-{number}" for number in range(40)]
    two(desk, graded([12, 11, 9], name="few"), graded([10] * 40, cases=many_cases, name="many"))
    few, many = invoke("plan", "few"), invoke("plan", "many")
    assert (few.exit_code, many.exit_code) == (0, 0)
    assert "cases or more" in few.stdout
    assert "samples of 40 cases" in many.stdout
    assert "cases or more" not in many.stdout


def test_an_aim_that_cannot_be_and_a_run_of_one_case_are_no_plan(desk: EvalDesk, invoke: Invoke) -> None:
    two(desk, graded([12, 11, 9], name="few"), graded([9], name="one", cases=CASES[:1]))
    impossible, single = invoke("plan", "few", "--fall", "0.3", "--changed", "0.1"), invoke("plan", "one")
    assert (impossible.exit_code, single.exit_code) == (2, 2)
    assert "at least as large a share of changed samples" in impossible.stderr
    assert "how cases differ cannot be told" in single.stderr
