"""Repairs by the reference over the real runner: many candidates in one run, and whatever a learner's program does."""

from dataclasses import dataclass
from typing import Any

import pytest

from feedback.hints.distance import code_distance
from feedback.hints.reference_repair import ReferenceRepair
from feedback.hints.repairable import asked_for, can_be_repaired
from feedback.hints.settings import HintSettings
from feedback.hints.task import HintTask
from feedback.wiring import build_checker
from services.contracts.case import AuthorCase
from services.contracts.feedback import Verdict
from services.contracts.limits import Limits
from services.contracts.observation import RunRequest
from services.runner.service import Runner
from tests.services.feedback.conftest import REDUCED, TABLE, Bench, answered, shop
from tests.services.feedback.hints.hint_bench import scope_of

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]

WRONG = (
    "def reduced(cost, share):\n"
    "    if share > 100:\n"
    '        raise ValueError("no")\n'
    "    saved = cost * share / 100\n"
    "    return saved\n"
)
NEVER_ENDS = "def reduced(price, percent):\n    while True:\n        price = price - 0\n    return price\n"
ENDS_IT_ALL = "import os\ndef reduced(price, percent):\n    os._exit(0)\n"
UNREADABLE = "def reduced(price, percent)\n    return price\n"
OTHER_NAME = REDUCED.replace("def reduced", "def reduce_price")


@pytest.fixture(scope="module")
def judging(runner: Runner, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(build_checker(runner, tmp_path_factory.mktemp("repair-baselines")), shop())


class Counting:
    """The runner, and how often it was asked."""

    def __init__(self, runner: Runner) -> None:
        self._runner, self.requests = runner, 0

    def run(self, request: RunRequest) -> Any:
        self.requests += 1
        return self._runner.run(request)


@dataclass(frozen=True)
class Kept:
    """One engine for all tests: it rewrites the reference once."""

    runs: Counting
    engine: ReferenceRepair


@pytest.fixture(scope="module")
def kept(runner: Runner) -> Kept:
    runs = Counting(runner)
    return Kept(runs, engine(runs))


def task(case: AuthorCase, source: str, subtask: str = "reduced") -> HintTask:
    found = case.subtask(subtask)
    assert found is not None
    return HintTask(
        kind="debug", case=case, subtask=found, cells=answered(case, **{subtask: source}), scope=scope_of(), given=0
    )


def engine(runs: Any, seconds: float = 60) -> ReferenceRepair:
    return ReferenceRepair(runs, HintSettings(_env_file=None, repair_seconds=seconds))


async def test_the_repair_keeps_the_learners_names_and_is_approved(judging: Bench, kept: Kept) -> None:
    await kept.engine.candidates(task(judging.case, REDUCED))
    before = kept.runs.requests
    (candidate,) = await kept.engine.candidates(task(judging.case, WRONG))
    repaired = candidate.answers["reduced"]
    assert (await judging.answers("reduced", reduced=repaired)).verdict is Verdict.APPROVED
    assert {"cost", "share"} <= set(repaired.replace("(", " ").replace(")", " ").replace(",", " ").split())
    assert code_distance(WRONG, repaired) < code_distance(WRONG, REDUCED)
    # Candidates share runs: one each would be a hundred.
    assert kept.runs.requests - before < 40


@pytest.mark.parametrize("source", [NEVER_ENDS, ENDS_IT_ALL, OTHER_NAME, UNREADABLE])
async def test_whatever_the_program_does_it_is_repaired(source: str, judging: Bench, kept: Kept) -> None:
    (candidate,) = await kept.engine.candidates(task(judging.case, source))
    feedback = await judging.answers("reduced", reduced=candidate.answers["reduced"])
    assert feedback.verdict is Verdict.APPROVED


@pytest.mark.parametrize("source", ["(\n" * 400, REDUCED])
async def test_what_cannot_or_need_not_be_repaired_has_no_candidate(source: str, judging: Bench, kept: Kept) -> None:
    assert await kept.engine.candidates(task(judging.case, source)) == ()


async def test_a_budget_that_is_over_gives_nothing_and_no_error(runner: Runner, judging: Bench) -> None:
    assert await engine(runner, 1e-6).candidates(task(judging.case, WRONG)) == ()


IN_OTHER_NAMES = TABLE.replace("table[", "everything[", 2).replace("table = pd", "everything = pd")


def cell(judging: Bench, old: str, new: str, source: str) -> HintTask:
    """The step of a table, gone wrong."""
    assert old in source
    return task(judging.case, source.replace(old, new), "shelf")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (".mean()", ".sum()", 3),
        ("mean_price = ", "mean = ", 3),
        ('"price": prices', '"price": [0] + prices[1:]', 1),
        ("table[table", "table[~table", 2),
    ],
)
async def test_a_cell_of_values_is_repaired_by_what_is_asked_of_them(
    old: str, new: str, line: int, judging: Bench, kept: Kept
) -> None:
    work = cell(judging, old, new, IN_OTHER_NAMES if old in IN_OTHER_NAMES else TABLE)
    found = await kept.engine.repaired(work)
    assert found is not None
    assert [edit.lines for edit in found.edits] == [(line, line)]
    assert (await judging.answers("shelf", shelf=found.source)).verdict is Verdict.APPROVED
    before = kept.runs.requests
    await kept.engine.repaired(work)
    # Candidates share runs.
    assert kept.runs.requests - before <= 6


