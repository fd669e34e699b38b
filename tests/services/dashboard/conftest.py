"""The real desk before the real mentoring and progress services; doubles of the Hub, of cases, feedback and linting."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import APIRouter, Depends, FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from evaluation.serving.app import create_app as create_evaluation
from services.contracts.brief import AskBrief, Brief
from services.contracts.case import CaseSummary, LearnerCase, Quotas, SubtaskView
from services.contracts.clients.authoring import AuthoringClient
from services.contracts.clients.cases import CasesClient
from services.contracts.clients.evaluation import EvaluationClient
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.clients.linting import LintingClient
from services.contracts.clients.mentoring import MentoringClient
from services.contracts.clients.progress import ProgressClient
from services.contracts.escalation import EscalationView, Open, Recall
from services.contracts.feedback import CheckRequest, Feedback, Judged, Stage, Verdict
from services.contracts.finding import Evidence, Finding
from services.contracts.identity import Role, ScopeClaims
from services.contracts.lint import LintFinding, LintReport, ReviewRequest, ToolRun
from services.contracts.measures import WeekRatings
from services.contracts.notebook import Cell, Place, cells_digest
from services.contracts.progress import Conclude, Reviewed, Submit
from services.contracts.session import EventBatch, RecordingChoice, SessionEvent
from services.contracts.style import Dismiss
from services.gateway.dashboard.app import create_dashboard
from services.gateway.dashboard.backends import Backends
from services.gateway.dashboard.hub_oauth import HubOAuth
from services.gateway.dashboard.place import DeskPlace
from services.gateway.dashboard.settings import DashboardSettings
from services.gateway.hub_users import HubApiUsers
from services.kit.adapters.mail_outbox import OutboxMailer
from services.kit.adapters.objects_directory import DirectoryObjectStore
from services.kit.app import create_service, running
from services.kit.database import Database
from services.kit.http import in_process_client
from services.kit.peer import require_peer
from services.kit.scope import Scope, ScopeMinter, ScopeVerifier
from services.kit.stream import ndjson
from services.mentoring.app import create_app as create_mentoring
from services.progress.app import create_app as create_progress
from tests.databases import DatabaseUrl
from tests.services.dashboard.hub_double import SECRET, HubDouble

VERSION = "1" * 64
PACKAGES = {
    "progress": "services.progress",
    "mentoring": "services.mentoring",
    "dashboard": "services.gateway.dashboard",
}
PREFIX = "/services/caseloop/"
CELLS = (Cell(id="mean-text", kind="markdown", source="# Mean"), Cell(id="mean-answer", source="mean = 41"))
SECRET_FACT = "expected 42"


class Clock:
    """Time that tests move."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, span: timedelta) -> None:
        self.now += span


def failing() -> Feedback:
    evidence = Evidence(kind="value", subject="mean", fact=SECRET_FACT)
    finding = Finding(
        id="f1", kind="value", severity="error", subtask="mean", message="The mean is off.", evidence=(evidence,),
        signature="mean:value",
    )  # fmt: skip
    return Feedback(verdict=Verdict.NEEDS_WORK, fault="learner", headline="Not yet.", findings=(finding,), max_points=4)


@dataclass
class Judge:
    """A double of `feedback`: judges runs, and briefs mentors."""

    scopes: list[ScopeClaims] = field(default_factory=list)
    checks: list[CheckRequest] = field(default_factory=list)
    briefs: list[AskBrief] = field(default_factory=list)
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    forgetful: bool = False
    """It cannot say what learners said of hints."""
    running: int = 0

    def app(self, verifier: ScopeVerifier) -> FastAPI:
        router = APIRouter(dependencies=[Depends(require_peer("dashboard"))])

        @router.post("/checks")
        async def check(scope: Scope, body: CheckRequest) -> StreamingResponse:
            self.scopes.append(scope)
            self.checks.append(body)
            return ndjson(self._events(body))

        @router.get("/hint-ratings")
        async def hint_ratings(since: datetime) -> tuple[WeekRatings, ...]:
            if self.forgetful:
                raise HTTPException(503)
            return (WeekRatings(begins=since, rated=4, helpful=3),)

        @router.post("/briefs")
        async def brief(scope: Scope, body: AskBrief) -> Brief:
            self.scopes.append(scope)
            self.briefs.append(body)
            return Brief(subtask=body.subtask, differences=(), feedback=failing())

        return create_service("feedback", [router], scope_verifier=verifier)

    async def _events(self, request: CheckRequest) -> AsyncIterator[BaseModel]:
        yield Stage(name="running", index=0, count=1)
        self.running += 1
        try:
            if "hang" in request.cells[-1].source:
                await self.hold.wait()
        finally:
            self.running -= 1
        yield Judged(feedback=failing())


