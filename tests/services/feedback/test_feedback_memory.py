"""Remembered answers in checks: who gets them, and that a memory in trouble costs a check nothing."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from feedback.firewalls import KeptFirewalls
from feedback.remembering import Remembering
from services.contracts.errors import ServiceError
from services.contracts.escalation import MemoryEntry, Recall, Recalled
from services.contracts.feedback import CheckRequest, Feedback, TrialRequest, Verdict
from services.contracts.identity import Role
from services.contracts.notebook import Cell
from services.contracts.observation import (
    CellOutcome,
    CheckOutcome,
    CodeError,
    Observation,
    ProbeOutcome,
    RunRequest,
)
from services.kit.http import in_process_client
from tests.services.feedback.conftest import FLAWS, TABLE
from tests.services.feedback.hints.hint_bench import scope_of

Door = Callable[..., Any]
Scripted = Callable[..., Any]
VERSION = "a" * 64
WROTE = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
WORDS = "Count the rows of `table` before and after your line: which goods have come back?"
REQUEST = CheckRequest(subtask="shelf", cells=(Cell(id="shelf", source="x = 1"),))


def observed(request: RunRequest) -> Observation:
    """The learner's run fails its checks; that of the reference, which has other code, does not."""
    wrong = any(cell.source == "x = 1" for cell in request.cells)
    error = CodeError(type="AssertionError", message="?")
    value = {"kind": "scalar", "type": "float", "family": "float", "value": 1}
    return Observation(
        cells=tuple(CellOutcome(id=cell.id, status="ok") for cell in request.cells),
        checks=tuple(
            CheckOutcome(id=check.id, status="failed", error=error)
            if wrong
            else CheckOutcome(id=check.id, status="passed")
            for check in request.checks
        ),
        probes=tuple(ProbeOutcome(id=probe.id, value=value) for probe in request.probes),
        complete=True,
    )


@dataclass
class Remembered:
    """What mentors remember: an answer to every signature, unless it is in trouble."""

    text: str = WORDS
    hangs: bool = False
    trouble: Exception | None = None
    also: dict[str, MemoryEntry] = field(default_factory=dict)
    asked: list[tuple[Recall, str]] = field(default_factory=list)
    knows: bool = True

    async def recall(self, recall: Recall, scope: str) -> Recalled:
        self.asked.append((recall, scope))
        if self.hangs:
            await asyncio.Event().wait()
        if self.trouble:
            raise self.trouble
        known = {signature: self.entry(signature) for signature in recall.signatures if self.knows}
        return Recalled(entries=known | self.also, known=self.knows or bool(self.also))

    def entry(self, signature: str, **changes: Any) -> MemoryEntry:
        whole = MemoryEntry(
            id="c" * 32, case="shop", case_version=None, subtask="shelf", signature=signature, text=self.text,
            mentor="Grace", written=WROTE,
        )  # fmt: skip
        return whole.model_copy(update=changes)


async def checked(door: Door, scripted: Scripted, memory: Remembered) -> tuple[Feedback, str]:
    """A learner's check that fails, and the service's figures after it."""
    async with door(scripted(observed), memory=memory) as opened:
        feedback = await opened.check(REQUEST)
        async with in_process_client(opened.app, "supervisor") as supervisor, asyncio.timeout(30):
            figures = (await supervisor.get("/metrics")).text
            while memory.text != WORDS and "caseloop_memory_leaks_total{" not in figures:
                await asyncio.sleep(0.05)
                figures = (await supervisor.get("/metrics")).text
    assert feedback.verdict is Verdict.NEEDS_WORK
    return feedback, figures


async def test_a_finding_carries_what_a_mentor_answered_to_the_same_mistake(door: Door, scripted: Scripted) -> None:
    memory = Remembered()
    feedback, figures = await checked(door, scripted, memory)
    first = feedback.findings[0]
    assert (first.mentor, first.remembered, first.mentor_name, first.mentor_wrote) == (WORDS, "c" * 32, "Grace", WROTE)
    (look, _), (recall, scope) = memory.asked
    assert (look.look_only, look.signatures) == (True, ()), "a repair is looked for only where there are answers"
    assert recall.subtask == "shelf"
    assert recall.signatures[0] == first.signature
    assert scope.count(".") == 2, "mentoring is asked with the learner's own scope token"
    assert 'caseloop_memory_recalls_total{outcome="given"} 1.0' in figures
    # nothing else of the feedback has changed
    assert first.message
    assert first.evidence


