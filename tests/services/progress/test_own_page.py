"""What the Hub is told for a learner's own page: every case at once, and of nobody else."""

from typing import Any

from services.contracts.feedback import Verdict
from services.contracts.progress import Conclude, SubtaskState

Fixture = Any


async def _check(desk: Fixture, submission: Fixture, feedback: Fixture, **scope: str) -> None:
    recorded = await desk.client.submit(submission, desk.scope(**scope))
    if feedback is not None:
        await desk.client.conclude(Conclude(submission=recorded.submission, feedback=feedback), desk.scope(**scope))


async def test_every_subtask_of_every_case_with_its_newest_version(
    desk: Fixture, submit_of: Fixture, feedback_of: Fixture
) -> None:
    right, wrong = feedback_of(Verdict.APPROVED, points=4), feedback_of(Verdict.NEEDS_WORK, points=1)
    begun = desk.clock.now
    await _check(desk, submit_of("x = 1", quota=5), wrong)
    desk.clock.move(hours=1)
    await _check(desk, submit_of("x = 2", quota=5), right)
    approved = desk.clock.now
    desk.clock.move(hours=1)
    await _check(desk, submit_of("x = 3", quota=5), wrong)
    await _check(desk, submit_of("x = 1", subtask="median"), None, case="texts")
    await _check(desk, submit_of("x = 1"), right, user="bob")
    mean, median = await desk.hub.subtasks_of("ada")
    assert (mean.case, mean.subtask, mean.state, mean.attempts) == ("numbers", "mean", SubtaskState.APPROVED, 3)
    assert (mean.points, mean.checks_left, mean.verdict) == (4, 2, Verdict.NEEDS_WORK)
    assert (mean.checked, mean.approved, mean.headline) == (desk.clock.now, approved, "This is needs_work.")
    assert begun < approved < mean.checked
    assert (median.case, median.subtask, median.state) == ("texts", "median", SubtaskState.IN_PROGRESS)
    assert (median.verdict, median.approved, median.checks_left, median.headline) == (None, None, None, "")
    assert await desk.hub.subtasks_of("nobody") == ()


async def test_many_cases_take_one_statement(
    desk: Fixture, submit_of: Fixture, feedback_of: Fixture, statements: Fixture
) -> None:
    for number in range(20):
        await _check(desk, submit_of("x = 1"), feedback_of(Verdict.APPROVED), case=f"case-{number}")
    with statements() as asked:
        assert len(await desk.hub.subtasks_of("ada")) == 20
    assert len(asked) == 1
