"""How steady a judge is: the same request put several times, with an interval, and nothing where it was put once."""

from pathlib import Path

import pytest

from evaluation.judge.calibration import calibrate
from evaluation.judge.flips import flips
from evaluation.judge.judge import Judge
from evaluation.judge.judging import judge_run, run_items
from evaluation.judge.opinion import Opinion
from evaluation.judge.record import JudgeRecord
from evaluation.judge.showing import flips_text
from evaluation.report.judged import Judged
from evaluation.report.page import html_page
from evaluation.report.summary import summarise
from evaluation.runs.result import EvalRun
from feedback.model.port import ModelRequest
from tests.unit.evaluation.judge.judge_bench import Heard, result, run_of, says

TWENTY = run_of(*(result(f"mean/{n}", f"mean = {n:02}") for n in range(20)))


def unsteady(request: ModelRequest) -> str:
    """Turns with the seed where the code holds a 7: in two of twenty samples."""
    turns = "7" in request.messages[1].content.split("mean = ")[1][:2]
    return says("no" if turns and request.seed == 1 else "yes")


async def judged(folder: Path, heard: Heard, run: EvalRun = TWENTY) -> list[Opinion]:
    with JudgeRecord(folder) as record:
        await judge_run(run, heard.judge, record, at_once=8)
    return JudgeRecord(folder).opinions()


async def test_the_share_of_items_that_flip_is_measured_with_an_interval(tmp_path: Path) -> None:
    found = flips(TWENTY, await judged(tmp_path, Heard(unsteady, repeats=3)))
    assert (found.fewest, found.most, found.rate.count, found.rate.missing) == (3, 3, 120, 0)
    assert found.rate.mean == pytest.approx(0.1)
    assert found.rate.low is not None
    assert found.rate.high is not None
    assert 0 < found.rate.low < 0.1 < found.rate.high < 0.5
    assert {one.question.id: one.rate.count for one in found.by_question} == dict.fromkeys(
        ("problem-said", "untrue", "consequence", "gives-away", "helpful", "tone"), 20
    )
    assert "10% [" in flips_text(found)
    assert "120 items, each asked 3 times in each order" in flips_text(found)


async def test_a_steady_judge_has_a_rate_of_none_and_still_an_interval(tmp_path: Path) -> None:
    found = flips(TWENTY, await judged(tmp_path, Heard(says("yes"), repeats=2)))
    assert (found.rate.mean, found.rate.low) == (0.0, 0.0)
    assert found.rate.high is not None
    assert found.rate.high > 0


async def test_what_was_asked_once_says_nothing_and_is_asked_again_when_it_shall(tmp_path: Path) -> None:
    once = flips(TWENTY, await judged(tmp_path, Heard(unsteady)))
    assert (once.most, once.rate.mean, once.rate.count, once.rate.missing) == (0, None, 0, 120)
    assert flips_text(once).startswith("Flip rate: cannot tell")
    again = Heard(unsteady, repeats=3)
    assert flips(TWENTY, await judged(tmp_path, again)).rate.mean == pytest.approx(0.1)
    assert again.requests
    fewer = Heard(unsteady, repeats=2)
    assert flips(TWENTY, await judged(tmp_path, fewer)).most == 3
    assert fewer.requests == []


async def test_an_answer_that_cannot_be_read_is_no_flip(tmp_path: Path) -> None:
    def babbling(request: ModelRequest) -> str:
        return says("yes") if request.seed == 0 else "The weather is nice."

    found = flips(TWENTY, await judged(tmp_path, Heard(babbling, repeats=2)))
    assert (found.rate.mean, found.rate.missing) == (None, 120)


async def test_equal_items_count_once_and_other_runs_opinions_not_at_all() -> None:
    two = run_of(result("a"), result("b"))
    [asked] = [one for one in await _opinions(two, "a") if one.question == "tone"]
    alike = [
        asked,
        asked.model_copy(update={"sample": "b"}),
        asked.model_copy(update={"sample": "z", "item": "0" * 64}),
    ]
    assert flips(two, alike).rate.count == 1


async def _opinions(run: EvalRun, sample: str) -> list[Opinion]:
    judge: Judge = Heard(says("yes"), repeats=2).judge
    return [(await judge.opinion(item))[0] for item in await run_items(run) if item.sample.id == sample]


async def test_calibration_and_report_tell_it(tmp_path: Path) -> None:
    opinions = await judged(tmp_path, Heard(unsteady, repeats=3))
    assert [one.flips.mean for one in calibrate(TWENTY, opinions, {})] == pytest.approx([0.1] * 6)
    page = html_page(summarise(TWENTY), judged=Judged("a model", (), (), 120, flips(TWENTY, opinions)))
    assert "Flip rate: <b>10%</b>" in page
    assert "Flip rate of each question" in page
    none = html_page(summarise(TWENTY), judged=Judged("a model", (), (), 120, flips(TWENTY, ())))
    assert "Flip rate: cannot tell" in none
