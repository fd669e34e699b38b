"""Runs on disk: kept result by result, resumed after anything, never mixed up."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evaluation.pipeline import CannotAnswer
from evaluation.runs.result import Answer, SampleResult, Score
from evaluation.runs.running import Examination, inspect_logs, run_suite
from evaluation.runs.store import HEADER, RESULTS, NoSuchRun, RunInUse, RunStore, RunUnreadable
from evaluation.scorers.port import Ground
from evaluation.suites.sample import Expected, Sample, Suite
from feedback.firewall.firewall import Firewall
from services.contracts.case import AuthorCase
from services.contracts.feedback import Feedback, Verdict
from services.contracts.notebook import Cell

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PIPELINE = {"rules": "abc"}


def one(number: int, source: str = "x = 1") -> Sample:
    cells = (Cell(id="answer-1", source=source),)
    expected = Expected(verdict=Verdict.APPROVED)
    return Sample(id=f"s/{number}", case="tiny", subtask="step-1", cells=cells, expected=expected)


def suite(count: int) -> Suite:
    return Suite(id="some", samples=tuple(map(one, range(count))))


def result(sample: Sample, *, answered: bool = True) -> SampleResult:
    answer = Answer(feedback=Feedback(verdict=Verdict.APPROVED, headline="Right."), wall_ms=1) if answered else None
    return SampleResult(sample=sample, answer=answer, problem="" if answered else "away")


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "evaluations")


def test_a_run_is_resumed_without_what_it_has_and_opened_in_order(store: RunStore) -> None:
    asked = suite(3)
    with store.begin(asked, PIPELINE, ["rules"], NOW) as writer:
        writer.keep(result(asked.samples[2]))
    header = store.resumable(asked, PIPELINE, ["rules"])
    assert header is not None
    with store.resume(header) as writer:
        assert writer.recalled == 1
        assert writer.known(asked.samples[2]) == result(asked.samples[2])
        assert writer.known(asked.samples[0]) is None
        writer.keep(result(asked.samples[0]))
        ended = writer.end(NOW + timedelta(minutes=1))
    assert [r.sample.id for r in ended.results] == ["s/0", "s/2"]
    assert store.open(header.id) == ended
    assert store.resumable(asked, PIPELINE, ["rules"]) is None


def test_another_pipeline_other_scorers_or_samples_are_another_run(store: RunStore) -> None:
    with store.begin(suite(2), PIPELINE, ["rules"], NOW):
        pass
    assert store.resumable(suite(2), PIPELINE, ["rules"]) is not None
    assert store.resumable(suite(3), PIPELINE, ["rules"]) is None
    assert store.resumable(suite(2), {"rules": "new"}, ["rules"]) is None
    assert store.resumable(suite(2), PIPELINE, ["rules", "judge"]) is None


def test_what_was_not_answered_is_tried_again(store: RunStore) -> None:
    with store.begin(suite(1), PIPELINE, [], NOW) as writer:
        writer.keep(result(one(0), answered=False))
        assert writer.known(one(0)) is None
        writer.keep(result(one(0)))
        assert writer.known(one(0)) is not None
        assert writer.known(one(0, "changed = 2")) is None


@pytest.mark.parametrize("torn", [b'{"sample": {"id"', b"\xff\x00", b"null", b'{"sample": 1}\n'])
def test_a_line_that_a_crash_cut_short_is_ignored(store: RunStore, torn: bytes) -> None:
    with store.begin(suite(2), PIPELINE, [], NOW) as writer:
        writer.keep(result(one(0)))
    with (writer.folder / RESULTS).open("ab") as file:
        file.write(torn)
    with store.resume(writer.header) as again:
        assert again.known(one(0)) is not None
        again.keep(result(one(1)))
    with store.resume(writer.header) as third:
        assert third.recalled == 2


def test_two_processes_do_not_write_one_run(store: RunStore) -> None:
    first = store.begin(suite(1), PIPELINE, [], NOW)
    with first, pytest.raises(RunInUse, match="another process"), store.resume(first.header):
        raise AssertionError
    with store.resume(first.header) as later:
        assert later.recalled == 0


def test_two_runs_of_one_second_have_two_names(store: RunStore) -> None:
    names = {store.begin(suite(1), PIPELINE, [], NOW).header.id for _ in range(3)}
    assert len(names) == 3
    assert {header.id for header in store.list()} == names


@pytest.mark.parametrize("name", ["../../etc", "", ".", "..", "a/b", "x" * 200])
def test_a_name_that_is_a_path_is_no_run(store: RunStore, name: str) -> None:
    with pytest.raises(NoSuchRun):
        store.open(name)


def test_a_run_that_is_not_there_names_those_that_are(store: RunStore) -> None:
    made = store.begin(suite(1), PIPELINE, [], NOW).header.id
    with pytest.raises(NoSuchRun, match=made):
        store.open("some-other")


def test_a_run_of_another_format_is_said_to_be_unreadable(store: RunStore) -> None:
    writer = store.begin(suite(1), PIPELINE, [], NOW)
    (writer.folder / HEADER).write_text('{"id": 3}')
    with pytest.raises(RunUnreadable, match=HEADER):
        store.open(writer.header.id)
    assert store.list() == ()


def test_a_saved_run_is_the_run_that_is_opened(store: RunStore) -> None:
    with store.begin(suite(2), PIPELINE, [], NOW) as writer:
        writer.keep(result(one(0)))
        run = writer.end(NOW)
    renamed = run.model_copy(update={"id": "copy"})
    store.save(renamed)
    assert store.open("copy") == renamed


class _Pipeline:
    """Approves; is away for sample 1, has a bug with sample 2."""

    made_of = PIPELINE

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def answer(self, sample: Sample) -> Answer:
        self.asked.append(sample.id)
        if sample.id == "s/1":
            raise CannotAnswer("the runner is away")
        if sample.id == "s/2":
            raise ZeroDivisionError("a bug")
        return Answer(feedback=Feedback(verdict=Verdict.APPROVED, headline="Right."), wall_ms=1)


class _Broken:
    name = "broken"

    async def score(self, sample: Sample, answer: Answer, ground: Ground) -> tuple[Score, ...]:
        raise ZeroDivisionError("a bug")


async def test_one_bad_sample_keeps_no_other_from_its_result(store: RunStore, case: AuthorCase) -> None:
    asked, pipeline = suite(5), _Pipeline()
    examination = Examination(pipeline, [_Broken()], {"tiny": Ground(case, Firewall.of(case))})
    seen: list[str] = []
    with store.begin(asked, PIPELINE, ["broken"], NOW) as writer:
        run = await run_suite(asked, examination, writer, 2, lambda result: seen.append(result.sample.id))
    assert [r.sample.id for r in run.results] == [s.id for s in asked.samples]
    assert sorted(seen) == sorted(pipeline.asked) == [s.id for s in asked.samples]
    assert [r.answer is None for r in run.results] == [False, True, True, False, False]
    assert [r.problem for r in run.results[1:3]] == [
        "the runner is away",
        "answering it broke off (ZeroDivisionError: a bug)",
    ]
    [score] = run.results[0].scores
    assert (score.name, score.value, score.why) == ("broken", None, "scoring broke off (ZeroDivisionError: a bug)")
    [log] = inspect_logs(writer.folder)
    assert log.stat().st_size > 0


async def test_a_second_start_asks_only_for_what_is_missing(store: RunStore, case: AuthorCase) -> None:
    asked = suite(6)
    grounds = {"tiny": Ground(case, Firewall.of(case))}
    with store.begin(asked, PIPELINE, [], NOW) as writer:
        for sample in asked.samples[:4]:
            writer.keep(result(sample, answered=sample.id != "s/3"))
    pipeline = _Pipeline()
    with store.resume(writer.header) as again:
        run = await run_suite(asked, Examination(pipeline, [], grounds), again, 1, lambda _: None)
    assert pipeline.asked == ["s/3", "s/4", "s/5"]
    assert run.ended is not None
    assert len(run.results) == 6