async def test_an_answer_that_was_edited_says_so_by_its_date(door: Door, scripted: Scripted) -> None:
    later = datetime(2026, 11, 24, tzinfo=UTC)
    memory = Remembered()
    plain, _ = await checked(door, scripted, memory)
    signature = plain.findings[0].signature
    memory.also[signature] = memory.entry(signature, edited=later)
    feedback, _ = await checked(door, scripted, memory)
    assert feedback.findings[0].mentor_wrote == later


async def test_approved_work_asks_nobody(door: Door, scripted: Scripted) -> None:
    memory = Remembered()
    right = CheckRequest(subtask="shelf", cells=(Cell(id="shelf", source=TABLE),))
    async with door(scripted(observed), memory=memory) as opened:
        assert (await opened.check(right)).verdict is Verdict.APPROVED
    assert memory.asked == []


async def test_what_was_not_asked_for_is_not_given(door: Door, scripted: Scripted) -> None:
    memory = Remembered(knows=False)
    memory.also["another-step|value#0"] = memory.entry("another-step|value#0")
    feedback, _ = await checked(door, scripted, memory)
    assert [finding.remembered for finding in feedback.findings] == [None] * len(feedback.findings)


TROUBLES = [
    (Remembered(hangs=True), "late"),
    (Remembered(trouble=ServiceError("mentoring", 503, "service_unavailable", "away")), "failed"),
    (Remembered(trouble=ValueError("not what was promised")), "failed"),
    (Remembered(knows=False), "none"),
]


@pytest.mark.parametrize(("memory", "outcome"), TROUBLES, ids=["slow", "away", "odd", "empty"])
async def test_a_memory_in_trouble_neither_breaks_nor_delays_a_check(
    door: Door, scripted: Scripted, memory: Remembered, outcome: str
) -> None:
    feedback, figures = await checked(door, scripted, memory)
    assert feedback.findings
    assert all(finding.remembered is None and finding.mentor is None for finding in feedback.findings)
    assert f'caseloop_memory_recalls_total{{outcome="{outcome}"}} 1.0' in figures


async def test_what_a_mentor_gives_away_is_shown_and_counted(door: Door, scripted: Scripted) -> None:
    feedback, figures = await checked(door, scripted, Remembered(text=f"Write this:\n```python\n{TABLE}\n```"))
    assert TABLE in (feedback.findings[0].mentor or "")
    assert "caseloop_memory_leaks_total{" in figures


@pytest.mark.sandbox
@pytest.mark.asyncio(loop_scope="module")
async def test_a_remembered_answer_wins_over_the_case_authors_words(bench: Any) -> None:
    """With a real runner: the flaw that the author foresaw, and a mentor who has answered it since."""
    foreseen = await bench.answers("shelf", **FLAWS[0].answer)
    assert foreseen.findings[0].mentor == FLAWS[0].words
    assert foreseen.findings[0].remembered is None
    remembering = Remembering(Remembered(), KeptFirewalls(2))
    request = CheckRequest(subtask="shelf", cells=())
    feedback = await remembering.remember(bench.case, request, foreseen, scope_of(), "a scope token")
    assert (feedback.findings[0].mentor, feedback.findings[0].mentor_name) == (WORDS, "Grace")


async def test_trials_and_mentors_who_try_code_out_are_given_nothing(door: Door, scripted: Scripted) -> None:
    memory = Remembered()
    async with door(scripted(observed), memory=memory, caller="cases") as opened:
        trial = await opened.client.trial(TrialRequest(version=VERSION, cells=REQUEST.cells, subtasks=("shelf",)))
    assert trial.feedback["shelf"].findings[0].remembered is None
    async with door(scripted(observed), memory=memory, caller="dashboard") as opened:
        tried = await opened.check(REQUEST, opened.scope(role=Role.MENTOR))
    assert tried.verdict is Verdict.NEEDS_WORK
    assert tried.findings[0].remembered is None
    assert memory.asked == []


@pytest.mark.parametrize("role", [Role.LEARNER, Role.QA])
async def test_the_dashboard_may_check_for_mentors_only(door: Door, scripted: Scripted, role: Role) -> None:
    runs = scripted(observed)
    async with door(runs, caller="dashboard") as opened:
        with pytest.raises(ServiceError) as caught:
            await opened.check(REQUEST, opened.scope(role=role))
    assert (caught.value.status, caught.value.error) == (403, "not_a_mentor")
    assert runs.requests == []
