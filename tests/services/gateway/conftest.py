"""The real gateway before the real progress and mentoring; doubles of the rest, made from the contracts' own models."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from services.contracts.case import LearnerCase, Quotas, SubtaskView
from services.contracts.clients.cases import CasesClient
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.clients.linting import LintingClient
from services.contracts.clients.mentoring import MentoringClient
from services.contracts.clients.progress import ProgressClient
from services.contracts.clients.service import SCOPE_HEADER
from services.contracts.escalation import Recall
from services.contracts.feedback import CheckRequest, Feedback, Judged, MistakeSignature, Stage, Verdict
from services.contracts.finding import Evidence, Finding
from services.contracts.identity import Role, ScopeClaims
from services.contracts.lab import LabCheck
from services.contracts.lint import LintFinding, LintReport, ReviewRequest, ToolRun
from services.contracts.notebook import Cell, Place
from services.gateway.app import create_app
from services.gateway.hub_users import HubApiUsers
from services.gateway.service import Backends
from services.gateway.settings import GatewaySettings
from services.kit.adapters.mail_outbox import OutboxMailer
from services.kit.adapters.objects_directory import DirectoryObjectStore
from services.kit.app import create_service, running
from services.kit.database import Database
from services.kit.errors import CaseloopError
from services.kit.http import in_process_client
from services.kit.peer import require_peer
from services.kit.scope import Scope, ScopeMinter, ScopeVerifier
from services.kit.stream import ndjson
from services.mentoring.app import create_app as create_mentoring
from services.progress.app import create_app as create_progress
from tests.databases import on_sqlite
from tests.services.gateway.assistant_double import Assistant

VERSION = "1" * 64
SECRET_FACT = "expected 42"


def learner_case(version: str = VERSION, number: int = 1, checks: int | None = None) -> LearnerCase:
    def view(name: str, index: int) -> SubtaskView:
        cells = (f"{name}-text", f"{name}-answer", f"{name}-check")
        return SubtaskView(id=name, title=name.title(), index=index, points=4, cells=cells, answer_cells=(cells[1],))

    return LearnerCase(
        id="numbers",
        version=version,
        number=number,
        title="Numbers",
        summary="Means and medians",
        level="introductory",
        minutes=30,
        ai_mode="lead_and_reveal",
        strictness="strict",
        topics=("statistics",),
        scope_mode="strict",
        languages=("en", "de"),
        quotas=Quotas(checks=checks),
        subtasks=(view("mean", 0), view("median", 1)),
        notebook={"cells": []},
        data=(),
    )


class CaseNotFound(CaseloopError):
    status, error = 404, "case_version_not_found"


class Exploded(CaseloopError):
    status, error = 500, "exploded"


@dataclass
class Hub:
    """A double of the Hub: one token a user."""

    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    status: int = 200
    down: bool = False

    def add(self, name: str, *groups: str, kind: str = "user") -> str:
        token = f"token-of-{name}"
        self.users[token] = {"kind": kind, "name": name, "groups": list(groups), "admin": False}
        return token

    def transport(self) -> httpx.AsyncBaseTransport:
        async def answer(request: httpx.Request) -> httpx.Response:
            assert request.url.path == "/hub/api/user"
            token = request.headers["Authorization"].removeprefix("token ")
            self.asked.append(token)
            await asyncio.sleep(0)
            if self.down:
                raise httpx.ConnectError("no such socket")
            if self.status != 200:
                return httpx.Response(self.status)
            user = self.users.get(token)
            return httpx.Response(200, json=user) if user else httpx.Response(403, json={"message": "Forbidden"})

        return httpx.MockTransport(answer)


@dataclass
class Judge:
    """A double of `feedback`: the answer cell's source says what it does."""

    scopes: list[ScopeClaims] = field(default_factory=list)
    requests: list[CheckRequest] = field(default_factory=list)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    """Ends the waiting of `hang`."""
    running: int = 0
    most_at_once: int = 0
    assistant: Assistant = field(default_factory=Assistant)
    """Words, hints and chat."""
    memory: MentoringClient | None = None
    """Where `known` code gets a remembered answer from, as the real one does for all code."""
    remembered: str | None = None
    """Id of the one it got last."""

    def app(self, verifier: ScopeVerifier) -> FastAPI:
        router = APIRouter(dependencies=[Depends(require_peer("gateway"))])

        @router.post("/checks")
        async def check(scope: Scope, body: CheckRequest, request: Request) -> StreamingResponse:
            self.scopes.append(scope)
            self.requests.append(body)
            if "known" in body.cells[-1].source:
                assert self.memory is not None
                recall = Recall(subtask=body.subtask, signatures=("mean:value",))
                recalled = await self.memory.recall(recall, request.headers[SCOPE_HEADER])
                self.remembered = recalled.entries["mean:value"].id
            return ndjson(self._events(body))

        @router.post("/mistakes")
        async def mistake(scope: Scope, body: CheckRequest) -> MistakeSignature:
            self.scopes.append(scope)
            return MistakeSignature(signature="mean:repair" if "repairable" in body.cells[-1].source else None)

        return create_service("feedback", [router, self.assistant.router()], scope_verifier=verifier)

    async def _events(self, request: CheckRequest) -> AsyncIterator[BaseModel]:
        source = request.cells[-1].source
        if "refuse" in source:
            raise Exploded("Something broke.")
        self.running += 1
        self.most_at_once = max(self.most_at_once, self.running)
        try:
            yield Stage(name="restoring")
            yield Stage(name="running", index=1, count=2)
            if "hang" in source:
                await self.release.wait()
            if "break" in source:
                raise Exploded("The connection breaks off after a few parts.")
            if "silent" in source:
                return
            yield Stage(name="comparing")
            yield Judged(feedback=self._feedback(source))
        finally:
            self.running -= 1

    def _feedback(self, source: str) -> Feedback:
        if "right" in source:
            return Feedback(verdict=Verdict.APPROVED, headline="This works.", points=4, max_points=4)
        if "unjudgeable" in source:
            return Feedback(verdict=Verdict.COULD_NOT_JUDGE, fault="case", headline="The case is broken.")
        evidence = Evidence(kind="value", subject="mean", fact=SECRET_FACT)
        finding = Finding(
            id="f1",
            kind="value",
            severity="error",
            subtask="mean",
            message="The mean is too large.",
            evidence=(evidence,),
            signature="mean:other" if "other" in source else "mean:value",
            confidence=0.4 if "doubtful" in source else 1.0,
            remembered=self.remembered if "known" in source else None,
        )
        return Feedback(
            verdict=Verdict.NEEDS_WORK,
            fault="learner",
            headline="Not yet.",
            findings=(finding,),
            points=1,
            max_points=4,
        )


