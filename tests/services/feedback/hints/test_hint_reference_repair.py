"""Repairs by the reference over the real runner: many candidates in one run, and whatever a learner's program does."""

from dataclasses import dataclass
from typing import Any

import pytest

from feedback.hints.distance import code_distance
from feedback.hints.reference_repair import ReferenceRepair, asked_for
from feedback.hints.settings import HintSettings
from feedback.hints.task import HintTask
from feedback.wiring import build_checker
from services.contracts.case import AuthorCase
from services.contracts.feedback import Verdict
from services.contracts.observation import RunRequest
from services.runner.service import Runner
from tests.services.feedback.conftest import REDUCED, Bench, answered, shop
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


@pytest.mark.parametrize("source", [NEVER_ENDS, ENDS_IT_ALL, OTHER_NAME])
async def test_whatever_the_program_does_it_is_repaired(source: str, judging: Bench, kept: Kept) -> None:
    (candidate,) = await kept.engine.candidates(task(judging.case, source))
    feedback = await judging.answers("reduced", reduced=candidate.answers["reduced"])
    assert feedback.verdict is Verdict.APPROVED


@pytest.mark.parametrize("source", [UNREADABLE, REDUCED])
async def test_what_cannot_or_need_not_be_repaired_has_no_candidate(source: str, judging: Bench, kept: Kept) -> None:
    assert await kept.engine.candidates(task(judging.case, source)) == ()


async def test_a_budget_that_is_over_gives_nothing_and_no_error(runner: Runner, judging: Bench) -> None:
    assert await engine(runner, 1e-6).candidates(task(judging.case, WRONG)) == ()


async def test_a_step_that_is_no_function_is_left_to_others(runner: Runner, judging: Bench) -> None:
    subtask = judging.case.subtask("shelf")
    assert subtask is not None
    assert asked_for(subtask) == ()
    runs = Counting(runner)
    assert await engine(runs).candidates(task(judging.case, "table = 1", "shelf")) == ()
    assert runs.requests == 0
