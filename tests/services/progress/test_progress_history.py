from typing import Any

import pytest

from services.contracts.errors import ServiceError
from services.contracts.feedback import Verdict
from services.contracts.progress import Conclude

Fixture = Any


@pytest.fixture
async def versions(desk: Fixture, submit_of: Fixture) -> list[str]:
    """Five submissions of Ada's, the last one of another subtask, oldest first."""
    submits = [*(submit_of(f"x = {n}") for n in range(4)), submit_of("m = 1", subtask="median")]
    return [(await desk.client.submit(submit, desk.scope())).submission for submit in submits]


async def test_newest_first_over_all_subtasks(desk: Fixture, versions: list[str]) -> None:
    history = await desk.client.history(desk.scope())
    assert [version.submission for version in history] == versions[::-1]
    assert history[0].subtask == "median"
    assert history[-1].recorded == desk.clock.now


async def test_one_subtask_only(desk: Fixture, versions: list[str]) -> None:
    history = await desk.client.history(desk.scope(), "mean")
    assert [version.number for version in history] == [4, 3, 2, 1]


async def test_pages_meet_without_gap_or_overlap(desk: Fixture, versions: list[str]) -> None:
    first = await desk.client.history(desk.scope(), limit=2)
    second = await desk.client.history(desk.scope(), limit=2, before=first[-1].submission)
    third = await desk.client.history(desk.scope(), limit=2, before=second[-1].submission)
    assert [v.submission for v in (*first, *second, *third)] == versions[::-1]


async def test_a_version_holds_all_it_takes_to_restore_it(
    desk: Fixture, submit_of: Fixture, feedback_of: Fixture
) -> None:
    submit = submit_of("x = 'naïve «text»'\n# 🐍")
    recorded = await desk.client.submit(submit, desk.scope())
    feedback = feedback_of(Verdict.NEEDS_WORK, points=2)
    await desk.client.conclude(Conclude(submission=recorded.submission, feedback=feedback), desk.scope())
    version = await desk.client.version(recorded.submission, desk.scope())
    assert version.cells == submit.cells
    assert (version.verdict, version.headline, version.points) == (Verdict.NEEDS_WORK, feedback.headline, 2)
    assert version.feedback == feedback


async def test_versions_of_an_older_case_version_stay_in_the_history(desk: Fixture, versions: list[str]) -> None:
    newer = desk.scope(version="2" * 64)
    assert len(await desk.client.history(newer)) == 5
    assert (await desk.client.version(versions[0], newer)).number == 1


@pytest.mark.parametrize("limit", [0, 501])
async def test_an_unreasonable_page_is_refused(desk: Fixture, limit: int) -> None:
    with pytest.raises(ServiceError) as refused:
        await desk.client.history(desk.scope(), limit=limit)
    assert (refused.value.status, refused.value.error) == (422, "invalid_request")