def finding() -> LintFinding:
    return LintFinding(
        id="rough-0", tool="ruff", rule="E722", name="bare-except", severity="warning", category="correctness",
        place=Place(cell="mean-answer", line=1), message="Do not use bare `except`", why="It hides what went wrong.",
    )  # fmt: skip


@dataclass
class Linter:
    """A double of `linting`: an answer that holds «messy» makes a tool fail; one that holds «rough» has a remark."""

    requests: list[ReviewRequest] = field(default_factory=list)

    def app(self) -> FastAPI:
        router = APIRouter(dependencies=[Depends(require_peer("gateway"))])

        @router.post("/reviews")
        async def review(body: ReviewRequest) -> LintReport:
            self.requests.append(body)
            messy = any("messy" in cell.source for cell in body.cells)
            status = "failed" if messy else "ok"
            rough = [finding() for cell in body.cells if "rough" in cell.source]
            return LintReport(findings=tuple(rough), tools=(ToolRun(tool="ruff", status=status, wall_ms=1),))

        return create_service("linting", [router])


@dataclass
class Shelf:
    """A double of `cases`."""

    versions: dict[str, LearnerCase] = field(default_factory=lambda: {VERSION: learner_case()})
    newest: LearnerCase = field(default_factory=learner_case)
    asked: list[str] = field(default_factory=list)

    def app(self) -> FastAPI:
        router = APIRouter(dependencies=[Depends(require_peer("gateway"))])

        @router.get("/versions/{version}/learner")
        async def learner(version: str) -> LearnerCase:
            self.asked.append(version)
            if version not in self.versions:
                raise CaseNotFound(f"There is no case version {version[:12]}….")
            return self.versions[version]

        @router.get("/cases/{case}")
        async def current(case: str) -> LearnerCase:
            self.asked.append(case)
            return self.newest

        return create_service("cases", [router])


class Outage:
    """ASGI middleware that can take a real service away, as a dead process would."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self.away: Callable[[Request], bool] = lambda _: False
        self.calls: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope)
        self.calls.append(f"{request.method} {request.url.path}")
        if self.away(request):
            raise httpx.ConnectError("gone")
        await self._app(scope, receive, send)


@dataclass
class World:
    """The gateway and all around it."""

    gateway: FastAPI
    progress: ProgressClient
    mentoring: MentoringClient
    """As the mentors' desk calls it."""
    outage: Outage
    """Between gateway and progress."""
    hub: Hub
    judge: Judge
    linter: Linter
    shelf: Shelf
    minter: ScopeMinter
    verifier: ScopeVerifier
    clients: AsyncExitStack
    backends: Backends
    settings: GatewaySettings

    async def restart(self) -> None:
        """Another gateway in the place of the one before, which remembers nothing; Labs made from now on call it."""
        self.gateway = create_app(self.backends, self.minter, self.settings)
        await self.clients.enter_async_context(running(self.gateway))

    def lab(
        self, user: str = "ada", *groups: str, case: str = "numbers", version: str = VERSION, token: str | None = None
    ) -> httpx.AsyncClient:
        """A client as the Lab of this environment: its certificate, and the Hub's token of its user."""
        if token is None:
            token = self.hub.add(user, *groups)
        http = in_process_client(self.gateway, f"env/{user}/{case}/{version}/n0nce")
        http.headers["Authorization"] = f"token {token}"
        self.clients.push_async_callback(http.aclose)
        return http

    def mentor(self, user: str = "mona") -> str:
        return self.minter.mint(user=user, role=Role.MENTOR, case="*", case_version="*")

    def scope(self, user: str = "ada") -> str:
        return self.minter.mint(user=user, role=Role.LEARNER, case="numbers", case_version=VERSION)


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> GatewaySettings:
    """Impatient; `patient_while` parametrizes what a test needs otherwise."""
    known = {"save_patience": 0.3, "shutdown_grace": 0.3, "heartbeat": 0.05, "check_burst": 200, "request_burst": 500}
    return GatewaySettings.model_validate(known | getattr(request, "param", {}))


