"""Mistakes that fail the same check and are not the same: whose remembered answer a learner gets."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from feedback.hints.task import HintTask
from feedback.repair.engine import Repaired
from feedback.repair_signatures import RepairSignatures
from feedback.running import PlatformFailed
from services.contracts.escalation import MemoryEntry, Recall, Recalled
from services.contracts.feedback import CheckRequest
from services.kit.http import in_process_client
from services.runner.service import Runner
from tests.services.feedback.conftest import REDUCED, TABLE, answered, shop
from tests.services.feedback.hints.hint_bench import scope_of

Door = Callable[..., Any]
WORDS = "Who pays what is taken off?"
WRONG = REDUCED.replace("price - price * percent / 100", "price * percent / 100")
SAME_IN_OTHER_NAMES = WRONG.replace("percent", "share").replace("price", "cost")
OTHER = REDUCED.replace(REDUCED.splitlines(keepends=True)[-1], "    print(price - price * percent / 100)\n")


def asked(source: str, subtask: str = "reduced") -> CheckRequest:
    return CheckRequest(subtask=subtask, cells=answered(shop(), **{subtask: source}))


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found is asked here, and not how soon: the machine may be busy."""
    monkeypatch.setattr("feedback.service.MISTAKE_SECONDS", 60)
    monkeypatch.setattr("feedback.remembering.REPAIR_SECONDS", 60)


@dataclass
class Remembered:
    """Mentors' memory: one answer to one signature."""

    signature: str | None = None
    asked: list[Recall] = field(default_factory=list)

    async def recall(self, recall: Recall, scope: str) -> Recalled:
        self.asked.append(recall)
        given = {} if recall.look_only or self.signature not in recall.signatures else {self.signature: self.entry()}
        return Recalled(entries=given, known=self.signature is not None)

    def entry(self) -> MemoryEntry:
        assert self.signature is not None
        return MemoryEntry(
            id="c" * 32, case="shop", case_version=None, subtask="reduced", signature=self.signature, text=WORDS,
            mentor="Grace", written=datetime(2026, 11, 20, tzinfo=UTC),
        )  # fmt: skip


@pytest.mark.sandbox
@pytest.mark.asyncio(loop_scope="module")
async def test_the_same_mistake_is_answered_and_another_that_fails_the_same_is_not(door: Door, runner: Runner) -> None:
    memory = Remembered()
    async with door(runner, memory=memory) as opened:
        told = [(await opened.client.mistake(asked(s), opened.scope())).signature for s in (WRONG, OTHER)]
        assert all(told), "both are repaired"
        assert told[0] != told[1]
        renamed = await opened.client.mistake(asked(SAME_IN_OTHER_NAMES), opened.scope())
        assert renamed.signature == told[0]

        # Nobody has answered anything about this step: whose mistake it is, is not asked.
        assert (await opened.check(asked(WRONG))).findings[0].remembered is None
        assert [recall.look_only for recall in memory.asked] == [True]

        memory.signature = told[0]
        first, *others = (await opened.check(asked(SAME_IN_OTHER_NAMES))).findings
        assert (first.mentor, first.mentor_name) == (WORDS, "Grace")
        assert all(finding.remembered is None for finding in others)
        other = (await opened.check(asked(OTHER))).findings
        assert other
        assert all(finding.remembered is None for finding in other)
        assert memory.asked[-1].signatures == (told[1],)

        async with in_process_client(opened.app, "supervisor") as supervisor:
            figures = (await supervisor.get("/metrics")).text
        assert 'caseloop_memory_recalls_total{outcome="given"} 1.0' in figures
        assert 'caseloop_memory_recalls_total{outcome="none"} 2.0' in figures


@pytest.mark.sandbox
@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_not_repaired_has_no_signature_of_its_own(door: Door, runner: Runner) -> None:
    async with door(runner) as opened:
        for request in (asked("(\n" * 400), asked(REDUCED), asked(TABLE, "shelf")):
            assert (await opened.client.mistake(request, opened.scope())).signature is None


@pytest.mark.sandbox
@pytest.mark.asyncio(loop_scope="module")
async def test_a_cell_of_values_and_one_that_does_not_parse_have_signatures(door: Door, runner: Runner) -> None:
    renamed = TABLE.replace("table = pd", "whole = pd").replace('table[table["price"]', 'whole[whole["price"]')
    no_colon, renamed_too = REDUCED.replace("100:", "100"), REDUCED.replace("100:", "100").replace("percent", "share")
    async with door(runner) as opened:

        async def told(source: str, step: str) -> str | None:
            return (await opened.client.mistake(asked(source, step), opened.scope())).signature

        summed = [await told(one.replace("mean()", "sum()"), "shelf") for one in (TABLE, renamed, "# mine\n" + TABLE)]
        assert summed[0]
        assert len(set(summed)) == 1
        assert await told(TABLE.replace("notna", "isna"), "shelf") != summed[0]
        unread = [await told(one, "reduced") for one in (no_colon, renamed_too)]
        assert unread[0]
        assert "unreadable" in unread[0]
        assert unread[0] == unread[1]


@dataclass
class Slow:
    """Repairs that take until they are let go, or fail."""

    trouble: Exception | None = None
    begun: int = 0
    prepared: int = 0
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def repaired(self, task: HintTask) -> Repaired | None:
        self.begun += 1
        await self.go.wait()
        if self.trouble:
            raise self.trouble
        return None

    async def prepare(self, task: HintTask) -> None:
        self.prepared += 1
        if self.trouble:
            raise self.trouble


def task() -> HintTask:
    case = shop()
    subtask = case.subtask("reduced")
    assert subtask is not None
    return HintTask("debug", case, subtask, answered(case, reduced=WRONG), scope_of())


async def test_a_step_is_prepared_once_and_in_vain_if_the_runner_is_away() -> None:
    slow = Slow(PlatformFailed("runner_away", "nobody answers"))
    signatures = RepairSignatures(slow)
    for _ in range(3):
        signatures.prepare(task())
    await asyncio.gather(*signatures._preparing.values())
    assert slow.prepared == 1


async def test_who_does_not_wait_any_longer_leaves_the_work_to_the_next() -> None:
    slow = Slow()
    signatures = RepairSignatures(slow)
    assert await signatures.of(task(), 0.01) is None
    slow.go.set()
    assert await signatures.of(task(), 60) is None
    assert slow.begun == 1


async def test_a_runner_that_fails_is_asked_again() -> None:
    slow = Slow(PlatformFailed("runner_away", "nobody answers"))
    slow.go.set()
    signatures = RepairSignatures(slow)
    assert await signatures.of(task(), 60) is None
    assert await signatures.of(task(), 60) is None
    assert slow.begun == 2
