"""Failing submissions by week, for measures: numbers for mentors alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.contracts.errors import ServiceError
from services.contracts.feedback import Verdict
from services.contracts.identity import Role
from services.contracts.progress import Conclude
from tests.databases import ON_BOTH

pytestmark = ON_BOTH

Fixture = Any


async def _check(
    desk: Fixture, submit_of: Fixture, feedback_of: Fixture, user: str, verdict: Verdict, case: str
) -> None:
    scope = desk.scope(user, case)
    submission = (await desk.client.submit(submit_of(f"x = '{desk.clock()}'"), scope)).submission
    await desk.client.conclude(Conclude(submission=submission, feedback=feedback_of(verdict)), scope)


async def test_only_what_needs_work_counts_each_in_its_week(
    desk: Fixture, submit_of: Fixture, feedback_of: Fixture
) -> None:
    since = desk.clock()
    for verdict in Verdict:
        await _check(desk, submit_of, feedback_of, f"learner-{verdict}", verdict, "numbers")
    desk.clock.move(days=3)
    for user, case in (("ada", "numbers"), ("bob", "numbers"), ("eve", "letters")):
        await _check(desk, submit_of, feedback_of, user, Verdict.NEEDS_WORK, case)
    until = desk.clock()
    everywhere = await desk.mentor.failing(None, since, until, desk.mentor_scope())
    assert [(week.begins, week.count) for week in everywhere] == [(since, 1), (datetime(2026, 11, 23, tzinfo=UTC), 3)]
    numbers = await desk.mentor.failing("numbers", since, until, desk.mentor_scope())
    assert [week.count for week in numbers] == [1, 2]
    assert (
        await desk.mentor.failing(
            "numbers", since + timedelta(hours=1), until - timedelta(hours=1), desk.mentor_scope()
        )
        == ()
    )


async def test_learners_and_senseless_periods_are_refused(desk: Fixture) -> None:
    now = desk.clock()
    with pytest.raises(ServiceError, match="not_a_mentor"):
        await desk.mentor.failing(None, now, now, desk.mentor_scope("ada", Role.LEARNER))
    with pytest.raises(ServiceError, match="outside_scope"):
        await desk.mentor.failing(None, now, now, desk.mentor_scope(case="numbers"))
    for since in (now + timedelta(seconds=1), now - timedelta(days=367)):
        with pytest.raises(ServiceError, match="period_refused"):
            await desk.mentor.failing(None, since, now, desk.mentor_scope())
