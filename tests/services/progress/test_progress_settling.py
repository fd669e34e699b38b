"""Cells reach the disk while they are judged, and no verdict is told before they have."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from services.contracts.errors import ServiceError
from services.contracts.feedback import Verdict
from services.contracts.progress import Conclude
from services.kit.adapters.objects_directory import DirectoryObjectStore
from services.progress import settling
from services.progress.settling import Settling

Fixture = Any


class Disk:
    """An object store's, which can be slow or refuse."""

    def __init__(self, objects: DirectoryObjectStore, patch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.broken = False
        self._settle = objects.settle
        patch.setattr(objects, "settle", self.settle)

    async def settle(self, digest: str) -> None:
        self.asked.append(digest)
        await self.may_go_on.wait()
        if self.broken:
            raise OSError(5, "Input/output error")
        await self._settle(digest)


@pytest.fixture
def disk(desk: Fixture, monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(desk.objects, monkeypatch)


async def test_a_submission_does_not_wait_for_the_disk_and_its_verdict_does(
    desk: Fixture, disk: Disk, submit_of: Fixture, feedback_of: Fixture
) -> None:
    disk.may_go_on.clear()
    recorded = await desk.client.submit(submit_of("x = 1"), desk.scope())
    conclude = Conclude(submission=recorded.submission, feedback=feedback_of(Verdict.APPROVED, 4))
    concluding = asyncio.create_task(desk.client.conclude(conclude, desk.scope()))
    while not (await desk.client.history(desk.scope()))[0].verdict:
        await asyncio.sleep(0.001)
    assert not concluding.done()
    disk.may_go_on.set()
    assert (await concluding).points == 4
    assert len(disk.asked) == 1


async def test_a_disk_that_refuses_is_asked_again_before_a_verdict_is_told(
    desk: Fixture, disk: Disk, submit_of: Fixture, feedback_of: Fixture
) -> None:
    disk.broken = True
    recorded = await desk.client.submit(submit_of("x = 1"), desk.scope())
    conclude = Conclude(submission=recorded.submission, feedback=feedback_of(Verdict.APPROVED, 4))
    for _ in range(2):
        with pytest.raises((ServiceError, OSError)):
            await desk.client.conclude(conclude, desk.scope())
    disk.broken = False
    assert (await desk.client.conclude(conclude, desk.scope())).points == 4
    assert len(disk.asked) == 4


async def test_what_was_begun_by_another_process_or_long_ago_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "_MOST", 2)
    objects = DirectoryObjectStore(tmp_path)
    disk = Disk(objects, monkeypatch)
    settles = Settling(objects)
    first, second, third = [await objects.put(data, survives=False) for data in (b"1", b"2", b"3")]
    for digest in (first, second, third):
        settles.begin(digest)
        settles.begin(digest)
    await settles.settled(third)
    assert disk.asked == [first, second, third]
    await settles.settled(first)
    await settles.settled("a" * 64)
    assert disk.asked == [first, second, third, first, "a" * 64]
