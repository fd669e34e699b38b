"""Hints over the real tables, the real queue and the scripted model; the runner's part is played from a recording."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncSession

from feedback.adapters.cache_directory import DirectoryCache
from feedback.assistance.service import AssistanceService
from feedback.baseline import Baselines
from feedback.firewalls import KeptFirewalls
from feedback.hints.changes import Changes
from feedback.hints.engines import AcceptedSolutions, RepairEngine
from feedback.hints.job import HintJob
from feedback.hints.metrics import HintMetrics
from feedback.hints.models import HintRow
from feedback.hints.pipeline import HintPipeline
from feedback.hints.repository import hint_to_make
from feedback.hints.service import HINT_JOB, HINT_QUEUE, HintService
from feedback.hints.settings import HintSettings
from feedback.model.adapters.script import Answer, Script
from feedback.model.adapters.scripted import ScriptedModel
from feedback.model.port import ChatModel, ModelAnswer, ModelDelta, ModelRequest, Purpose
from feedback.models import JOBS
from feedback.pipeline import Checker
from feedback.ports import Runs
from feedback.words.rules import RuleWords
from services.contracts.assistance import AiChoice
from services.contracts.case import AuthorCase
from services.contracts.hint import AskHint, HintKind, HintView, RateHint
from services.contracts.identity import AiMode, Role, ScopeClaims, Strictness
from services.contracts.observation import (
    CellOutcome,
    CheckOutcome,
    CodeError,
    Observation,
    ProbeOutcome,
    RunRequest,
)
from services.kit.adapters.job_rows import TableTimes
from services.kit.adapters.jobs_table import TableJobQueue
from services.kit.database import Database
from services.kit.jobs import Held, Lease
from services.kit.migrations import migrate
from tests.services.feedback.conftest import ScriptedRuns, Shelf, answered, shop

GOOD = 'table = pd.DataFrame({"name": names, "price": prices}).dropna()\nmean_price = table["price"].mean()  # good'
BAD = 'table = pd.DataFrame({"name": names, "price": prices}).fillna(0)\nmean_price = table["price"].mean()'
HINT = "What does a thing whose price nobody knows add to the mean?"
FAST = TableTimes(poll=timedelta(seconds=0.1), backoff=timedelta(seconds=0.02))


def seen(request: RunRequest) -> Observation:
    """Work is right when its answer says so, or is the reference; code with `slow` or `middling` takes its time."""
    text = "\n".join(cell.source for cell in request.cells)
    right = "# good" in text or "notna()" in text
    status = "passed" if right else "failed"
    error = None if right else CodeError(type="AssertionError", message="not yet")
    value = {"kind": "scalar", "type": "float", "family": "float", "value": 1.0 if right else 2.0}
    return Observation(
        cells=tuple(
            CellOutcome(
                id=cell.id,
                status="ok",
                cpu_ms=500 if "slow" in cell.source else 100 if "middling" in cell.source else 5,
            )
            for cell in request.cells
        ),
        checks=tuple(CheckOutcome(id=check.id, status=status, error=error) for check in request.checks),
        probes=tuple(ProbeOutcome(id=probe.id, value=value) for probe in request.probes),
        complete=True,
    )


def cells_answer(source: str, cell: str = "shelf") -> str:
    """What a model answers when it is asked for cells."""
    return json.dumps({"cells": [{"id": cell, "source": source}]})


def hint_answer(hint: str = HINT, explanation: str = "They fill the gaps.") -> str:
    """What a model answers when it is asked for a hint."""
    return json.dumps({"explanation": explanation, "hint": hint})


HELPFUL: Mapping[Purpose, Sequence[Answer]] = {
    "repair": (cells_answer(GOOD),),
    "hint": (hint_answer(),),
    "simulate": (cells_answer(GOOD),),
}


class Listening:
    """A model that notes what it was asked."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self.requests: list[ModelRequest] = []

    @property
    def name(self) -> str:
        return self._model.name

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta | ModelAnswer]:
        self.requests.append(request)
        async for part in self._model.stream(request):
            yield part

    def asked(self, purpose: Purpose) -> list[str]:
        """The whole text of each prompt for this purpose."""
        return ["\n".join(m.content for m in r.messages) for r in self.requests if r.purpose == purpose]


def scope_of(
    user: str = "ada",
    *,
    mode: AiMode = "full",
    strictness: Strictness = "light",
    subtask: str | None = "shelf",
    case: str = "shop",
    version: str = "a" * 64,
) -> ScopeClaims:
    return ScopeClaims(
        user=user,
        role=Role.LEARNER,
        case=case,
        case_version=version,
        subtask=subtask,
        ai_mode=mode,
        strictness=strictness,
        expires=datetime.now(UTC) + timedelta(minutes=5),
    )


