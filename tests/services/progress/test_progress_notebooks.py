import asyncio
from typing import Any

import pytest
from pydantic import JsonValue

from services.contracts.errors import ServiceError
from services.contracts.notebook import notebook_digest
from services.contracts.progress import SavedNotebook, SavedSummary
from services.kit.objects import ObjectStore
from services.progress.notebooks import Notebooks
from services.progress.repository import Owner
from services.progress.settings import ProgressSettings
from tests.databases import ON_BOTH

pytestmark = ON_BOTH
Fixture = Any


@pytest.fixture
def settings() -> ProgressSettings:
    return ProgressSettings(notebook_bytes=100_000, notebook_budget=250_000)


def notebook_of(text: str) -> dict[str, JsonValue]:
    cell: dict[str, JsonValue] = {"cell_type": "code", "id": "a", "source": text, "metadata": {}, "outputs": []}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}


async def save(desk: Fixture, text: str, user: str = "ada") -> SavedSummary:
    notebook = notebook_of(text)
    saved = SavedNotebook(saved=desk.clock.now, digest=notebook_digest(notebook), notebook=notebook)
    summary = await desk.client.save_notebook(saved, desk.scope(user=user))
    assert isinstance(summary, SavedSummary)
    return summary


async def digests(desk: Fixture, user: str = "ada") -> list[str]:
    return [state.digest for state in await desk.client.saved_notebooks(desk.scope(user=user))]


