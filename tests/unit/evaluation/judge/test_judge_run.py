"""A whole run judged: scores beside the others, all of it kept, gone on with after a crash, and told in plain words."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from evaluation.judge.health import JudgeReport
from evaluation.judge.judge import Judge
from evaluation.judge.judging import judge_run
from evaluation.judge.opinion import Opinion
from evaluation.judge.record import EXCHANGES, OPINIONS, SUMMARY, JudgeRecord, RecordInUse
from evaluation.runs.result import EvalRun, SampleResult
from feedback.model.adapters.default_script import default_answer
from feedback.model.adapters.script import HANG, Answer, Script
from feedback.model.adapters.scripted import ScriptedModel
from feedback.model.port import ModelRequest, ModelTimedOut
from feedback.model.settings import ModelSettings
from feedback.model.steady import Steady
from services.contracts.model import WireModel
from tests.unit.evaluation.judge.judge_bench import Heard, by_order, feedback, result, run_of, says

TEN = run_of(*(result(f"mean/{n}", f"mean = {n}") for n in range(10)))
QUICK = ModelSettings(attempts=1, first_token_limit=0.05, time_limit=0.1, breaker_failures=1_000)


def sensible(request: ModelRequest) -> str:
    """A judge that has reasons of its own for everything."""
    question = request.messages[2].content
    good = "yes" if any(word in question for word in ("aware", "polite", "follows", "better")) else "no"
    return says(good, f"Seen in {hash(request.messages[1].content)}.")  # type: ignore[arg-type]


async def judged(folder: Path, run: EvalRun, answers: Sequence[Answer], **more: int) -> tuple[EvalRun, JudgeReport]:
    with JudgeRecord(folder) as record:
        return await judge_run(run, Heard(*answers).judge, record, **more)


async def test_scores_stand_beside_those_of_other_scorers(tmp_path: Path) -> None:
    run, report = await judged(tmp_path, TEN, [sensible], at_once=4)
    assert [score.name for score in run.results[3].scores] == [
        "verdict",
        "judge-problem-said",
        "judge-untrue",
        "judge-consequence",
        "judge-gives-away",
        "judge-helpful",
        "judge-tone",
    ]
    assert {score.value for one in run.results for score in one.scores} == {1.0}
    assert report.notes == ()
    assert report.outcomes == {"answered": 180}
    assert report.completion_tokens > 180
    assert JudgeReport.model_validate_json((tmp_path / SUMMARY).read_bytes()) == report


async def test_judging_again_replaces_scores_and_asks_nothing_twice(tmp_path: Path) -> None:
    run, report = await judged(tmp_path, TEN, [sensible])
    heard = Heard(sensible)
    with JudgeRecord(tmp_path) as record:
        again, told = await judge_run(run, heard.judge, record)
    assert (again, heard.requests) == (run, [])
    assert told.questions == report.questions


async def test_what_was_not_answered_is_asked_again(tmp_path: Path) -> None:
    run, _ = await judged(tmp_path, TEN, [ModelTimedOut("nothing came")])
    assert {score.value for one in run.results for score in one.scores if score.name != "verdict"} == {None}
    run, report = await judged(tmp_path, run, [sensible])
    assert {score.value for one in run.results for score in one.scores} == {1.0}
    assert report.outcomes == {"answered": 180}


async def test_an_interrupted_judging_goes_on_where_it_stopped(tmp_path: Path) -> None:
    seen: list[Opinion] = []
    with JudgeRecord(tmp_path) as record:
        task = asyncio.create_task(judge_run(TEN, Heard(sensible).judge, record, judged=seen.append))
        while len(seen) < 7:
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    kept = len(JudgeRecord(tmp_path).opinions())
    assert 7 <= kept < 60
    with (tmp_path / OPINIONS).open("ab") as file:
        file.write(b'{"item": "cut sho')
    heard = Heard(sensible)
    with JudgeRecord(tmp_path) as record:
        await judge_run(TEN, heard.judge, record)
    items = {one.item for one in JudgeRecord(tmp_path).opinions()}
    assert len(items) == 60
    assert len(heard.requests) == sum(2 + 2 * (one.informed is not None) for one in _late(tmp_path, kept))


def _late(folder: Path, kept: int) -> list[Opinion]:
    return JudgeRecord(folder).opinions()[kept:]


async def test_equal_feedback_to_equal_code_is_judged_once(tmp_path: Path) -> None:
    heard = Heard(sensible)
    with JudgeRecord(tmp_path) as record:
        run, report = await judge_run(run_of(result("a"), result("b")), heard.judge, record, at_once=8)
    assert len(heard.requests) == 18
    assert run.results[0].scores == run.results[1].scores
    assert report.questions[0].items == 2


async def test_the_record_is_private_and_has_one_writer(tmp_path: Path) -> None:
    await judged(tmp_path, TEN, [sensible])
    for name in (EXCHANGES, OPINIONS, SUMMARY):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
    with JudgeRecord(tmp_path), pytest.raises(RecordInUse, match="wait"), JudgeRecord(tmp_path):
        pass


async def test_a_sample_without_an_answer_is_left_alone(tmp_path: Path) -> None:
    broken = SampleResult(sample=result("a").sample, answer=None, problem="the runner is away")
    run, report = await judged(tmp_path, run_of(broken), [sensible])
    assert run == run_of(broken)
    assert report.notes == ("The judge was asked nothing: there is no answer to judge.",)


@pytest.mark.parametrize(
    ("answers", "note"),
    [
        ((says("yes"),), "The judge answered «yes» to 60 of 60 questions, whatever was asked"),
        ((says("no"),), "The judge answered «no» to 60 of 60 questions, whatever was asked"),
        ((says("no"),), "The judge gave 1 different reason for 60 items: it writes the same whatever it reads."),
        (("I'm sorry, I cannot help with that.",), "The judge refused to judge in all 120 requests."),
        (("The weather is nice.",), "all 120 answers of the judge could not be read"),
        ((ModelTimedOut("late"),), "The judge did not answer in time in all 120 requests"),
        ((by_order("yes", "no"),), "In 60 of 60 items the judge's answer turned with the order"),
        ((says("cannot_tell"),), "The judge has decided nothing at all"),
    ],
)
async def test_a_judge_that_is_none_is_said_in_plain_words(
    tmp_path: Path, answers: tuple[Answer, ...], note: str
) -> None:
    run, report = await judged(tmp_path, TEN, answers)
    assert any(one.startswith(note) for one in report.notes), report.notes
    if answers[0] not in (says("yes"), says("no")):
        assert {s.value for one in run.results for s in one.scores if s.name != "verdict"} == {None}


async def test_a_judge_that_hangs_comes_to_an_end(tmp_path: Path) -> None:
    model = Steady(ScriptedModel(Script({"judge": [HANG]})), QUICK)
    with JudgeRecord(tmp_path) as record:
        async with asyncio.timeout(60):
            _, report = await judge_run(run_of(result()), Judge(model), record, at_once=2)
    assert report.outcomes == {"timed_out": 12}


async def test_the_judge_that_ships_for_tests_follows_the_order_and_is_found_out(tmp_path: Path) -> None:
    with JudgeRecord(tmp_path) as record:
        _, report = await judge_run(TEN, Judge(ScriptedModel(Script(otherwise=default_answer))), record, at_once=8)
    assert any("turned with the order" in note for note in report.notes)
    assert report.outcomes.keys() == {"answered"}


async def test_everything_kept_can_be_read_back(tmp_path: Path) -> None:
    hostile = feedback("line one\nline two \x85 three")
    await judged(tmp_path, run_of(result(told=hostile)), [sensible])
    record = JudgeRecord(tmp_path)
    exchanges = list(record.exchanges())
    assert len(exchanges) == 18
    assert all(isinstance(one, WireModel) and one.said for one in exchanges)
    assert {one.item for one in exchanges} == {one.item for one in record.opinions()}
