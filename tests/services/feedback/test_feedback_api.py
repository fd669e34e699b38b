"""The service over HTTP: who may ask, what a scope decides, and whose fault it is when nothing can be judged."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from feedback.adapters.cache_directory import DirectoryCache
from feedback.baseline import Baselines
from feedback.pipeline import Checker, last
from feedback.words.rules import RuleWords
from services.contracts.case import AuthorCase, Compare
from services.contracts.errors import ServiceError
from services.contracts.feedback import CheckRequest, Judged, Stage, TrialRequest, Verdict
from services.contracts.notebook import Cell
from services.contracts.observation import (
    CellOutcome,
    CheckOutcome,
    CodeError,
    Observation,
    ProbeOutcome,
    RunFailed,
    RunFinished,
    RunRequest,
)

VERSION = "a" * 64


def scalar(number: float) -> dict[str, Any]:
    return {"kind": "scalar", "type": "float", "family": "float", "value": number}


def passed(request: RunRequest, number: float = 1) -> Observation:
    """What a run shows in which everything goes well."""
    return Observation(
        cells=tuple(CellOutcome(id=cell.id, status="ok") for cell in request.cells),
        checks=tuple(CheckOutcome(id=check.id, status="passed") for check in request.checks),
        probes=tuple(ProbeOutcome(id=probe.id, value=scalar(number)) for probe in request.probes),
        complete=True,
    )


@pytest.fixture
def cells() -> tuple[Cell, ...]:
    return (Cell(id="shelf", source="x = 1"),)


@pytest.fixture
def request_(cells: tuple[Cell, ...]) -> CheckRequest:
    return CheckRequest(subtask="shelf", cells=cells)


Door = Callable[..., Any]
Scripted = Callable[..., Any]


async def test_a_check_streams_its_stages_and_ends_in_a_verdict(
    door: Door, scripted: Scripted, request_: CheckRequest
) -> None:
    async with door(scripted(passed)) as opened:
        events = [event async for event in opened.client.check(request_, opened.scope())]
    assert [e.name for e in events if isinstance(e, Stage)] == ["restoring", "comparing"]
    assert isinstance(events[-1], Judged)
    assert events[-1].feedback.verdict is Verdict.APPROVED
    assert events[-1].feedback.wall_ms > 0


@pytest.mark.parametrize("caller", ["progress", "cases", "runner", "hub", f"env/ada/shop/{VERSION}/n1"])
async def test_only_the_gateway_may_have_submissions_checked(
    door: Door, scripted: Scripted, request_: CheckRequest, caller: str
) -> None:
    runs = scripted(passed)
    async with door(runs, caller=caller) as opened:
        with pytest.raises(ServiceError) as caught:
            await opened.check(request_)
    assert (caught.value.status, caught.value.error) == (403, "caller_not_allowed")
    assert runs.requests == []


@pytest.mark.parametrize("caller", ["gateway", "progress"])
async def test_only_the_case_service_may_have_trials(door: Door, scripted: Scripted, caller: str) -> None:
    async with door(scripted(passed), caller=caller) as opened:
        with pytest.raises(ServiceError) as caught:
            await opened.client.trial(TrialRequest(version=VERSION, cells=()))
    assert caught.value.error == "caller_not_allowed"


async def test_a_trial_judges_every_subtask_or_those_asked_for(door: Door, scripted: Scripted, make_case: Any) -> None:
    cells = make_case().cells
    async with door(scripted(passed), caller="cases") as opened:
        everything = await opened.client.trial(TrialRequest(version=VERSION, cells=cells))
        one = await opened.client.trial(TrialRequest(version=VERSION, cells=cells, subtasks=("reduced",)))
        with pytest.raises(ServiceError) as caught:
            await opened.client.trial(TrialRequest(version=VERSION, cells=cells, subtasks=("nowhere",)))
    assert list(everything.feedback) == ["shelf", "reduced"]
    assert list(one.feedback) == ["reduced"]
    assert (caught.value.status, caught.value.error) == (404, "subtask_not_found")


async def test_without_a_scope_nothing_is_checked(door: Door, scripted: Scripted, request_: CheckRequest) -> None:
    async with door(scripted(passed)) as opened:
        for scope, error in (("", "scope_missing"), ("nonsense", "scope_invalid")):
            with pytest.raises(ServiceError) as caught:
                async for _ in opened.client.check(request_, scope):
                    pass
            assert (caught.value.status, caught.value.error) == (401, error)


async def test_the_scope_decides_version_and_subtask(door: Door, scripted: Scripted, request_: CheckRequest) -> None:
    async with door(scripted(passed)) as opened:
        with pytest.raises(ServiceError) as other_step:
            await opened.check(request_, opened.scope(subtask="reduced"))
        with pytest.raises(ServiceError) as other_version:
            await opened.check(request_, opened.scope(version="b" * 64))
        with pytest.raises(ServiceError) as no_step:
            await opened.check(CheckRequest(subtask="nowhere", cells=()))
    assert (other_step.value.status, other_step.value.error) == (403, "outside_scope")
    assert (other_version.value.status, other_version.value.error) == (404, "case_version_not_found")
    assert (no_step.value.status, no_step.value.error) == (404, "subtask_not_found")
    assert "shelf, reduced" in no_step.value.detail


FAULTY = [
    RunFailed(error="sandbox_unavailable", detail="bubblewrap is not installed"),
    ServiceError("runner", 503, "service_unavailable", "runner could not be reached"),
    ServiceError("runner", 500, "internal_error", "?"),
]


@pytest.mark.parametrize("fault", FAULTY, ids=["failed", "away", "broken"])
async def test_what_the_platform_breaks_is_not_the_learners(
    door: Door, scripted: Scripted, request_: CheckRequest, fault: Any
) -> None:
    state = {"fault": fault}
    async with door(scripted(lambda request: state["fault"] or passed(request))) as opened:
        feedback = await opened.check(request_)
        assert (feedback.verdict, feedback.fault) == (Verdict.COULD_NOT_JUDGE, "platform")
        assert "our side" in feedback.headline
        assert "bubblewrap" not in feedback.model_dump_json()
        # It is not remembered: the next check works.
        state["fault"] = None
        assert (await opened.check(request_)).verdict is Verdict.APPROVED
        # And with the reference known, so is a fault of the learner's own run.
        state["fault"] = fault
        assert (await opened.check(request_)).fault == "platform"


async def test_a_case_service_that_is_away_is_the_platforms_fault(
    door: Door, scripted: Scripted, request_: CheckRequest
) -> None:
    async with door(scripted(passed)) as opened:
        opened.shelf.away = True
        feedback = await opened.check(request_)
        assert (feedback.verdict, feedback.fault) == (Verdict.COULD_NOT_JUDGE, "platform")
        opened.shelf.away = False
        assert (await opened.check(request_)).verdict is Verdict.APPROVED
        await opened.check(request_)
    assert opened.shelf.asked == 2


def failing(request: RunRequest) -> Observation:
    error = CodeError(type="AssertionError", message="expected 4711")
    seen = passed(request)
    return seen.model_copy(
        update={"checks": tuple(c.model_copy(update={"status": "failed", "error": error}) for c in seen.checks)}
    )


def raising(request: RunRequest) -> Observation:
    error = CodeError(type="FileNotFoundError", message="data/prices.csv")
    seen = passed(request)
    return seen.model_copy(update={"cells": (seen.cells[0].model_copy(update={"status": "error", "error": error}),)})


def lost(request: RunRequest) -> Observation:
    return passed(request).model_copy(update={"complete": False, "lost": "time"})


def nameless(request: RunRequest) -> Observation:
    seen = passed(request)
    return seen.model_copy(update={"probes": tuple(ProbeOutcome(id=p.id, missing=True) for p in seen.probes)})


def unsteady(request: RunRequest) -> Observation:
    return passed(request, number=request.seed)


def unknowable(request: RunRequest) -> Observation:
    other = {"kind": "other", "type": "Figure", "module": "matplotlib.figure", "bases": []}
    seen = passed(request)
    return seen.model_copy(update={"probes": tuple(ProbeOutcome(id=p.id, value=other) for p in seen.probes)})


@pytest.mark.parametrize(
    ("reference", "word"),
    [
        (failing, "does not pass check-shelf"),
        (raising, "raises in cell set-up: FileNotFoundError"),
        (lost, "is lost: time"),
        (nameless, "has no table"),
        (unsteady, "another random seed"),
        (unknowable, "cannot be compared"),
    ],
)
async def test_a_reference_that_fails_is_the_cases_fault(
    door: Door, scripted: Scripted, request_: CheckRequest, reference: Any, word: str
) -> None:
    runs = scripted(reference)
    async with door(runs) as opened:
        feedback = await opened.check(request_)
    assert (feedback.verdict, feedback.fault) == (Verdict.COULD_NOT_JUDGE, "case")
    assert "not with your work" in feedback.headline
    assert word in " ".join(e.fact for e in feedback.findings[0].evidence)
    assert "4711" not in feedback.for_learner().model_dump_json()
    assert len(runs.requests) == 2, "the learner's code is not run against a reference that fails"


async def test_a_subtask_that_nothing_decides_is_the_cases_fault(
    door: Door, scripted: Scripted, request_: CheckRequest, make_case: Any
) -> None:
    bare = make_case().subtasks[0].model_copy(update={"checks": (), "compare": (Compare(name="table", decides=False),)})
    async with door(scripted(passed), make_case(subtasks=(bare,))) as opened:
        feedback = await opened.check(request_)
    assert feedback.fault == "case"


async def test_too_much_code_needs_work_and_runs_nothing(door: Door, scripted: Scripted) -> None:
    runs = scripted(passed)
    many = tuple(Cell(id=f"c{n}", source="x" * 180_000) for n in range(6))
    async with door(runs) as opened:
        feedback = await opened.check(CheckRequest(subtask="shelf", cells=many))
    assert (feedback.verdict, feedback.fault) == (Verdict.NEEDS_WORK, "learner")
    assert "characters of code" in feedback.remarks[0]
    assert runs.requests == []


def checker(runs: Any, folder: Path) -> Checker:
    return Checker(runs, Baselines(runs, DirectoryCache(folder)), RuleWords())


async def test_the_reference_is_run_once_however_many_come_at_the_same_time(
    scripted: Scripted, make_case: Any, request_: CheckRequest, tmp_path: Path
) -> None:
    case: AuthorCase = make_case()
    runs = scripted(passed, delay=0.05)
    judge = checker(runs, tmp_path)
    await asyncio.gather(*(last(judge.check(case, request_)) for _ in range(20)))
    assert len(runs.requests) == 2 + 20


async def test_the_reference_is_remembered_over_a_restart(
    scripted: Scripted, make_case: Any, request_: CheckRequest, tmp_path: Path
) -> None:
    first, second, third = (scripted(passed) for _ in range(3))
    await last(checker(first, tmp_path).check(make_case(), request_))
    await last(checker(second, tmp_path).check(make_case(), request_))
    assert (len(first.requests), len(second.requests)) == (3, 1)
    for kept in tmp_path.rglob("*.json"):
        kept.write_bytes(b"{damaged")
    feedback = await last(checker(third, tmp_path).check(make_case(), request_))
    assert feedback.verdict is Verdict.APPROVED
    assert len(third.requests) == 3


async def test_another_version_has_a_reference_of_its_own(
    scripted: Scripted, make_case: Any, request_: CheckRequest, tmp_path: Path
) -> None:
    runs = scripted(passed)
    judge = checker(runs, tmp_path)
    for version in ("a" * 64, "b" * 64):
        await last(judge.check(make_case(version), request_))
    assert len(runs.requests) == 6


async def test_a_check_that_is_broken_off_stops_its_run(
    scripted: Scripted, make_case: Any, request_: CheckRequest, tmp_path: Path
) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    class Slow:
        async def run(self, request: RunRequest) -> Any:
            if request.cells[-1].source == "x = 1":
                begun.set()
                try:
                    await asyncio.sleep(60)
                finally:
                    ended.set()
            yield RunFinished(observation=passed(request))

    task = asyncio.create_task(last(checker(Slow(), tmp_path).check(make_case(), request_)))
    await asyncio.wait_for(begun.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(ended.wait(), 30)


async def test_the_same_submission_always_gets_the_same_seed(
    scripted: Scripted, make_case: Any, request_: CheckRequest, tmp_path: Path
) -> None:
    runs = scripted(passed)
    judge = checker(runs, tmp_path)
    for _ in range(3):
        await last(judge.check(make_case(), request_))
    reference, mine = runs.requests[:2], runs.requests[2:]
    assert len({r.seed for r in reference}) == 2
    assert len({r.seed for r in mine}) == 1
    assert mine[0].seed in {r.seed for r in reference}


async def test_nothing_expected_is_sent_to_the_runner(
    scripted: Scripted, make_case: Any, request_: CheckRequest, tmp_path: Path
) -> None:
    runs = scripted(passed)
    await last(checker(runs, tmp_path).check(make_case(), request_))
    sent = runs.requests[-1].model_dump_json()
    assert "notna" not in sent
    assert "tolerance" not in sent
