import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.contracts.errors import ServiceError
from services.contracts.feedback import Verdict
from services.contracts.notebook import Cell, cells_digest
from services.contracts.progress import Conclude, Submit, SubtaskState
from services.progress.settings import ProgressSettings
from tests.databases import ON_BOTH

pytestmark = ON_BOTH

Fixture = Any
"""Fixtures of this folder's conftest, which tests cannot import."""


@pytest.fixture
def settings() -> ProgressSettings:
    return ProgressSettings(quota_window=timedelta(minutes=20), submission_bytes=50_000)


async def judged(desk: Fixture, submit: Submit, feedback: Fixture, scope: str | None = None) -> Fixture:
    scope = scope or desk.scope()
    recorded = await desk.client.submit(submit, scope)
    return recorded, await desk.client.conclude(Conclude(submission=recorded.submission, feedback=feedback), scope)


class TestSubmit:
    async def test_numbers_count_up_within_a_subtask(self, desk: Fixture, submit_of: Fixture) -> None:
        scope = desk.scope()
        numbers = [(await desk.client.submit(submit_of(f"x = {n}"), scope)).number for n in range(3)]
        other = await desk.client.submit(submit_of("x = 0", subtask="median"), scope)
        assert (numbers, other.number) == ([1, 2, 3], 1)

    async def test_the_same_cells_are_the_same_submission(self, desk: Fixture, submit_of: Fixture) -> None:
        scope = desk.scope()
        first, again = [await desk.client.submit(submit_of("x = 1"), scope) for _ in range(2)]
        assert (again.submission, again.number, again.feedback) == (first.submission, 1, None)

    async def test_what_a_cell_carries_beside_its_source_makes_no_new_version(self, desk: Fixture) -> None:
        scope = desk.scope()
        plain = (Cell(id="answer", source="x = 1"),)
        folded = (Cell(id="answer", source="x = 1", metadata={"collapsed": True}),)
        first, second = [
            await desk.client.submit(Submit(subtask="mean", digest=cells_digest("mean", cells), cells=cells), scope)
            for cells in (plain, folded)
        ]
        assert first.submission == second.submission

    async def test_the_same_cells_on_another_case_version_are_a_new_submission(
        self, desk: Fixture, submit_of: Fixture
    ) -> None:
        first = await desk.client.submit(submit_of("x = 1"), desk.scope())
        second = await desk.client.submit(submit_of("x = 1"), desk.scope(version="2" * 64))
        assert first.submission != second.submission
        assert second.number == 2

    async def test_a_lying_digest_is_refused(self, desk: Fixture, submit_of: Fixture) -> None:
        honest = submit_of("x = 1")
        lying = honest.model_copy(update={"digest": submit_of("x = 2").digest})
        with pytest.raises(ServiceError) as refused:
            await desk.client.submit(lying, desk.scope())
        assert (refused.value.status, refused.value.error) == (422, "digest_mismatch")
        assert await desk.client.history(desk.scope()) == ()

    async def test_a_novel_in_a_cell_is_refused_with_its_size(self, desk: Fixture, submit_of: Fixture) -> None:
        with pytest.raises(ServiceError, match=r"0\.1 MB of text"):
            await desk.client.submit(submit_of("#" * 60_000), desk.scope())

    async def test_fifty_at_once_get_fifty_numbers_without_a_gap(self, desk: Fixture, submit_of: Fixture) -> None:
        scope = desk.scope()
        recorded = await asyncio.gather(*(desk.client.submit(submit_of(f"x = {n}"), scope) for n in range(50)))
        assert sorted(r.number for r in recorded) == list(range(1, 51))

    async def test_the_same_cells_fifty_times_at_once_are_one_submission(
        self, desk: Fixture, submit_of: Fixture
    ) -> None:
        scope = desk.scope()
        recorded = await asyncio.gather(*(desk.client.submit(submit_of("x = 1"), scope) for _ in range(50)))
        assert {(r.submission, r.number) for r in recorded} == {(recorded[0].submission, 1)}