def learner_case() -> LearnerCase:
    cells = ("mean-text", "mean-answer")
    view = SubtaskView(id="mean", title="Mean", index=0, points=4, cells=cells, answer_cells=("mean-answer",))
    return LearnerCase(
        id="numbers", version=VERSION, number=1, title="Numbers", summary="Means", level="introductory", minutes=30,
        ai_mode="full", strictness="light", topics=(), quotas=Quotas(), subtasks=(view,), notebook={"cells": []},
        data=(),
    )  # fmt: skip


def cases_app() -> FastAPI:
    router = APIRouter(dependencies=[Depends(require_peer("dashboard"))])

    @router.get("/cases")
    async def published() -> tuple[CaseSummary, ...]:
        return (
            CaseSummary(
                id="numbers", version=VERSION, number=1, title="Numbers", summary="Means", level="introductory",
                minutes=30, subtasks=1, published=datetime.now(UTC),
            ),
        )  # fmt: skip

    @router.get("/cases/{case}")
    @router.get("/versions/{case}/learner")
    async def one(case: str) -> LearnerCase:
        assert case in ("numbers", VERSION)
        return learner_case()

    return create_service("cases", [router])


def linting_app() -> FastAPI:
    router = APIRouter(dependencies=[Depends(require_peer("dashboard"))])

    @router.post("/reviews")
    async def review(body: ReviewRequest) -> LintReport:
        assert body.editable == ("mean-answer",)
        return LintReport(findings=(), tools=(ToolRun(tool="ruff", status="ok", wall_ms=1),))

    return create_service("linting", [router])


class Browser:
    """One browser: cookies of its own, the Hub at hand, everything through the Hub's proxy."""

    def __init__(self, http: httpx.AsyncClient, hub: HubDouble) -> None:
        self.http, self._hub, self.xsrf = http, hub, ""

    async def sign_in(self, person: str, then: str = PREFIX) -> httpx.Response:
        """From the page to the page, by way of the Hub; returns what the callback said."""
        begun = await self.http.get(f"{PREFIX}login", params={"next": then})
        ended = await self.http.get(self._hub.authorize(begun.headers["location"], person))
        if ended.status_code == 303:
            self.xsrf = (await self.http.get(f"{PREFIX}api/me")).json()["xsrf"]
        return ended

    async def api(self, method: str, path: str, **options: Any) -> httpx.Response:
        """As the page's own script calls."""
        headers = {"X-XSRFToken": self.xsrf, "Sec-Fetch-Site": "same-origin"} | options.pop("headers", {})
        return await self.http.request(method, f"{PREFIX}api/{path}", headers=headers, **options)


@dataclass
class World:
    """The desk and all around it."""

    desk: FastAPI
    hub: HubDouble
    judge: Judge
    mentoring: MentoringClient
    """As the gateway calls it."""
    recaller: MentoringClient
    """As `feedback` calls it."""
    progress: ProgressClient
    minter: ScopeMinter
    clock: Clock
    home: Path
    browser: Callable[..., Browser]
    database: Callable[[str], Database]
    """Opens a service's own, by its name; whoever does so closes it."""

    def scope(self, user: str = "lena") -> str:
        return self.minter.mint(user=user, role=Role.LEARNER, case="numbers", case_version=VERSION, subtask="mean")

    async def escalate(
        self, user: str = "lena", notes: str = "Why 42?", metadata: dict[str, Any] | None = None
    ) -> EscalationView:
        """A learner fails, and asks a mentor about it."""
        scope = self.scope(user)
        cells = tuple(cell.model_copy(update={"metadata": metadata or {}}) for cell in CELLS)
        digest = cells_digest("mean", cells)
        recorded = await self.progress.submit(Submit(subtask="mean", digest=digest, cells=cells), scope)
        await self.progress.conclude(Conclude(submission=recorded.submission, feedback=failing()), scope)
        opened = Open(
            subtask="mean", subtask_title="Mean", case_title="Numbers", submission=recorded.submission, number=1,
            cells=cells, feedback=failing(), signature="mean:value", reason="repeated_failure", notes=notes,
        )  # fmt: skip
        return await self.mentoring.open(opened, scope)

    async def recalled(self, user: str) -> str:
        """A learner makes the same mistake and gets the remembered answer; its id."""
        asked = Recall(subtask="mean", signatures=("mean:value",))
        (entry,) = (await self.recaller.recall(asked, self.scope(user))).entries.values()
        return entry.id

    async def leave_a_remark(self, reason: str, user: str = "lena") -> None:
        """The learner's step is approved in the end, reviewed, and one remark of the review is left as it is."""
        scope, cells = self.scope(user), (Cell(id="mean-answer", source="mean = 42"),)
        submit = Submit(subtask="mean", digest=cells_digest("mean", cells), cells=cells)
        recorded = await self.progress.submit(submit, scope)
        right = Feedback(verdict=Verdict.APPROVED, headline="This works.")
        await self.progress.conclude(Conclude(submission=recorded.submission, feedback=right), scope)
        remark = LintFinding(
            id="magic-0", tool="ruff", rule="PLR2004", name="magic-value-comparison", severity="advice",
            category="readability", place=Place(cell="mean-answer", line=1), message="Magic value", why="Name it.",
        )  # fmt: skip
        report = LintReport(findings=(remark,), tools=(ToolRun(tool="ruff", status="ok", wall_ms=1),))
        await self.progress.reviewed(Reviewed(subtask="mean", report=report, answers=cells), scope)
        await self.progress.dismiss(Dismiss(subtask="mean", finding="magic-0", reason=reason), scope)

    async def record(self, user: str = "lena") -> str:
        """A learner agrees to being recorded, and works for a moment."""
        session, scope = "5" * 32, self.scope(user)
        await self.progress.choose_recording(RecordingChoice(record=True), scope)
        start = {"cells": [{"id": "mean-answer", "kind": "code", "source": ""}]}
        events = (
            SessionEvent(seq=0, at=0, kind="snapshot", data=start),
            SessionEvent(
                seq=1, at=900, kind="edit", cell="mean-answer", data={"at": 0, "removed": 0, "inserted": "mean"}
            ),
        )
        await self.progress.record(EventBatch(session=session, started=datetime.now(UTC), events=events), scope)
        return session


