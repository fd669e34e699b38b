"""What was approved tells where others go wrong, in cases whose author allows it."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from feedback.adapters.cache_directory import DirectoryCache
from feedback.approved import ApprovedAnswers
from feedback.hints.reference_repair import ReferenceRepair
from feedback.hints.settings import HintSettings
from feedback.hints.task import Submitted
from feedback.pipeline import last
from feedback.service import FeedbackService
from feedback.wiring import build_checker
from services.contracts.case import AuthorCase
from services.contracts.feedback import CheckRequest, Feedback, Verdict
from services.contracts.identity import Role
from services.kit.scope import ScopeMinter, ScopeVerifier
from services.runner.service import Runner
from tests.services.feedback.conftest import Shelf, answered, shop

pytestmark = [pytest.mark.sandbox, pytest.mark.asyncio(loop_scope="module")]
CASE = shop(learn_from_approved=True)
# Another plan than the reference's, right, and with one mistake in line 5.
STEP_BY_STEP = (
    "def reduced(cost, off):\n"
    "    if off > 100:\n"
    '        raise ValueError("no")\n'
    "    taken = 0\n"
    "    for _ in range(off):\n"
    "        taken = taken + cost\n"
    "    return cost - taken / 100\n"
)
ONCE_MORE = STEP_BY_STEP.replace("range(off)", "range(off + 1)").replace("taken", "gone")


def asked(case: AuthorCase, source: str) -> CheckRequest:
    return CheckRequest(subtask="reduced", cells=answered(case, reduced=source))


async def filled(folder: Path) -> ApprovedAnswers:
    approved = ApprovedAnswers(DirectoryCache(folder))
    await approved.learn(CASE, CASE.subtasks[1], {"reduced": STEP_BY_STEP})
    return approved


async def test_code_is_laid_beside_what_was_approved(runner: Runner, tmp_path: Path) -> None:
    async def judged(approved: ApprovedAnswers | None) -> Feedback:
        checker = build_checker(runner, tmp_path, approved=approved)
        return await last(checker.check(CASE, asked(CASE, ONCE_MORE)))

    alone, beside = await judged(None), await judged(await filled(tmp_path))
    assert alone.verdict is beside.verdict is Verdict.NEEDS_WORK
    (before,), (after,) = alone.findings, beside.findings
    assert after.place is not None
    assert after.place.line == 5
    assert before.place != after.place
    # Where to look has changed, and no word of what is said.
    assert (after.message, after.signature) == (before.message, before.signature)
    assert [hint.text for hint in after.ladder if hint.step != "location"] == [
        hint.text for hint in before.ladder if hint.step != "location"
    ]


async def test_a_repair_takes_what_was_approved(runner: Runner, tmp_path: Path) -> None:
    work = Submitted(CASE, CASE.subtasks[1], answered(CASE, reduced=ONCE_MORE))
    settings = HintSettings(_env_file=None, repair_seconds=20)
    found = await ReferenceRepair(runner, settings, await filled(tmp_path)).repaired(work)
    assert found is not None
    assert {line for edit in found.edits for line in range(edit.lines[0], edit.lines[1] + 1)} == {5}


def served(runner: Runner, case: AuthorCase, folder: Path) -> FeedbackService:
    """The service without a search for repairs, which would go on after a test has ended."""
    approved = ApprovedAnswers(DirectoryCache(folder))
    return FeedbackService(Shelf(case), build_checker(runner, folder, approved=approved), approved=approved)


async def checked(service: FeedbackService, case: AuthorCase, source: str) -> Feedback:
    key = Ed25519PrivateKey.generate()
    token = ScopeMinter(key).mint(user="ada", role=Role.LEARNER, case=case.id, case_version=case.version)
    return await last(service.check(asked(case, source), ScopeVerifier(key.public_key()).verify(token)))


async def test_an_approved_answer_helps_the_next_learner_and_after_a_restart(runner: Runner, tmp_path: Path) -> None:
    service = served(runner, CASE, tmp_path)
    assert (await checked(service, CASE, STEP_BY_STEP)).verdict is Verdict.APPROVED
    for one in (service, served(runner, CASE, tmp_path)):
        (finding,) = (await checked(one, CASE, ONCE_MORE)).findings
        assert finding.place is not None
        assert finding.place.line == 5


async def test_without_leave_nothing_of_a_learners_answer_is_kept(runner: Runner, tmp_path: Path) -> None:
    closed = shop()
    assert (await checked(served(runner, closed, tmp_path), closed, STEP_BY_STEP)).verdict is Verdict.APPROVED
    kept = [file.read_text() for file in tmp_path.rglob("*.json")]
    assert kept
    assert not any("for _ in range" in text for text in kept)