class TestConclude:
    async def test_a_judged_version_is_answered_from_memory(
        self, desk: Fixture, submit_of: Fixture, feedback_of: Fixture
    ) -> None:
        feedback = feedback_of(Verdict.NEEDS_WORK, points=1)
        first, _ = await judged(desk, submit_of("x = 1"), feedback)
        again = await desk.client.submit(submit_of("x = 1"), desk.scope())
        assert (again.submission, again.feedback) == (first.submission, feedback)

    async def test_concluding_twice_counts_once(self, desk: Fixture, submit_of: Fixture, feedback_of: Fixture) -> None:
        feedback = feedback_of(Verdict.NEEDS_WORK, points=1)
        recorded, first = await judged(desk, submit_of("x = 1"), feedback)
        second = await desk.client.conclude(Conclude(submission=recorded.submission, feedback=feedback), desk.scope())
        assert first == second
        assert second.attempts == 1

    async def test_the_first_verdict_of_a_submission_stays(
        self, desk: Fixture, submit_of: Fixture, feedback_of: Fixture
    ) -> None:
        recorded, _ = await judged(desk, submit_of("x = 1"), feedback_of(Verdict.APPROVED, points=4))
        for later in (Verdict.NEEDS_WORK, Verdict.COULD_NOT_JUDGE):
            progress = await desk.client.conclude(
                Conclude(submission=recorded.submission, feedback=feedback_of(later)), desk.scope()
            )
            assert (progress.state, progress.points, progress.attempts) == (SubtaskState.APPROVED, 4, 1)
        assert (await desk.client.version(recorded.submission, desk.scope())).verdict is Verdict.APPROVED

    async def test_a_later_failure_takes_no_approval_and_no_points_away(
        self, desk: Fixture, submit_of: Fixture, feedback_of: Fixture
    ) -> None:
        await judged(desk, submit_of("x = 1"), feedback_of(Verdict.APPROVED, points=4))
        _, after = await judged(desk, submit_of("x = 2"), feedback_of(Verdict.NEEDS_WORK, points=1))
        assert (after.state, after.points, after.attempts) == (SubtaskState.APPROVED, 4, 2)

    async def test_what_could_not_be_judged_costs_nothing_and_may_be_judged_again(
        self, desk: Fixture, submit_of: Fixture, feedback_of: Fixture
    ) -> None:
        first, nothing = await judged(desk, submit_of("x = 1", quota=1), feedback_of(Verdict.COULD_NOT_JUDGE))
        assert (nothing.attempts, nothing.checks_left, nothing.state) == (0, 1, SubtaskState.IN_PROGRESS)
        second, once = await judged(desk, submit_of("x = 1", quota=1), feedback_of(Verdict.NEEDS_WORK))
        assert (second.submission, second.number, second.feedback) == (first.submission, 1, None)
        assert (once.attempts, once.checks_left) == (1, 0)

    async def test_feedback_survives_with_every_character(
        self, desk: Fixture, submit_of: Fixture, feedback_of: Fixture
    ) -> None:
        feedback = feedback_of(Verdict.NEEDS_WORK).model_copy(
            update={"remarks": ("a nul \x00, quotes \"'\\, «ünïcode» 🐍, a line\u2028break",)}
        )
        recorded, _ = await judged(desk, submit_of("x = 1"), feedback)
        assert (await desk.client.version(recorded.submission, desk.scope())).feedback == feedback


class TestQuota:
    async def test_fifty_parallel_submissions_do_not_pass_a_quota_of_seven(
        self, desk: Fixture, submit_of: Fixture
    ) -> None:
        scope = desk.scope()
        outcomes = await asyncio.gather(
            *(desk.client.submit(submit_of(f"x = {n}", quota=7), scope) for n in range(50)), return_exceptions=True
        )
        refused = [o for o in outcomes if isinstance(o, ServiceError)]
        assert sorted(o.number for o in outcomes if not isinstance(o, BaseException)) == list(range(1, 8))
        assert {(r.status, r.error) for r in refused} == {(429, "quota_spent")}
        assert len(refused) == 43

    async def test_the_refusal_says_what_can_still_be_done(
        self, desk: Fixture, submit_of: Fixture, feedback_of: Fixture
    ) -> None:
        await judged(desk, submit_of("x = 1", quota=1), feedback_of(Verdict.NEEDS_WORK))
        with pytest.raises(ServiceError, match=r"1 of 1 are used .* checked before still shows"):
            await desk.client.submit(submit_of("x = 2", quota=1), desk.scope())

    async def test_a_version_checked_before_costs_nothing_when_the_quota_is_spent(
        self, desk: Fixture, submit_of: Fixture, feedback_of: Fixture
    ) -> None:
        await judged(desk, submit_of("x = 1", quota=1), feedback_of(Verdict.NEEDS_WORK))
        again = await desk.client.submit(submit_of("x = 1", quota=1), desk.scope())
        assert again.feedback is not None

    async def test_a_check_that_never_ended_gives_its_place_back(self, desk: Fixture, submit_of: Fixture) -> None:
        await desk.client.submit(submit_of("x = 1", quota=1), desk.scope())
        with pytest.raises(ServiceError, match="quota_spent"):
            await desk.client.submit(submit_of("x = 2", quota=1), desk.scope())
        desk.clock.move(minutes=21)
        assert (await desk.client.submit(submit_of("x = 2", quota=1), desk.scope())).number == 2

    async def test_reopening_what_could_not_be_judged_needs_a_place(
        self, desk: Fixture, submit_of: Fixture, feedback_of: Fixture
    ) -> None:
        await judged(desk, submit_of("x = 1", quota=1), feedback_of(Verdict.COULD_NOT_JUDGE))
        await judged(desk, submit_of("x = 2", quota=1), feedback_of(Verdict.NEEDS_WORK))
        with pytest.raises(ServiceError, match="quota_spent"):
            await desk.client.submit(submit_of("x = 1", quota=1), desk.scope())

    async def test_a_refused_submission_leaves_nothing_in_the_object_store(
        self, desk: Fixture, submit_of: Fixture, feedback_of: Fixture
    ) -> None:
        await judged(desk, submit_of("x = 1", quota=1), feedback_of(Verdict.NEEDS_WORK))
        before = {digest async for digest in desk.objects.digests()}
        with pytest.raises(ServiceError):
            await desk.client.submit(submit_of("x = 2", quota=1), desk.scope())
        assert {digest async for digest in desk.objects.digests()} == before

    async def test_quotas_are_counted_per_learner_and_subtask(self, desk: Fixture, submit_of: Fixture) -> None:
        await desk.client.submit(submit_of("x = 1", quota=1), desk.scope())
        await desk.client.submit(submit_of("x = 1", quota=1), desk.scope(user="bob"))
        await desk.client.submit(submit_of("x = 1", subtask="median", quota=1), desk.scope())

    async def test_progress_tells_the_checks_left(
        self, desk: Fixture, submit_of: Fixture, feedback_of: Fixture
    ) -> None:
        _, progress = await judged(desk, submit_of("x = 1", quota=3), feedback_of(Verdict.NEEDS_WORK))
        await desk.client.submit(submit_of("x = 2", quota=3), desk.scope())
        (known,) = (await desk.client.progress(desk.scope())).subtasks
        assert (progress.checks_left, known.checks_left) == (2, 1)
