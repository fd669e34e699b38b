"""A failing check that makes the input smaller, in the real sandbox."""

from pathlib import Path

import pytest

from feedback.pipeline import Checker, last
from feedback.smaller_inputs import Bounds, SmallerInputs
from feedback.wiring import build_checker
from services.contracts.case import AuthorCase, Check
from services.contracts.feedback import CheckRequest, Feedback, Verdict
from services.contracts.observation import Keep
from services.runner.service import Runner
from tests.services.feedback.conftest import answered, shop

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]

LONG = Bounds(seconds=60, rounds=30, beside=2)
REFERENCE = "def reduced(prices, percent):\n    return prices * (100 - percent) / 100\n"
# Wrong from the second row on.
WRONG = REFERENCE + "\nright = reduced\ndef reduced(prices, percent):\n    return right(prices, percent).head(1)\n"
VISIBLE = (
    "stock = pd.Series([10.0, 40.0, 80.0], index=['tea', 'milk', 'figs'])\n"
    "assert reduced(stock, percent=50).tolist() == [5.0, 20.0, 40.0]"
)
HIDDEN = "canary = pd.Series([4711.0, 12.0])\nassert reduced(canary, percent=1).tolist() == [4663.89, 11.88]"


def tables() -> AuthorCase:
    case = shop("c" * 64)
    shelf, reduced = case.subtasks
    checks = (
        Check(id="check-reduced", cell="check-reduced", hidden=False, source=VISIBLE),
        Check(id="check-reduced/hidden", cell="check-reduced", hidden=True, source=HIDDEN),
    )
    changed = {"checks": checks, "probes": (), "reference": {"reduced": REFERENCE}}
    return case.model_copy(update={"subtasks": (shelf, reduced.model_copy(update=changed)), "flaws": ()})


async def judged(checker: Checker, case: AuthorCase, source: str, *, locate: bool = True) -> Feedback:
    request = CheckRequest(subtask="reduced", cells=answered(case, reduced=source))
    keep = Keep(owner="ada", then="edited")
    return await last(checker.check(case, request, keep, locate=locate))


async def test_a_learner_hears_the_least_table_that_shows_it(runner: Runner, tmp_path: Path) -> None:
    case, plain = tables(), build_checker(runner, tmp_path)
    checker = Checker(runner, plain.baselines, plain._words, smaller=SmallerInputs(runner, LONG))
    found = await judged(checker, case, WRONG)
    assert found.verdict is Verdict.NEEDS_WORK
    (finding,) = found.findings
    least = "For `reduced(pd.Series([1.0, 1.0]), percent=1)` your code gives `Series([0.99])`"
    assert f"{least}; the task asks for `Series([0.99, 0.99])`." in finding.message
    assert "4711" not in found.model_dump_json()

    # Without more runs it is the smallest of those tried anyway; what the mistake is does not depend on it.
    for other in (await judged(checker, case, WRONG, locate=False), await judged(plain, case, WRONG)):
        assert other.findings[0].signature == finding.signature
        assert "pd.Series([10.0, 80.0], index=" in other.findings[0].message
        assert "becomes `Series`" not in other.findings[0].message
    assert (await judged(checker, case, REFERENCE)).verdict is Verdict.APPROVED
