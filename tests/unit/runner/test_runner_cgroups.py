"""A session joins its group beside everything else, and one that nobody waits for any more leaves none."""

import asyncio
import threading
from pathlib import Path

import pytest

from services.runner import cgroups
from services.runner.cgroups import Cgroups


async def test_a_process_is_moved_in_another_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []

    class Moving(cgroups.Group):
        def __init__(self, memory: Path, pids: Path, pid: int) -> None:
            threads.append(threading.get_ident())
            super().__init__(memory, pids, pid)

    monkeypatch.setattr(cgroups, "Group", Moving)
    await Cgroups(tmp_path, tmp_path).group(17)
    assert threads != [threading.get_ident()]
    assert len(threads) == 1
    assert [file.read_text() for file in tmp_path.glob("caseloop-*-17/cgroup.procs")] == ["17"]


def test_limits_are_written_when_they_are_others(tmp_path: Path) -> None:
    group = cgroups.Group(tmp_path / "g", tmp_path / "g", 17)
    group.limit(64, 10)
    written = tmp_path / "g" / "memory.max"
    assert (written.read_text(), (tmp_path / "g" / "pids.max").read_text()) == (str(64 << 20), "10")
    written.unlink()
    group.limit(64, 10)
    assert not written.exists()
    group.limit(64, 11)
    assert (written.read_text(), (tmp_path / "g" / "pids.max").read_text()) == (str(64 << 20), "11")


async def test_a_group_that_nobody_waits_for_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, removed = threading.Event(), threading.Event(), []

    class Slow:
        def __init__(self, *_: object) -> None:
            begun.set()
            go_on.wait(10)

        async def close(self) -> None:
            removed.append(self)

    monkeypatch.setattr(cgroups, "Group", Slow)
    opening = asyncio.create_task(Cgroups(tmp_path, tmp_path).group(17))
    await asyncio.to_thread(begun.wait, 10)
    opening.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert len(removed) == 1
