"""The history of a case: list, compare, publish, roll back, withdraw, discard."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy import select

from case_uploader.models import ActionRow
from case_uploader.uploads.packing import pack
from case_uploader.wiring import open_backends
from services.contracts.case_version import Withdraw
from services.contracts.identity import Role
from services.kit.settings import Settings
from tests.databases import ON_BOTH
from tests.services.case_uploader.test_cases_uploads import Desk, refusal, scope, serving

pytestmark = ON_BOTH

UNKNOWN = "0" * 64


@pytest.fixture(autouse=True)
def quiet():
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with serving(tmp_path / "home") as desk:
        yield desk


@pytest.fixture
def upload(desk, case_folder, tmp_path):
    async def go(*, publish: bool) -> str:
        archive = tmp_path / "case.zip"
        archive.unlink(missing_ok=True)
        pack(case_folder, archive)
        ended = await desk.ended(await desk.upload(archive.read_bytes(), publish=publish))
        assert ended.version, ended
        return ended.version

    return go


async def states(desk: Desk) -> list[tuple[str, int | None, str]]:
    history = await desk.client.history("coffee-sales", scope())
    return [(one.version, one.number, one.state) for one in history]


async def current(desk: Desk) -> str:
    return (await desk.reader.current("coffee-sales")).version


async def test_a_checked_version_waits_until_somebody_publishes_it(desk, upload, case_folder, retitle):
    first = await upload(publish=True)
    retitle(case_folder, "Another title")
    second = await upload(publish=False)
    assert await states(desk) == [(second, None, "checked"), (first, 1, "current")]
    assert [(one.version, one.title) for one in await desk.client.waiting(scope())] == [(second, "Another title")]
    assert await current(desk) == first
    published = await desk.client.publish(second, scope(user="eve"))
    assert (published.number, published.state, published.by) == (2, "current", "eve")
    assert await states(desk) == [(second, 2, "current"), (first, 1, "older")]
    assert await desk.client.waiting(scope()) == ()
    assert await refusal(desk.client.publish(second, scope())) == (409, "already_current")


async def test_rolling_back_makes_an_older_version_current_and_keeps_the_newer_one(desk, upload, case_folder, retitle):
    first = await upload(publish=True)
    retitle(case_folder, "Another title")
    second = await upload(publish=True)
    back = await desk.client.publish(first, scope())
    assert (back.number, back.state) == (3, "current")
    assert await current(desk) == first
    assert await states(desk) == [(first, 3, "current"), (second, 2, "older")]
    # those who work on the newer one stay on it
    assert (await desk.reader.learner(second)).version == second


async def test_withdrawing_gives_new_learners_the_one_before_and_takes_nothing_from_others(
    desk, upload, case_folder, retitle
):
    first = await upload(publish=True)
    retitle(case_folder, "Another title")
    second = await upload(publish=True)
    gone = await desk.client.withdraw(second, Withdraw(reason="a wrong figure"), scope(user="eve"))
    assert (gone.state, gone.withdrawn_by, gone.reason) == ("withdrawn", "eve", "a wrong figure")
    assert await current(desk) == first
    assert (await desk.reader.learner(second)).version == second
    assert await refusal(desk.client.withdraw(second, Withdraw(reason="again"), scope())) == (409, "not_published")
    await desk.client.withdraw(first, Withdraw(reason="all of it"), scope())
    assert await desk.reader.published() == ()
    assert await refusal(desk.reader.current("coffee-sales")) == (404, "case_not_found")
    # the mended case, or the same one again, can be published as ever
    assert await upload(publish=True) == second
    assert [(case.version, case.number) for case in await desk.reader.published()] == [(second, 3)]


async def test_a_version_that_was_published_twice_is_withdrawn_as_a_whole(desk, upload, case_folder, retitle):
    first = await upload(publish=True)
    retitle(case_folder, "Another title")
    second = await upload(publish=True)
    await desk.client.publish(first, scope())
    await desk.client.withdraw(first, Withdraw(reason="x"), scope())
    assert await current(desk) == second


async def test_a_checked_version_that_is_discarded_leaves_nothing(desk, upload):
    version = await upload(publish=False)
    await desk.client.discard(version, scope())
    assert await refusal(desk.client.history("coffee-sales", scope())) == (404, "case_not_found")
    assert await refusal(desk.client.publish(version, scope())) == (404, "case_version_not_found")
    assert list((desk.home / "cases" / "objects").glob("??/*")) == []


async def test_a_published_version_cannot_be_discarded(desk, upload):
    version = await upload(publish=True)
    assert await refusal(desk.client.discard(version, scope())) == (404, "case_version_not_found")
    assert await current(desk) == version


async def test_comparing_says_what_changed_and_which_subtasks_are_judged_differently(desk, upload, case_folder):
    first = await upload(publish=True)
    notebook = case_folder / "solution.ipynb"
    content = json.loads(notebook.read_text())
    text, check = (next(c for c in content["cells"] if c["id"] == name) for name in ("introduction", "best-day-check"))
    text["source"].append("\nA new sentence.")
    check["source"].append("\nassert best_day")
    check["metadata"]["nbgrader"]["points"] = 3
    notebook.write_text(json.dumps(content))
    (case_folder / "data" / "more.csv").write_text("a\n1\n")
    (case_folder / "requirements.txt").write_text("pandas\nnumpy\n")
    manifest = case_folder / "case.yaml"
    manifest.write_text(manifest.read_text().replace("minutes: ", "minutes: 1"))
    second = await upload(publish=False)
    changes = await desk.client.compare(first, second, scope())
    assert (changes.before, changes.after) == (first, second)
    assert [(c.cell, c.subtask, c.what) for c in changes.cells] == [
        ("introduction", None, "changed"),
        ("best-day-check", "best-day", "changed"),
    ]
    assert "+A new sentence." in changes.cells[0].diff
    assert {(c.subtask, c.check, c.what) for c in changes.checks} >= {("best-day", "best-day-check", "changed")}
    assert "+assert best_day" in "\n".join(c.diff for c in changes.checks)
    assert changes.data == ("+ data/more.csv",)
    assert "+ numpy" in changes.requirements
    assert "minutes" in changes.settings
    # new data may change the verdict of any of them
    assert changes.subtasks == ("total-revenue", "best-day")


async def test_only_the_changed_subtask_is_judged_differently_where_nothing_else_changed(desk, upload, case_folder):
    first = await upload(publish=True)
    notebook = case_folder / "solution.ipynb"
    content = json.loads(notebook.read_text())
    next(c for c in content["cells"] if c["id"] == "best-day-check")["source"].append("\nassert best_day")
    notebook.write_text(json.dumps(content))
    second = await upload(publish=True)
    assert (await desk.client.compare(first, second, scope())).subtasks == ("best-day",)
    assert (await desk.client.compare(first, first, scope())).model_dump(exclude={"before", "after"}) == {
        "cells": (), "checks": (), "subtasks": (), "data": (), "requirements": (), "settings": (), "affected": None,
    }  # fmt: skip


async def test_versions_of_two_cases_cannot_be_compared(desk, upload, case_folder):
    first = await upload(publish=True)
    manifest = case_folder / "case.yaml"
    manifest.write_text(manifest.read_text().replace("id: coffee-sales", "id: tea-sales"))
    second = await upload(publish=True)
    assert await refusal(desk.client.compare(first, second, scope())) == (422, "other_case")
    assert await refusal(desk.client.compare(first, UNKNOWN, scope())) == (404, "case_version_not_found")


@pytest.mark.parametrize("role", [Role.LEARNER, Role.MENTOR, Role.QA])
async def test_only_admins_may(desk, upload, role):
    version, other = await upload(publish=True), scope(role)
    for doing in (
        desk.client.waiting(other),
        desk.client.history("coffee-sales", other),
        desk.client.compare(version, version, other),
        desk.client.publish(version, other),
        desk.client.withdraw(version, Withdraw(reason="x"), other),
        desk.client.discard(version, other),
    ):
        assert await refusal(doing) == (403, "not_an_admin")


async def test_every_decision_is_written_down(desk, upload, case_folder, retitle):
    first = await upload(publish=True)
    retitle(case_folder, "Another title")
    second = await upload(publish=False)
    await desk.client.publish(second, scope(user="eve"))
    await desk.client.withdraw(second, Withdraw(reason="wrong"), scope(user="ada"))
    await desk.client.publish(second, scope(user="eve"))
    await desk.client.publish(first, scope(user="eve"))
    settings = Settings(home=desk.home)
    async with open_backends(settings) as backends, backends.database.read() as session:
        rows = (await session.scalars(select(ActionRow).order_by(ActionRow.seq))).all()
    assert [(row.by, row.what, row.version, row.detail) for row in rows] == [
        ("ada", "published", first, ""),
        ("eve", "published", second, ""),
        ("ada", "withdrawn", second, "wrong"),
        ("eve", "rolled back", second, ""),
        ("eve", "rolled back", first, ""),
    ]