def ask_for(kind: HintKind = "debug", answer: str = BAD, case: AuthorCase | None = None) -> AskHint:
    return AskHint(subtask="shelf", kind=kind, cells=answered(case or shop(), shelf=answer))


class Attended:
    """The job that makes hints, and whether it is at work.

    A learner may read a hint before the worker has got back from the disk and counted it.
    """

    def __init__(self, job: HintJob) -> None:
        self._job, self._running, self._idle = job, 0, asyncio.Event()
        self._idle.set()

    async def run(self, lease: Lease) -> None:
        self._running += 1
        self._idle.clear()
        try:
            await self._job.run(lease)
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def gave_up(self, session: AsyncSession, job: Held, error: str) -> None:
        await self._job.gave_up(session, job, error)

    async def at_rest(self) -> None:
        await self._idle.wait()


@dataclass
class HintBench:
    """Everything that makes hints, in one process."""

    db: Database
    service: HintService
    job: HintJob
    queue: TableJobQueue
    choices: AssistanceService
    registry: CollectorRegistry
    cases: Shelf
    model: Listening | None = None
    concurrency: int = 2

    async def consent(self, *users: str, ai: bool = True) -> None:
        for user in users:
            await self.choices.choose(scope_of(user), AiChoice(ai=ai))

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[Attended]:
        attended = Attended(self.job)
        worker = asyncio.create_task(self.queue.work(HINT_QUEUE, {HINT_JOB: attended}, self.concurrency))
        try:
            yield attended
        finally:
            worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await worker

    async def made(self, request: AskHint, scope: ScopeClaims | None = None) -> HintView:
        """Ask, and wait for the end (or for the learner's turn)."""
        scope = scope or scope_of()
        asked = await self.service.ask(request, scope)
        async with self.working() as worker:
            settled = await self.settled(asked.id, scope)
            async with asyncio.timeout(30):
                await worker.at_rest()
            return settled

    async def settled(self, hint: str, scope: ScopeClaims) -> HintView:
        async with asyncio.timeout(30):
            async for view in self.service.follow(hint, scope):
                if view.state != "working":
                    return view
        raise AssertionError("the hint came to no end")

    async def rated(self, hint: HintView, scope: ScopeClaims | None = None) -> HintView:
        return await self.service.rate(hint.id, RateHint(helpful=True), scope or scope_of())

    async def row(self, hint: str) -> HintRow:
        async with self.db.read() as session:
            row = await hint_to_make(session, hint)
        assert row is not None
        return row

    def counted(self, **labels: str) -> float:
        return self.registry.get_sample_value("caseloop_hints_total", labels) or 0.0


def model_of(answers: Mapping[Purpose, Sequence[Answer]]) -> Listening:
    return Listening(ScriptedModel(Script(answers={**HELPFUL, **answers})))


def database_url(folder: Path) -> str:
    """Where the tables of that folder are; a test may put them elsewhere."""
    return f"sqlite+aiosqlite:///{folder / 'feedback.sqlite'}"


def open_bench(
    folder: Path,
    model: Listening | None,
    *cases: AuthorCase,
    runs: Runs | None = None,
    engines: Iterable[RepairEngine] = (AcceptedSolutions(),),
    times: TableTimes = FAST,
    **settings: Any,
) -> HintBench:
    """Open the tables in that folder (migrated before) with everything around them."""
    db = Database(database_url(folder))
    runs = runs or ScriptedRuns(seen)
    checker = Checker(runs, Baselines(runs, DirectoryCache(folder / "baselines")), RuleWords())
    chosen = HintSettings(_env_file=None, look_seconds=0.1, faster_ms=1, **settings)  # type: ignore[call-arg]
    shelf, changes, registry = Shelf(*(cases or (shop(),))), Changes(), CollectorRegistry()
    queue = TableJobQueue(db, JOBS, times)
    choices = AssistanceService(db, model.name if model else None, False)
    pipeline = HintPipeline(checker, runs, model, KeptFirewalls(4), chosen, tuple(engines))
    metrics = HintMetrics(registry)
    service = HintService(db, queue, shelf, checker, choices, changes, chosen, metrics=metrics)
    job = HintJob(db, shelf, pipeline, choices, changes, metrics)
    return HintBench(db, service, job, queue, choices, registry, shelf, model)


async def prepare(folder: Path) -> None:
    """Make the tables."""
    db = Database(database_url(folder))
    await migrate(db, "feedback")
    await db.close()
