"""Everybody's work judged again by another version: a preview, then in earnest where it helps the learner."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog

from case_uploader.regrades.job import effect_of
from case_uploader.uploads.packing import pack
from services.contracts.errors import ServiceError
from services.contracts.feedback import Feedback, Verdict
from services.contracts.identity import Role
from services.contracts.notebook import Cell, cells_digest
from services.contracts.progress import Conclude, Submit, SubtaskState
from services.contracts.regrade import RegradeView, StartRegrade
from tests.databases import ON_BOTH
from tests.services.case_uploader.test_cases_uploads import MINTER, Desk, refusal, scope, serving

pytestmark = ON_BOTH

GOOD, BAD, UNSURE = Verdict.APPROVED, Verdict.NEEDS_WORK, Verdict.COULD_NOT_JUDGE


@pytest.fixture(autouse=True)
def quiet():
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with serving(tmp_path / "home", with_progress=True) as desk:
        yield desk


@pytest.fixture
async def version(desk, case_folder, tmp_path) -> str:
    pack(case_folder, tmp_path / "case.zip")
    ended = await desk.ended(await desk.upload((tmp_path / "case.zip").read_bytes(), publish=True))
    assert ended.version
    return ended.version


def learner(name: str, version: str) -> str:
    return MINTER.mint(user=name, role=Role.LEARNER, case="coffee-sales", case_version=version)


async def hand_in(desk: Desk, version: str, name: str, source: str, verdict: Verdict, points: float = 0) -> str:
    """A judged submission of `total-revenue`."""
    cells = (Cell(id="total-revenue-answer", source=source),)
    digest = cells_digest("total-revenue", cells)
    submit = Submit(subtask="total-revenue", digest=digest, cells=cells)
    recorded = await desk.progress.submit(submit, learner(name, version))
    feedback = Feedback(verdict=verdict, headline="As it was.", points=points)
    await desk.progress.conclude(Conclude(submission=recorded.submission, feedback=feedback), learner(name, version))
    return recorded.submission


async def ready(desk: Desk, regrade: RegradeView) -> RegradeView:
    while regrade.state == "running":
        regrade = await desk.client.regrade(regrade.id, scope())
    return regrade


async def standing(desk: Desk, version: str, name: str):
    (subtask,) = (await desk.progress.progress(learner(name, version))).subtasks
    return subtask.state, subtask.points, subtask.attempts


@pytest.fixture
async def preview(desk, version):
    """Three learners: one was judged too harshly, one too mildly, one as ever."""
    desk.feedback.verdicts |= {
        "harsh": Feedback(verdict=GOOD, headline="Now it passes.", points=2),
        "mild": Feedback(verdict=BAD, headline="Now it does not.", points=1),
        "same": Feedback(verdict=BAD, headline="As ever."),
    }
    await hand_in(desk, version, "ben", "x = 'same'", BAD)
    await hand_in(desk, version, "cleo", "x = 'mild'", GOOD, 2)
    await hand_in(desk, version, "dora", "x = 'an older try'", BAD)
    await hand_in(desk, version, "dora", "x = 'harsh'", BAD, 0.5)
    return await ready(desk, await desk.client.start_regrade(StartRegrade(version=version), scope()))


async def test_a_preview_shows_what_would_change_and_changes_nothing(desk, version, preview):
    assert (preview.state, preview.done, preview.gains, preview.losses, preview.unclear) == ("ready", 3, 1, 1, 0)
    assert [(one.user, one.before, one.after, one.effect) for one in preview.changes] == [
        ("dora", BAD, GOOD, "gain"),
        ("cleo", GOOD, BAD, "loss"),
    ]
    assert preview.changes[0].headline == "Now it passes."
    assert await standing(desk, version, "dora") == (SubtaskState.IN_PROGRESS, 0.5, 2)
    listed = await desk.client.regrades("coffee-sales", scope())
    assert [(one.id, one.changes) for one in listed] == [(preview.id, ())]


async def test_applying_gives_what_was_gained_and_takes_nothing_away(desk, version, preview):
    applied = await desk.client.apply_regrade(preview.id, scope(user="eve"))
    assert (applied.state, applied.applied) == ("applied", 1)
    assert await standing(desk, version, "dora") == (SubtaskState.APPROVED, 2, 2)
    assert await standing(desk, version, "cleo") == (SubtaskState.APPROVED, 2, 1)
    assert await standing(desk, version, "ben") == (SubtaskState.IN_PROGRESS, 0, 1)
    newest = (await desk.progress.history(learner("dora", version)))[0]
    assert (newest.verdict, newest.headline) == (GOOD, "Now it passes.")
    again = await desk.client.apply_regrade(preview.id, scope())
    assert (again.state, again.applied) == ("applied", 1)


async def test_what_a_learner_reached_meanwhile_is_not_overwritten(desk, version, preview):
    await hand_in(desk, version, "dora", "x = 'harsh and better'", GOOD, 3)
    await desk.client.apply_regrade(preview.id, scope())
    assert await standing(desk, version, "dora") == (SubtaskState.APPROVED, 3, 3)


async def test_what_cannot_be_judged_changes_nothing(desk, version):
    desk.feedback.verdicts["odd"] = Feedback(verdict=UNSURE, fault="platform", headline="No sandbox.")
    await hand_in(desk, version, "ben", "x = 'odd'", BAD)
    regrade = await ready(desk, await desk.client.start_regrade(StartRegrade(version=version), scope()))
    assert (regrade.unclear, regrade.gains) == (1, 0)
    assert (await desk.client.apply_regrade(regrade.id, scope())).applied == 0
    assert await standing(desk, version, "ben") == (SubtaskState.IN_PROGRESS, 0, 1)


async def test_the_work_is_put_into_the_new_versions_own_notebook(desk, version):
    before = len(desk.feedback.trials)
    await hand_in(desk, version, "ben", "mine = 1", BAD)
    await ready(desk, await desk.client.start_regrade(StartRegrade(version=version), scope()))
    (trial,) = desk.feedback.trials[before:]
    sources = {cell.id: cell.source for cell in trial.cells}
    assert (trial.subtasks, sources["total-revenue-answer"]) == (("total-revenue",), "mine = 1")
    assert "NotImplementedError" in sources["best-day-answer"]
    assert sources["total-revenue-check"]


async def test_a_preview_goes_on_after_a_platform_that_was_away_and_judges_nothing_twice(desk, version):
    for name in ("ben", "cleo"):
        await hand_in(desk, version, name, f"x = '{name}'", BAD)
    before = len(desk.feedback.trials)
    desk.feedback.verdicts["cleo"] = Feedback(verdict=BAD, headline="No.")
    trial, failures = desk.feedback.trial, iter([False, True])

    async def failing(request):
        if next(failures, False):
            raise ServiceError("feedback", 503, "service_unavailable", "away")
        return await trial(request)

    desk.feedback.trial = failing
    regrade = await ready(desk, await desk.client.start_regrade(StartRegrade(version=version), scope()))
    assert (regrade.state, regrade.done) == ("ready", 2)
    assert len(desk.feedback.trials) - before == 2


async def test_only_a_finished_preview_can_be_applied(desk, version):
    desk.feedback.gate.clear()
    await hand_in(desk, version, "ben", "x = 1", BAD)
    regrade = await desk.client.start_regrade(StartRegrade(version=version), scope())
    assert await refusal(desk.client.apply_regrade(regrade.id, scope())) == (409, "regrade_not_ready")
    desk.feedback.gate.set()
    assert (await ready(desk, regrade)).state == "ready"


async def test_unknown_ones_and_other_people_are_refused(desk, version):
    unknown = "0" * 64
    started = desk.client.start_regrade(StartRegrade(version=unknown), scope())
    assert await refusal(started) == (404, "case_version_not_found")
    assert await refusal(desk.client.regrade("0" * 32, scope())) == (404, "regrade_not_found")
    for role in (Role.LEARNER, Role.MENTOR, Role.QA):
        for doing in (
            desk.client.start_regrade(StartRegrade(version=version), scope(role)),
            desk.client.regrade("0" * 32, scope(role)),
            desk.client.regrades("coffee-sales", scope(role)),
            desk.client.apply_regrade("0" * 32, scope(role)),
        ):
            assert await refusal(doing) == (403, "not_an_admin")


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        ((BAD, 0), (GOOD, 2), "gain"),
        ((BAD, 1), (BAD, 2), "gain"),
        ((GOOD, 1), (GOOD, 2), "gain"),
        ((GOOD, 2), (BAD, 3), "loss"),
        ((GOOD, 2), (GOOD, 1), "loss"),
        ((BAD, 2), (BAD, 2), "same"),
        ((GOOD, 2), (UNSURE, 0), "unclear"),
    ],
)
def test_effects(before, after, effect):
    assert effect_of(*before, *after) == effect