@pytest.mark.parametrize(
    "source",
    [
        IN_OTHER_NAMES.replace('names, "price"', 'names "price"'),
        IN_OTHER_NAMES.replace(".mean()", ".mean("),
        "import os\n" + IN_OTHER_NAMES.replace(".mean()", ".sum()") + "\nos._exit(0)",
        IN_OTHER_NAMES.replace(".mean()", ".sum()") + "\nwhile True:\n    pass",
        "prices[0] = 1.0\n" + IN_OTHER_NAMES,
    ],
    ids=["no comma", "no bracket", "ends it all", "never ends", "spoils what was before"],
)
async def test_whatever_a_cell_does_it_is_repaired(source: str, judging: Bench, kept: Kept) -> None:
    (candidate,) = await kept.engine.candidates(task(judging.case, source, "shelf"))
    feedback = await judging.answers("shelf", shelf=candidate.answers["shelf"])
    assert feedback.verdict is Verdict.APPROVED


async def test_a_right_cell_and_one_in_its_own_names_need_no_repair(judging: Bench, kept: Kept) -> None:
    for source in (TABLE, IN_OTHER_NAMES):
        assert await kept.engine.repaired(task(judging.case, source, "shelf")) is None


async def test_a_cell_that_takes_long_is_not_looked_into_while_a_check_waits(runner: Runner) -> None:
    """What is bounded by what: programs by the time that the reference takes, measured once."""
    slow = f"import time\nend = time.process_time() + 0.06\nwhile time.process_time() < end:\n    pass\n{TABLE}"
    whole = shop(version="f" * 64, limits=Limits(probe_seconds=20))
    step, *others = whole.subtasks
    whole = whole.model_copy(update={"subtasks": (step.model_copy(update={"reference": {"shelf": slow}}), *others)})
    runs = Counting(runner)
    dear = engine(runs)
    work = task(whole, slow.replace(".mean()", ".sum()"), "shelf")
    await dear.prepare(work)
    before = runs.requests
    assert await dear.repaired(work, 0.5) is None
    assert runs.requests == before
    found = await dear.repaired(work, 60)
    assert found is not None
    assert [edit.lines for edit in found.edits] == [(7, 7)]


async def test_a_step_of_two_cells_is_left_to_others(runner: Runner, judging: Bench) -> None:
    subtask = judging.case.subtask("shelf")
    assert subtask is not None
    assert can_be_repaired(subtask)
    assert asked_for(subtask) == ()
    two = subtask.model_copy(update={"view": subtask.view.model_copy(update={"answer_cells": ("shelf", "more")})})
    assert not can_be_repaired(two)
    runs = Counting(runner)
    work = HintTask(
        kind="debug", case=judging.case, subtask=two, cells=answered(judging.case), scope=scope_of(), given=0
    )
    assert await engine(runs).candidates(work) == ()
    assert runs.requests == 0
