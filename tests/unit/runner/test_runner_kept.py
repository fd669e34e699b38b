"""Sessions with snapshots are kept no longer, and no more of them, than settings say."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from services.contracts.observation import CodeCell, Keep, RunRequest
from services.runner.kept import KeptSessions
from services.runner.sandboxes import Plan
from services.runner.session import Session
from services.runner.settings import RunnerSettings

PLAN = Plan(environment="kept", imports=(), case=Path("case"), file_mb=32)


@dataclass(eq=False)
class Weighing:
    """A session that weighs so many MB, once it may be known."""

    mb: float = 0.0
    trouble: Exception | None = None
    known: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    kept: tuple[int, ...] = (1,)
    alive: bool = True

    async def memory_mb(self) -> float:
        await self.known.wait()
        if self.trouble:
            raise self.trouble
        return self.mb


def weighed(mb: float) -> Weighing:
    session = Weighing(mb)
    session.known.set()
    return session


@dataclass
class Shelf:
    """Kept sessions under given bounds."""

    sessions: KeptSessions

    def put(self, session: Weighing, owner: str) -> None:
        self.sessions.put(cast("Session", session), asked(owner), PLAN)

    def take(self, owner: str) -> Weighing | None:
        found = self.sessions.take(asked(owner), PLAN)
        return cast("Weighing", found[0]) if found else None


def asked(owner: str) -> RunRequest:
    keep = Keep(owner=owner, then="edited")
    return RunRequest(environment="kept", cells=(CodeCell(id="a", source="x = 1"),), keep=keep)


def shelf(**bounds: float) -> Shelf:
    def end(session: Session) -> None:
        cast("Weighing", session).ended.set()

    nowhere = Path("nowhere")
    settings = RunnerSettings(_env_file=None, learner_env=nowhere, cache=nowhere)
    settings = settings.model_copy(update={"kept": 16, "kept_mb": 1_000, **bounds})
    return Shelf(KeptSessions(settings, end, weighed_after=0))


async def turns() -> None:
    """Let what is ready happen: a weight becomes known, and room is made."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_one_that_nobody_uses_is_ended_when_its_time_is_over() -> None:
    short = shelf(kept_seconds=0.01)
    session = weighed(1)
    short.put(session, "ana")
    await session.ended.wait()
    assert short.take("ana") is None


async def test_each_use_begins_its_time_anew_and_what_is_taken_has_none() -> None:
    long = shelf(kept_seconds=3_600)
    session, clock = weighed(1), asyncio.get_running_loop().time
    long.put(session, "ana")
    first = long.sessions._kept["ana"].expiry
    assert 0 < first.when() - clock() <= 3_600
    assert long.take("ana") is session
    assert first.cancelled()
    long.put(session, "ana")
    second = long.sessions._kept["ana"].expiry
    assert second.when() > first.when()
    assert not session.ended.is_set()
    long.sessions.close()
    assert second.cancelled()
    assert session.ended.is_set()


async def test_too_much_memory_together_pushes_the_oldest_out() -> None:
    small = shelf(kept_seconds=3_600, kept_mb=1_000)
    ana, bea, cid = weighed(400), weighed(500), weighed(300)
    for session, owner in ((ana, "ana"), (bea, "bea")):
        small.put(session, owner)
    await turns()
    assert not ana.ended.is_set()
    small.put(cid, "cid")
    await turns()
    assert [one.ended.is_set() for one in (ana, bea, cid)] == [True, False, False]
    small.sessions.close()


async def test_one_used_again_is_not_the_oldest_any_more() -> None:
    small = shelf(kept_seconds=3_600, kept_mb=1_000)
    ana, bea, cid = weighed(400), weighed(500), weighed(300)
    for session, owner in ((ana, "ana"), (bea, "bea")):
        small.put(session, owner)
    await turns()
    assert small.take("ana") is ana
    small.put(ana, "ana")
    small.put(cid, "cid")
    await turns()
    assert [one.ended.is_set() for one in (ana, bea, cid)] == [False, True, False]
    small.sessions.close()


async def test_one_that_alone_is_too_much_is_not_kept() -> None:
    small = shelf(kept_seconds=3_600, kept_mb=1_000)
    light, heavy = weighed(10), Weighing(1_001)
    small.put(light, "ana")
    small.put(heavy, "bea")
    await turns()
    assert not heavy.ended.is_set()
    heavy.known.set()
    await heavy.ended.wait()
    assert small.take("bea") is None


@pytest.mark.parametrize("mb", [999, 1_001])
async def test_a_weight_that_cannot_be_told_counts_nothing(mb: float) -> None:
    small = shelf(kept_seconds=3_600, kept_mb=1_000)
    gone, other = weighed(0), weighed(mb)
    gone.trouble = OSError("it has ended")
    small.put(gone, "ana")
    small.put(other, "bea")
    await turns()
    assert other.ended.is_set() == (mb > 1_000)
    small.sessions.close()
