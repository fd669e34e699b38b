"""`caseloop eval judge` as somebody would use it: judge, label, calibrate, and all that can go wrong on the way."""

import json
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from evaluation.bench import CannotEvaluate
from evaluation.cli import build_eval_app
from evaluation.desk import EvalDesk
from evaluation.judge.labels import read_labels
from evaluation.runs.store import RunStore
from tests.unit.evaluation.judge.judge_bench import feedback, result, run_of

Ask = Callable[..., Result]


@asynccontextmanager
async def no_bench(cases: tuple[str, ...], with_model: bool) -> Any:
    raise CannotEvaluate(f"There is no folder {cases[0]!r} and no published case of that name.")
    yield


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """The command line over a home with one run; the model says what its script says."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    desk = EvalDesk(no_bench, lambda: home, lambda: tmp_path)
    RunStore(home / "evaluations").save(
        run_of(*(result(f"mean/{n}", f"mean = {n}", feedback(f"It is {n}. \x1b[31mred")) for n in range(4)))
    )
    script = tmp_path / "script.toml"
    script.write_text(
        '[answers]\njudge = [{document = {reasons = "Line 1.", answer = "yes"}}, "I am sorry, I cannot help."]\n'
    )
    monkeypatch.setenv("CASELOOP_MODEL_KIND", "scripted")
    monkeypatch.setenv("CASELOOP_MODEL_SCRIPT", str(script))
    monkeypatch.setenv("COLUMNS", "220")

    def asked(*arguments: str, answers: str = "") -> Result:
        return CliRunner().invoke(build_eval_app(desk), ["judge", *arguments], input=answers)

    return asked


def test_a_run_is_judged_and_what_the_judge_is_worth_is_said(ask: Ask, tmp_path: Path) -> None:
    done = ask("run", "numbers-1")
    assert done.exit_code == 0, done.output
    assert "Second opinions go without the authors' code" in done.output
    assert "! The judge refused to judge in" in done.stdout
    run = RunStore(tmp_path / "home" / "evaluations").open("numbers-1")
    assert "judge-tone" in {score.name for score in run.results[0].scores}
    assert (tmp_path / "home" / "evaluations" / "numbers-1" / "judge-exchanges.jsonl").exists()


def test_how_often_the_judge_flips_is_said_where_it_was_asked_more_than_once(ask: Ask, tmp_path: Path) -> None:
    answer = '{document = {reasons = "Line 1.", answer = "yes"}}'
    (tmp_path / "script.toml").write_text(f"[answers]\njudge = [{answer}]\n")
    assert "Flip rate: cannot tell" in ask("run", "numbers-1").stdout
    again = ask("run", "numbers-1", "--repeats", "3")
    assert again.exit_code == 0, again.output
    assert "each asked 3 times in each order" in again.stdout
    assert "flips" in ask("calibrate", "numbers-1").stdout


def test_labels_flow_back_into_the_next_calibration(ask: Ask, tmp_path: Path) -> None:
    ask("run", "numbers-1")
    before = ask("calibrate", "numbers-1")
    labelled = ask("label", "numbers-1", "--by", "eva", "--count", "5", answers="y\nmaybe\nn\ns\nc\nq\n")
    after = ask("calibrate", "numbers-1")
    labels = read_labels(tmp_path / "home" / "labels.jsonl")
    assert [before.exit_code, labelled.exit_code, after.exit_code] == [0, 0, 0], labelled.output
    assert [label.answer for label in labels] == ["yes", "no", "cannot_tell"]
    assert {label.by for label in labels} == {"eva"}
    assert "3 labels added" in labelled.stdout
    assert "no labels" in before.stdout
    assert before.stdout != after.stdout
    listed = (tmp_path / "home" / "evaluations" / "numbers-1" / "to-label.jsonl").read_text().splitlines()
    assert {json.loads(line)["item"] for line in listed}.isdisjoint(
        {label.item for label in labels if label.drawn == "at_random"}
    )


def test_whoever_labels_does_not_see_what_the_judge_said_and_no_control_character(ask: Ask) -> None:
    ask("run", "numbers-1")
    labelled = ask("label", "numbers-1", "--count", "3", answers="s\ns\ns\n")
    assert "Line 1." not in labelled.stdout
    assert "\x1b" not in labelled.stdout
    assert "mean = " in labelled.stdout


def test_labels_of_another_file_count_too(ask: Ask, tmp_path: Path) -> None:
    ask("run", "numbers-1")
    ask("label", "numbers-1", "--count", "4", answers="y\nn\ny\nn\n")
    elsewhere = (tmp_path / "home" / "labels.jsonl").rename(tmp_path / "elsewhere.jsonl")
    assert "0 items where" in ask("calibrate", "numbers-1").stdout
    with_them = ask("calibrate", "numbers-1", str(elsewhere))
    assert with_them.exit_code == 0
    assert "drawn at random, which is little" in with_them.stdout, with_them.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "no-such-run"), "There is no run 'no-such-run'"),
        (("calibrate", "numbers-1"), "No judge has seen the run numbers-1 yet"),
        (("label", "numbers-1"), "No judge has seen the run numbers-1 yet"),
    ],
)
def test_what_cannot_be_done_is_said_with_status_2(ask: Ask, arguments: tuple[str, ...], said: str) -> None:
    done = ask(*arguments)
    assert done.exit_code == 2
    assert said in done.stderr


def test_without_a_model_it_is_said_how_to_connect_one(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASELOOP_MODEL_KIND", "none")
    done = ask("run", "numbers-1")
    assert (done.exit_code, "connect-a-model.md" in done.stderr) == (2, True)


def test_a_wrong_line_of_labels_is_named(ask: Ask, tmp_path: Path) -> None:
    ask("run", "numbers-1")
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text('{"item": 3}\n')
    done = ask("calibrate", "numbers-1", str(wrong))
    assert done.exit_code == 2
    assert "wrong.jsonl, line 1: item" in done.stderr
