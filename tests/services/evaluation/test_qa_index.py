"""What the pages show of a run is kept beside it, and made anew only where the run has changed."""

import asyncio
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from evaluation.judge.judging import run_items
from evaluation.judge.labels import LABELS, agreed, known_labels
from evaluation.judge.record import JudgeRecord
from evaluation.judge.to_label import to_label
from evaluation.runs.store import RUNS, RunStore, RunWriter
from evaluation.serving.comparing import compare_kept
from evaluation.serving.computing import Computing, T
from evaluation.serving.index import FILE, RunIndex, read_index
from evaluation.serving.indexing import CannotKeep, index_run
from evaluation.serving.service import EvaluationService, Wanted
from evaluation.settings import EvaluationSettings
from evaluation.suites.sample import Suite
from services.contracts.labelling import GiveLabel
from tests.services.evaluation.judged_home import AFTER, BEFORE, BROKEN, make_home
from tests.unit.evaluation.made_runs import AT, CASES, feedback, result, sample


class Counting(Computing):
    """Computes, and writes down what it was asked for."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.jobs: list[str] = []

    async def do(self, kind: type[T], job: str, **arguments: str | int) -> T:
        self.jobs.append(job)
        return await super().do(kind, job, **arguments)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_home(tmp_path)


@pytest.fixture
def computing(home: Path) -> Counting:
    return Counting(home)


@pytest.fixture
def service(home: Path, computing: Counting) -> EvaluationService:
    return EvaluationService(home, EvaluationSettings(), computing)


def count(index: RunIndex) -> int:
    return index.figures.samples


async def test_what_the_commands_leave_is_shown_without_computing(
    home: Path, service: EvaluationService, computing: Counting
) -> None:
    for name in (BEFORE, AFTER):
        index_run(home, name)
    compare_kept(home, BEFORE, AFTER)
    assert (await service.run(AFTER)).samples == 17
    assert (await service.samples(AFTER, Wanted(case=CASES[0], failed="verdict"), 0, 5)).total == 1
    assert (await service.samples(AFTER, Wanted(against=BEFORE, changed=True), 0, 1)).items[0].id == BROKEN
    assert (await service.sample(AFTER, BROKEN, BEFORE)).effect == "broken"
    assert await service.exchanges(AFTER, BROKEN)
    assert (await service.labels.waiting(AFTER, "quinn")).items
    assert (await service.compare(BEFORE, AFTER)).outcome == "worse"
    assert computing.jobs == []


async def test_what_nobody_left_is_computed_once_and_kept(
    home: Path, service: EvaluationService, computing: Counting
) -> None:
    await asyncio.gather(*(service.run(AFTER) for _ in range(3)), service.samples(AFTER, Wanted(), 0, 5))
    await asyncio.gather(*(service.compare(BEFORE, AFTER) for _ in range(3)))
    assert computing.jobs == ["index", "comparison"]
    another = Counting(home)
    again = EvaluationService(home, EvaluationSettings(), another)
    assert await again.run(AFTER) == await service.run(AFTER)
    assert await again.compare(BEFORE, AFTER) == await service.compare(BEFORE, AFTER)
    assert another.jobs == []


async def test_a_label_is_counted_and_nothing_is_computed_for_it(
    home: Path, service: EvaluationService, computing: Counting
) -> None:
    index_run(home, AFTER)
    first = (await service.labels.waiting(AFTER, "quinn")).items[0]
    await service.labels.give(AFTER, "quinn", GiveLabel(item=first.item, answer="yes"))
    judge = (await service.run(AFTER)).judge
    assert judge is not None
    assert judge.labelled == 1
    assert computing.jobs == []


async def test_people_are_asked_in_the_order_of_the_command(home: Path, service: EvaluationService) -> None:
    index_run(home, AFTER)
    for person, said, many in (("quinn", "no", 7), ("theo", "yes", 3)):
        for one in (await service.labels.waiting(AFTER, person)).items[:many]:
            answer = GiveLabel.model_validate({"item": one.item, "answer": said})
            await service.labels.give(AFTER, person, answer)
    kept = RunStore(home / RUNS).open(AFTER)
    opinions = JudgeRecord(RunStore(home / RUNS).folder(AFTER)).opinions()
    wanted = to_label(await run_items(kept), opinions, agreed(known_labels(home / LABELS)), 20)
    page = await service.labels.waiting(AFTER, "a third")
    assert [(one.item, one.why, one.others) for one in page.items] == [
        (one.item, one.why, len(one.people)) for one in wanted
    ]
    assert {one.others for one in page.items} == {0, 1, 2}


async def test_a_run_that_changed_is_computed_anew(home: Path, service: EvaluationService, computing: Counting) -> None:
    store = RunStore(home / RUNS)
    compare_kept(home, BEFORE, AFTER)
    assert (await service.run(BEFORE)).samples == 17
    kept = store.open(BEFORE)
    store.save(kept.model_copy(update={"results": kept.results[:3]}))
    assert (await service.run(BEFORE)).samples == 3
    assert (await service.compare(BEFORE, AFTER)).compared == 3
    assert computing.jobs == ["index", "index", "comparison"]


@pytest.mark.parametrize("harm", [lambda path: path.write_bytes(b"no table"), lambda path: _say(path, "format", "0")])
async def test_an_index_that_cannot_be_read_or_is_of_another_format_is_made_anew(
    home: Path, service: EvaluationService, computing: Counting, harm: Callable[[Path], None]
) -> None:
    index_run(home, AFTER)
    harm(home / RUNS / AFTER / FILE)
    assert (await service.run(AFTER)).samples == 17
    assert computing.jobs == ["index"]


def _say(path: Path, name: str, value: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE about SET value = ? WHERE name = ?", (value, name))


@pytest.fixture
def under_way(tmp_path: Path) -> RunWriter:
    """A run of three samples of which one has a result."""
    asked = Suite(id="slow", samples=tuple(sample(f"s/{number}") for number in range(3)))
    with RunStore(tmp_path / RUNS).begin(asked, {"rules": "1"}, ["rules"], AT) as writer:
        writer.keep(result(asked.samples[0], feedback("approved")))
    return writer


def test_a_run_under_way_is_not_computed_anew_for_each_result(tmp_path: Path, under_way: RunWriter) -> None:
    folder, name = under_way.folder, under_way.header.id
    index_run(tmp_path, name)
    with RunStore(tmp_path / RUNS).resume(under_way.header) as writer:
        writer.keep(result(sample("s/1"), feedback("approved")))
        assert read_index(folder, count) == (1,)
        _say(folder / FILE, "made", "0")
        assert read_index(folder, count) is None
        index_run(tmp_path, name)
        assert read_index(folder, count) == (2,)
        writer.end(AT)
    assert read_index(folder, count) is None


def test_of_two_results_of_a_sample_the_newer_one_is_shown(tmp_path: Path, under_way: RunWriter) -> None:
    with RunStore(tmp_path / RUNS).resume(under_way.header) as writer:
        writer.keep(result(sample("s/0"), feedback("needs_work")))
        writer.end(AT)
    index_run(tmp_path, under_way.header.id)
    service = EvaluationService(tmp_path, EvaluationSettings(), Counting(tmp_path))
    found = asyncio.run(service.sample(under_way.header.id, "s/0", None))
    assert found.answer.verdict == "needs_work"


def test_what_is_kept_is_for_its_owner_only(home: Path) -> None:
    index_run(home, AFTER)
    compare_kept(home, BEFORE, AFTER)
    folder = home / RUNS / AFTER
    kept = [folder / FILE, *(folder / "compared").iterdir()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_what_cannot_be_kept_is_said(home: Path) -> None:
    (home / RUNS / AFTER / FILE).mkdir()
    with pytest.raises(CannotKeep, match=AFTER):
        index_run(home, AFTER)
    assert [path.name for path in (home / RUNS / AFTER).iterdir() if path.name.startswith(".")] == []
