from collections.abc import Callable
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter

from services.contracts.feedback import Verdict
from services.contracts.notebook import Cell
from services.contracts.progress import Conclude
from services.progress.kept import KeptSubmissions

Fixture = Any
"""Fixtures of this folder's conftest, which tests cannot import."""


async def judged(desk: Fixture, submit: Fixture, feedback: Fixture, **whose: str) -> None:
    scope = desk.scope(**whose)
    recorded = await desk.client.submit(submit, scope)
    await desk.client.conclude(Conclude(submission=recorded.submission, feedback=feedback), scope)


async def test_judged_submissions_of_one_case_are_read_newest_first(
    desk: Fixture, submit_of: Callable[..., Fixture], feedback_of: Callable[..., Fixture]
) -> None:
    await judged(desk, submit_of("x = 1"), feedback_of(Verdict.NEEDS_WORK))
    await judged(desk, submit_of("x = 2"), feedback_of(Verdict.APPROVED, 4), user="bob")
    await judged(desk, submit_of("x = 3"), feedback_of(Verdict.APPROVED, 4), case="other")
    await desk.client.submit(submit_of("x = 4"), desk.scope())
    kept = KeptSubmissions(desk.db, desk.objects)
    found = [(one.learner, one.cells[1].source, one.feedback.verdict) async for one in kept.judged("numbers")]
    assert found == [("bob", "x = 2", Verdict.APPROVED), ("ada", "x = 1", Verdict.NEEDS_WORK)]


async def test_more_than_one_part_and_only_since_a_moment(
    desk: Fixture, submit_of: Callable[..., Fixture], feedback_of: Callable[..., Fixture]
) -> None:
    for number in range(104):
        desk.clock.move(minutes=1)
        await judged(desk, submit_of(f"x = {number}"), feedback_of(Verdict.NEEDS_WORK))
    kept = KeptSubmissions(desk.db, desk.objects)
    assert len([one async for one in kept.judged("numbers")]) == 104
    since = desk.clock() - timedelta(minutes=2)
    assert [one.cells[1].source async for one in kept.judged("numbers", since)] == ["x = 103", "x = 102", "x = 101"]


async def test_cells_that_are_gone_leave_the_others_readable(
    desk: Fixture, submit_of: Callable[..., Fixture], feedback_of: Callable[..., Fixture]
) -> None:
    first, second = submit_of("x = 1"), submit_of("x = 2")
    for one in (first, second):
        await judged(desk, one, feedback_of(Verdict.NEEDS_WORK))
    stored = await desk.objects.put(TypeAdapter(tuple[Cell, ...]).dump_json(first.cells))
    await desk.objects.delete(stored)
    kept = KeptSubmissions(desk.db, desk.objects)
    assert [one.cells[1].source async for one in kept.judged("numbers")] == ["x = 2"]