class Held:
    """A store that says of one object whether it exists, and waits before whoever asked can go on."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self.hold = ""
        self.held, self.go = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._objects, name)

    async def exists(self, digest: str) -> bool:
        found = await self._objects.exists(digest)
        if digest == self.hold:
            self.held.set()
            await self.go.wait()
        return found


async def test_a_saved_state_comes_back_as_it_was(desk: Fixture) -> None:
    summary = await save(desk, "x = 'é 🐍'")
    restored = await desk.client.saved_notebook(summary.digest, desk.scope())
    assert restored.notebook == notebook_of("x = 'é 🐍'")
    assert (restored.digest, restored.saved) == (notebook_digest(restored.notebook), desk.clock.now)


async def test_the_same_state_twice_in_a_row_is_kept_once(desk: Fixture) -> None:
    first = await save(desk, "a")
    desk.clock.move(minutes=1)
    assert await save(desk, "a") == first
    await save(desk, "b")
    await save(desk, "a")
    kept = await digests(desk)
    assert len(kept) == 3
    assert kept[0] == kept[2] == first.digest


async def test_what_the_sender_claims_decides_nothing(desk: Fixture) -> None:
    desk.clock.move(days=3)
    lying = SavedNotebook(saved="2099-01-01T00:00:00Z", digest="f" * 64, notebook=notebook_of("a"))
    summary = await desk.client.save_notebook(lying, desk.scope())
    assert (summary.digest, summary.saved) == (notebook_digest(notebook_of("a")), desk.clock.now)


async def test_saves_at_once_are_all_kept(desk: Fixture) -> None:
    await asyncio.gather(*(save(desk, f"x = {n}") for n in range(30)))
    assert len(set(await digests(desk))) == 30


async def test_too_large_a_notebook_says_how_large_and_what_to_do(desk: Fixture) -> None:
    with pytest.raises(ServiceError, match=r"0\.2 MB; at most 0\.1 MB .*Clear large outputs") as refused:
        await save(desk, "#" * 200_000)
    assert (refused.value.status, refused.value.error) == (413, "notebook_too_large")


async def test_large_and_odd_numbers_come_back(desk: Fixture) -> None:
    odd: dict[str, JsonValue] = {"cells": [], "loss": [1e300, -0.0, 12345678901234567890, 0.1]}
    saved = SavedNotebook(saved=desk.clock.now, digest="0" * 64, notebook=odd)
    summary = await desk.client.save_notebook(saved, desk.scope())
    assert (await desk.client.saved_notebook(summary.digest, desk.scope())).notebook == odd


async def test_infinity_which_json_does_not_know_becomes_null(desk: Fixture) -> None:
    odd: dict[str, JsonValue] = {"cells": [], "loss": [float("inf"), float("nan")]}
    saved = SavedNotebook(saved=desk.clock.now, digest="0" * 64, notebook=odd)
    summary = await desk.client.save_notebook(saved, desk.scope())
    assert (await desk.client.saved_notebook(summary.digest, desk.scope())).notebook["loss"] == [None, None]


class TestThinning:
    async def test_a_day_then_hours_then_days_are_kept(self, desk: Fixture) -> None:
        for n in range(8):
            await save(desk, f"x = {n}")
            desk.clock.move(minutes=20)
        assert len(await digests(desk)) == 8
        desk.clock.move(hours=24)
        await save(desk, "next day")
        # 12:00 … 14:20 in steps of 20 minutes: the last of each of three hours stays.
        assert len(await digests(desk)) == 4
        desk.clock.move(days=8)
        await save(desk, "next week")
        assert len(await digests(desk)) == 3

    async def test_thinned_content_leaves_the_object_store(self, desk: Fixture) -> None:
        first = await save(desk, "first")
        await save(desk, "second")
        desk.clock.move(days=2)
        await save(desk, "third")
        assert not await desk.objects.exists(first.digest)
        with pytest.raises(ServiceError) as gone:
            await desk.client.saved_notebook(first.digest, desk.scope())
        assert (gone.value.status, gone.value.error) == (404, "notebook_not_found")

    async def test_content_that_somebody_else_still_has_stays(self, desk: Fixture) -> None:
        shared = await save(desk, "shared")
        desk.clock.move(days=2)
        await save(desk, "shared", user="bob")
        await save(desk, "later the same hour")
        desk.clock.move(days=2)
        await save(desk, "and now")
        await save(desk, "something newer", user="bob")
        assert (await desk.client.saved_notebook(shared.digest, desk.scope(user="bob"))).notebook == notebook_of(
            "shared"
        )

    async def test_content_that_somebody_keeps_at_that_moment_stays(self, desk: Fixture, settings: Fixture) -> None:
        objects = Held(desk.objects)
        notebooks = Notebooks(desk.db, objects, settings, desk.clock)
        state = SavedNotebook(saved=desk.clock.now, digest="0" * 64, notebook=notebook_of("shared"))
        shared = await notebooks.save(Owner("ada", "numbers"), state)
        await save(desk, "later the same hour")
        desk.clock.move(days=2)
        objects.hold = shared.digest
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            keeps = group.create_task(notebooks.save(Owner("bob", "numbers"), state))
            await objects.held.wait()
            # Ada's equal state is thinned out now; whether its content may go is asked while Bob's row is not seen yet.
            thins = group.create_task(save(desk, "and now"))
            await asyncio.wait({thins}, timeout=0.5)
            objects.go.set()
            await keeps
        kept = await desk.client.saved_notebook(shared.digest, desk.scope(user="bob"))
        assert kept.notebook == notebook_of("shared")

    async def test_beyond_the_budget_the_oldest_go_but_never_the_newest(self, desk: Fixture) -> None:
        for letter in "abcd":
            await save(desk, letter * 90_000)
        kept = await digests(desk)
        assert len(kept) == 2
        assert (await desk.client.saved_notebook(kept[0], desk.scope())).notebook == notebook_of("d" * 90_000)


class TestForTheHub:
    async def test_the_newest_state_of_any_learner(self, desk: Fixture) -> None:
        assert await desk.hub.newest_for("ada", "numbers") is None
        await save(desk, "from the lab")
        notebook = notebook_of("from the spawner")
        saved = SavedNotebook(saved=desk.clock.now, digest=notebook_digest(notebook), notebook=notebook)
        await desk.hub.keep_for("ada", "numbers", saved)
        newest = await desk.hub.newest_for("ada", "numbers")
        assert newest.notebook == notebook
        assert await digests(desk) == [newest.digest, notebook_digest(notebook_of("from the lab"))]

    @pytest.mark.parametrize("name", ["ada lovelace", "ada@example.org", "ädä"])
    async def test_names_that_need_escaping(self, desk: Fixture, name: str) -> None:
        notebook = notebook_of("x")
        saved = SavedNotebook(saved=desk.clock.now, digest=notebook_digest(notebook), notebook=notebook)
        await desk.hub.keep_for(name, "numbers", saved)
        assert (await desk.hub.newest_for(name, "numbers")).notebook == notebook
        assert await digests(desk, user=name) == [notebook_digest(notebook)]
