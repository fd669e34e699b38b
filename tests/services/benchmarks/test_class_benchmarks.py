"""The benchmarks on learners' programs, on a question of our own in the layout that they read."""

from pathlib import Path

import pytest

from benchmarks import memory, refactory
from benchmarks.harness import CouldNotRun, Report

pytestmark = pytest.mark.sandbox
REFERENCE = """
def steps_up(hs):
    count = 0
    for k in range(len(hs) - 1):
        if hs[k + 1] > hs[k]:
            count += 1
    return count
"""
PAIRS = """
def steps_up(hs):
    found = 0
    for low, high in zip(hs, hs[1:]):
        if high > low:
            found = found + 1
    return found
"""
FROM_BEHIND = """
def steps_up(hs):
    n = 0
    k = len(hs) - 1
    while k > 0:
        if hs[k] > hs[k - 1]:
            n += 1
        k -= 1
    return n
"""
BEYOND = REFERENCE.replace("len(hs) - 1", "len(hs)")
DOWN = PAIRS.replace("high > low", "high < low")
ENDLESS = FROM_BEHIND.replace("        k -= 1\n", "")
CORRECT = (PAIRS, FROM_BEHIND, REFERENCE.replace("count", "ups"))
UNREADABLE = "def steps_up(hs:\n    return 0\n"
WRONG = (BEYOND, BEYOND.replace("hs", "heights").replace("count", "c"), DOWN, ENDLESS, UNREADABLE)
CALLS = {"steps_up([])": 0, "steps_up([1, 2, 2, 5])": 2, "steps_up([3, 1])": 0, "steps_up([1, 3, 0, 4])": 2}


@pytest.fixture(scope="module")
def submissions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("submissions")
    question = folder / "question_9"
    for kind, programs in {"reference": (REFERENCE,), "correct": CORRECT, "wrong": WRONG}.items():
        (question / "code" / kind).mkdir(parents=True)
        for number, program in enumerate(programs):
            (question / "code" / kind / f"{kind}_{number}.py").write_text(program)
    (question / "description.txt").write_text("How often does a walk go up?")
    (question / "ans").mkdir()
    for number, (call, value) in enumerate(CALLS.items()):
        (question / "ans" / f"input_{number:03}.txt").write_text(call)
        (question / "ans" / f"output_{number:03}.txt").write_text(str(value))
    return folder


def test_each_program_is_judged_and_repaired_and_nothing_leaks(submissions: Path) -> None:
    report = Report("refactory", quick=False)
    refactory.run(refactory.Options(submissions), report)
    figures = {key: figure.value for key, figure in report.figures.items()}
    # One of five is no Python, which is not repaired.
    assert (figures["verdicts"], figures["repaired"], figures["leaks"]) == (100, 80, 0)
    assert figures["repaired_question_9"] == 80
    assert figures["patch_mean"] < 0.25
    assert figures["marked"] == 100
    # Two learners made the same mistake.
    assert report.figures["signatures_50"].note.startswith("2 ")
    assert {"marked_live", "seconds_95", "lines_live"} <= figures.keys()


def test_a_mistake_that_was_answered_is_not_asked_about_again(submissions: Path) -> None:
    report = Report("memory", quick=False)
    memory.run(submissions, report)
    figures = {key: figure.value for key, figure in report.figures.items()}
    assert (figures["failing"], figures["remembered"], figures["answers_per_100"]) == (5, 1, 80)
    assert figures["remembered_wrong"] == 0


@pytest.mark.parametrize("folder", ["nothing", "questions"])
def test_a_folder_without_questions_is_said(tmp_path: Path, folder: str) -> None:
    (tmp_path / "nothing").mkdir()
    (tmp_path / "questions" / "task_1").mkdir(parents=True)
    for run in (
        lambda report: refactory.run(refactory.Options(tmp_path / folder), report),
        lambda report: memory.run(tmp_path / folder, report),
    ):
        with pytest.raises(CouldNotRun, match="has no question_"):
            run(Report("any", quick=True))
