"""Grading a folder: how many at a time, in which order, and what happens when something breaks."""

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from evaluation.grading.grade import grade_notebooks
from evaluation.grading.journal import Journal
from evaluation.grading.results import NotebookResult


@pytest.fixture
def journal_path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


async def _all(judge, case, notebooks, path: Path, jobs: int = 2) -> dict[str, NotebookResult]:
    with Journal(path) as journal:
        async with aclosing(grade_notebooks(judge, case, notebooks, journal, jobs)) as results:
            return {result.file: result async for result in results}


async def test_each_notebook_gets_its_own_verdicts(judge, case, hand_in, journal_path: Path) -> None:
    found = [hand_in("a.ipynb", "1 2"), hand_in("b.ipynb", "1", "pass"), hand_in("c.ipynb", "nothing")]
    results = await _all(judge, case, found, journal_path)
    assert {name: [s.verdict for s in r.subtasks] for name, r in results.items()} == {
        "a.ipynb": ["approved", "approved"],
        "b.ipynb": ["approved", "needs_work"],
        "c.ipynb": ["needs_work", "needs_work"],
    }
    assert {name: (r.points, r.approved) for name, r in results.items()} == {
        "a.ipynb": (4, 2),
        "b.ipynb": (2, 1),
        "c.ipynb": (0, 0),
    }


async def test_a_mistake_is_placed_by_the_number_of_its_cell_and_tells_no_secret(
    judge, case, hand_in, journal_path: Path
) -> None:
    results = await _all(judge, case, [hand_in("b.ipynb", "1", "x = 2")], journal_path)
    (mistake,) = results["b.ipynb"].subtasks[1].mistakes
    assert (mistake.cell, mistake.line, mistake.mentor) == (2, 3, "Look at x again.")
    assert results["b.ipynb"].repairs == ("Put back.",)
    assert "the reference has" not in results["b.ipynb"].model_dump_json()


async def test_a_broken_file_does_not_keep_the_others_from_their_grades(
    judge, case, hand_in, journal_path: Path
) -> None:
    found = [hand_in("a.ipynb", "1"), hand_in("broken.ipynb", content=b"{"), hand_in("z.ipynb", "1")]
    found[2].path.unlink()
    results = await _all(judge, case, found, journal_path)
    assert {name: r.status for name, r in results.items()} == {
        "a.ipynb": "graded",
        "broken.ipynb": "unreadable",
        "z.ipynb": "unreadable",
    }
    assert results["broken.ipynb"].problem.startswith("not a notebook")
    assert judge.judged == ["1"]


async def test_neither_does_a_fault_of_the_platform_or_a_bug(judge, case, hand_in, journal_path: Path) -> None:
    found = [hand_in("a.ipynb", "platform"), hand_in("b.ipynb", "bug"), hand_in("c.ipynb", "1 2")]
    with capture_logs() as logs:
        results = await _all(judge, case, found, journal_path)
    assert (results["a.ipynb"].status, results["a.ipynb"].problem) == ("could_not_judge", "Broken here.")
    assert results["b.ipynb"].status == "could_not_judge"
    assert "ZeroDivisionError" in results["b.ipynb"].problem
    assert results["c.ipynb"].status == "graded"
    assert [(entry["file"], entry["log_level"]) for entry in logs] == [("b.ipynb", "error")]


async def test_only_what_is_graded_is_not_judged_again(judge, case, hand_in, journal_path: Path) -> None:
    found = [hand_in("a.ipynb", "1"), hand_in("b.ipynb", "2"), hand_in("c.ipynb", "platform")]
    first = await _all(judge, case, found, journal_path)
    hand_in("b.ipynb", "2 and 1")
    judge.judged.clear()
    second = await _all(judge, case, found, journal_path)
    assert sorted(judge.judged) == ["2 and 1", "platform"]
    assert second["a.ipynb"] == first["a.ipynb"]
    assert second["b.ipynb"].approved == 2


@pytest.mark.parametrize("jobs", [1, 3])
async def test_no_more_notebooks_than_asked_for_are_judged_at_a_time(
    judge, case, hand_in, journal_path: Path, jobs: int
) -> None:
    found = [hand_in(f"{number}.ipynb", f"wait 1 {number}") for number in range(10)]
    grading = asyncio.create_task(_all(judge, case, found, journal_path, jobs))
    while judge.working < jobs:
        await asyncio.sleep(0.001)
    judge.go_on.set()
    await grading
    assert judge.most == jobs
    assert len(judge.judged) == 10


async def test_a_slow_notebook_holds_nobody_up(judge, case, hand_in, journal_path: Path) -> None:
    found = [hand_in("a-slow.ipynb", "wait 1"), hand_in("b.ipynb", "1"), hand_in("c.ipynb", "2")]
    order = []
    with Journal(journal_path) as journal:
        async with aclosing(grade_notebooks(judge, case, found, journal, 2)) as results:
            async for result in results:
                order.append(result.file)
                if len(order) == 2:
                    judge.go_on.set()
    assert order == ["b.ipynb", "c.ipynb", "a-slow.ipynb"]


async def test_stopping_in_the_middle_keeps_what_is_done_and_leaves_no_work_behind(
    judge, case, hand_in, journal_path: Path
) -> None:
    found = [hand_in("a.ipynb", "1"), *(hand_in(f"slow-{number}.ipynb", "wait") for number in range(5))]
    before = asyncio.all_tasks()

    async def grade() -> None:
        await _all(judge, case, found, journal_path)

    task = asyncio.create_task(grade())
    while not (journal_path.exists() and journal_path.stat().st_size and judge.working == 2):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert judge.working == 0
    assert asyncio.all_tasks() <= before
    judge.go_on.set()
    judge.judged.clear()
    results = await _all(judge, case, found, journal_path)
    assert len(results) == 6
    assert "1" not in judge.judged