def patient_while(**settings: float) -> pytest.MarkDecorator:
    """For tests of what ends in time: a busy machine gets more of it."""
    return pytest.mark.parametrize("settings", [settings], indirect=True, ids=["patient"])


@pytest.fixture
async def world(tmp_path: Path, settings: GatewaySettings) -> AsyncIterator[World]:
    key = Ed25519PrivateKey.generate()
    minter, verifier = ScopeMinter(key), ScopeVerifier(key.public_key())
    progress_app = create_progress(
        Database(on_sqlite("services.progress", tmp_path / "progress.sqlite")),
        DirectoryObjectStore(tmp_path / "objects"),
        verifier,
    )
    mentoring_app = create_mentoring(
        Database(on_sqlite("services.mentoring", tmp_path / "mentoring.sqlite")),
        OutboxMailer(tmp_path / "outbox", "caseloop@localhost"),
        verifier,
    )
    outage, hub, judge, linter, shelf = Outage(progress_app), Hub(), Judge(), Linter(), Shelf()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(progress_app))
        await stack.enter_async_context(running(mentoring_app))

        async def client(app: Any, caller: str = "gateway") -> httpx.AsyncClient:
            return await stack.enter_async_context(in_process_client(app, caller))

        feedback = judge.app(verifier)
        judge.memory = MentoringClient(await client(mentoring_app, "feedback"))
        hub_http = httpx.AsyncClient(transport=hub.transport(), base_url="http://hub")
        await stack.enter_async_context(hub_http)
        backends = Backends(
            users=HubApiUsers(hub_http),
            progress=ProgressClient(await client(outage)),
            mentoring=MentoringClient(await client(mentoring_app)),
            feedback=FeedbackClient(await client(feedback)),
            assistant=FeedbackClient(await client(feedback)),
            linting=LintingClient(await client(linter.app())),
            cases=CasesClient(await client(shelf.app())),
        )
        gateway = create_app(backends, minter, settings)
        progress = ProgressClient(await client(progress_app))
        await stack.enter_async_context(running(gateway))
        labs = await stack.enter_async_context(AsyncExitStack())
        desk = MentoringClient(await client(mentoring_app, "dashboard"))
        yield World(
            gateway, progress, desk, outage, hub, judge, linter, shelf, minter, verifier, labs, backends, settings
        )
        judge.release.set()
        judge.assistant.release.set()


@pytest.fixture
def lab(world: World) -> httpx.AsyncClient:
    """Ada's Lab."""
    return world.lab()


@pytest.fixture
def check_of() -> Callable[..., dict[str, Any]]:
    """The body of a check whose answer cell holds the given source."""

    def make(source: str, subtask: str = "mean") -> dict[str, Any]:
        cells = (
            Cell(id=f"{subtask}-text", kind="markdown", source="# Mean"),
            Cell(id=f"{subtask}-answer", source=source),
        )
        body: dict[str, Any] = LabCheck(subtask=subtask, cells=cells).model_dump(mode="json")
        return body

    return make


Event = tuple[str, dict[str, Any]]


@asynccontextmanager
async def _stream(
    lab: httpx.AsyncClient, body: dict[str, Any] | None, path: str = "/api/check", method: str = "POST"
) -> AsyncIterator[AsyncIterator[Event]]:
    async with lab.stream(method, path, json=body) as response:
        assert response.status_code == 200, await response.aread()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield _events(response)


async def _events(response: httpx.Response) -> AsyncIterator[Event]:
    name = ""
    async for line in response.aiter_lines():
        if line.startswith(":"):
            yield "comment", {}
        elif line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


@pytest.fixture
def stream() -> Callable[..., Any]:
    """Open a check, or another path's stream, and give its events as they come: to use with `async with`."""
    return _stream


@pytest.fixture
def checked() -> Callable[..., Any]:
    """Run a check, or another path's stream, to its end and return its events without heartbeats."""

    async def run(
        lab: httpx.AsyncClient, body: dict[str, Any] | None, path: str = "/api/check", method: str = "POST"
    ) -> list[Event]:
        async with _stream(lab, body, path, method) as events:
            return [event async for event in events if event[0] != "comment"]

    return run