@pytest.fixture
def settings() -> DashboardSettings:
    # a slow machine must not earn a run between two others
    return DashboardSettings(heartbeat=0.05, request_burst=500, run_burst=5, runs_per_second=0.001, runs_at_once=2)


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """A built page."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Mentors’ desk</title>")
    (folder / "assets" / "index-Ab12.js").write_text("console.log(1)")
    (folder / "icon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("not for anybody")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


@pytest.fixture
async def world(
    tmp_path: Path, settings: DashboardSettings, pages: Path, databases: DatabaseUrl
) -> AsyncIterator[World]:
    key = Ed25519PrivateKey.generate()
    minter, verifier = ScopeMinter(key), ScopeVerifier(key.public_key())
    place, judge, clock = DeskPlace.told_by(settings), Judge(), Clock()
    hub = HubDouble(address=place.hub, redirect_uri=place.redirect_uri)

    def database(name: str) -> Database:
        return Database(databases(PACKAGES[name], tmp_path / f"{name}.sqlite"))

    progress_app = create_progress(database("progress"), DirectoryObjectStore(tmp_path / "objects"), verifier)
    mailer = OutboxMailer(tmp_path / "outbox", "caseloop@localhost")
    mentoring_app = create_mentoring(database("mentoring"), mailer, verifier)
    async with AsyncExitStack() as stack:
        for app in (progress_app, mentoring_app):
            await stack.enter_async_context(running(app))

        async def client(app: Any, caller: str = "dashboard") -> httpx.AsyncClient:
            return await stack.enter_async_context(in_process_client(app, caller))

        hub_http = await stack.enter_async_context(httpx.AsyncClient(transport=hub.transport(), base_url="http://hub"))
        backends = Backends(
            hub=HubOAuth(hub_http, SECRET, place),
            users=HubApiUsers(hub_http),
            mentoring=MentoringClient(await client(mentoring_app)),
            progress=ProgressClient(await client(progress_app)),
            feedback=FeedbackClient(await client(judge.app(verifier))),
            linting=LintingClient(await client(linting_app())),
            cases=CasesClient(await client(cases_app())),
            authoring=AuthoringClient(await client(cases_app())),
            evaluation=EvaluationClient(await client(create_evaluation(tmp_path / "eval", verifier))),
        )
        desk = create_dashboard(backends, minter, settings, database("dashboard"), pages, clock=clock)
        await stack.enter_async_context(running(desk))
        browsers = await stack.enter_async_context(AsyncExitStack())

        def browser(caller: str = "proxy") -> Browser:
            http = in_process_client(desk, caller)
            if place.is_own:
                http.base_url = place.address
            browsers.push_async_callback(http.aclose)
            return Browser(http, hub)

        yield World(
            desk=desk, hub=hub, judge=judge, mentoring=MentoringClient(await client(mentoring_app, "gateway")),
            recaller=MentoringClient(await client(mentoring_app, "feedback")),
            progress=ProgressClient(await client(progress_app, "gateway")), minter=minter, clock=clock,
            home=tmp_path, browser=browser, database=database,
        )  # fmt: skip
        judge.hold.set()


@pytest.fixture
async def mona(world: World) -> Browser:
    """A mentor who is signed in."""
    browser = world.browser()
    await browser.sign_in("mona")
    return browser
