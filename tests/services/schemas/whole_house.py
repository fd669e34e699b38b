"""All services in one process, wired as `caseloop run` wires them, with work of a learner in them; a double of the Hub.

They call each other over mTLS on unix sockets, over SQLite files, with a real sandbox below the runner.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI

from case_uploader.drafts import DraftStore
from case_uploader.format.case_folder import read_case_folder
from case_uploader.wiring import open_backends
from infra.service_apps import open_app
from infra.settings import EmbeddedSettings
from services.contracts.assistance import AiChoice
from services.contracts.case import AuthorCase
from services.contracts.clients.authoring import AuthoringClient
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.clients.mentoring import MentoringClient
from services.contracts.clients.progress import ProgressClient
from services.contracts.escalation import AnswerEscalation, Open, WritePhrase
from services.contracts.feedback import Feedback, Verdict
from services.contracts.finding import Evidence, Finding
from services.contracts.hint import AskHint
from services.contracts.identity import Role
from services.contracts.lint import LintFinding, LintReport, ToolRun
from services.contracts.notebook import Cell, Place, cells_digest
from services.contracts.progress import Conclude, Reviewed, SavedNotebook, Submit
from services.contracts.session import EventBatch, RecordingChoice, SessionEvent
from services.contracts.upload import OpenUpload
from services.gateway.dashboard.place import SESSION_COOKIE
from services.gateway.dashboard.registration import ADMIN_SCOPE, MENTOR_SCOPE, PREFIX, QA_SCOPE
from services.gateway.dashboard.sessions import Sessions
from services.gateway.dashboard.settings import DashboardSettings
from services.kit.database import Database
from services.kit.http import in_process_client, tls_client
from services.kit.scope import ScopeMinter, scope_keys
from services.kit.serving import Listener, LocalPort, serving
from tests.services.evaluation.judged_home import AFTER, BEFORE, BROKEN, make_home
from vault.identity import Identity
from vault.rotation import Credential
from vault.trust import ENV, LISTENERS
from vault.wiring import open_vault

CASE: Final = "python-basics"
STEP, APPROVED_STEP = "pulse-band", "longest-streak"
LEARNER, ADMIN = "ada", "root"
_SESSION: Final = "5" * 32
_TOKEN: Final = "token-of-"


@dataclass
class House:
    """The running services, and what is known in them."""

    apps: Mapping[str, FastAPI]
    case: AuthorCase
    minter: ScopeMinter
    known: dict[str, list[str]] = field(default_factory=dict)
    """Name of a parameter or field -> values that lead somewhere."""
    desk: dict[str, str] = field(default_factory=dict)
    """Headers of an admin's browser at the mentors' desk."""
    clients: dict[tuple[str, str], httpx.AsyncClient] = field(default_factory=dict)

    def client(self, service: str, caller: str) -> httpx.AsyncClient:
        """Call the service's app as `caller`, a name of the trust graph."""
        key = (service, caller)
        if key not in self.clients:
            name = f"env/{LEARNER}/{CASE}/{self.case.version}/n0nce" if caller == ENV else caller
            self.clients[key] = in_process_client(self.apps[service], name)
        return self.clients[key]

    def scope(self, role: Role = Role.LEARNER, subtask: str | None = STEP) -> str:
        """Sign a scope token as the gateway does, or the desk for all who are no learners."""
        if role is Role.LEARNER:
            version = self.case.version
            return self.minter.mint(user=LEARNER, role=role, case=CASE, case_version=version, subtask=subtask)
        return self.minter.mint(user=ADMIN, role=role, case="*", case_version="*")

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The case's notebook with a wrong answer to the step."""
        answer = {"pulse-band": "def pulse_band(pulse):\n    return 'low'\n"}
        subtask = self.case.subtask(STEP)
        assert subtask is not None
        wrong = dict.fromkeys(subtask.reference, answer[STEP])
        return tuple(c.model_copy(update={"source": wrong.get(c.id, c.source)}) for c in self.case.cells)


@asynccontextmanager
async def open_house(project: Path, folder: Path) -> AsyncIterator[House]:
    """Start all services with what they keep below `folder`, whose path is short: a socket's may have 107 bytes."""
    settings = EmbeddedSettings(home=folder / "home", run_dir=folder / "run", learner_env=project / ".venv-learner")
    settings.prepare()
    make_home(settings.home)
    vault = open_vault(settings.mode, settings.home)
    minter, verifier = scope_keys(vault.secrets)
    case = await _published(settings, project / "cases" / CASE)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(_clients_closed())
        await stack.enter_async_context(_hub_on(settings.hub_listens))
        listeners = []
        for name in LISTENERS:
            credential = Credential(vault.authority, Identity.service(name), settings.leaf(name))
            app = await stack.enter_async_context(open_app(name, settings, vault, credential, lambda: verifier))
            desk = LocalPort(settings.dashboard_port_file)
            listeners.append(Listener(app, credential, desk if name == "dashboard" else settings.socket(name)))
        await stack.enter_async_context(serving(listeners, vault.authority))
        house = House({one.name: one.app for one in listeners}, case, minter)
        try:
            await _move_in(house)
            house.desk |= await _at_the_desk(house, settings.home / "dashboard.sqlite")
            yield house
        finally:
            for http in house.clients.values():
                await http.aclose()


async def _published(settings: EmbeddedSettings, folder: Path) -> AuthorCase:
    draft = read_case_folder(folder).draft
    assert draft is not None
    async with open_backends(settings) as backends:
        drafts = DraftStore(backends.database, backends.objects)
        await drafts.publish(await drafts.keep(draft), ADMIN)
    return draft.author


@asynccontextmanager
async def _clients_closed() -> AsyncIterator[None]:
    """Close what services call each other with: in a process of their own it ends with that."""
    made: list[httpx.AsyncClient] = []

    def remembered(*arguments: Any, **options: Any) -> httpx.AsyncClient:
        made.append(tls_client(*arguments, **options))
        return made[-1]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("infra.service_apps.tls_client", remembered)
        yield
    for http in made:
        await http.aclose()


@asynccontextmanager
async def _hub_on(socket: Path) -> AsyncIterator[None]:
    """A Hub that knows everybody whose token names them."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        user = head.partition(f"token {_TOKEN}")[2].partition("\r\n")[0]
        known = head.startswith("GET /hub/api/user ") and user
        scopes = ["access:services!service=caseloop", MENTOR_SCOPE, QA_SCOPE, ADMIN_SCOPE]
        model = {"kind": "user", "name": user, "groups": [], "scopes": scopes, "token_id": "a1"}
        body = json.dumps(model if known else {})
        status = "200 OK" if known else "403 Forbidden"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_unix_server(answer, socket):
        yield


def token_of(user: str) -> str:
    """The Hub's token of a user, as a header says it."""
    return f"token {_TOKEN}{user}"


async def _at_the_desk(house: House, database: Path) -> dict[str, str]:
    sessions = Database(f"sqlite+aiosqlite:///{database}")
    try:
        cookie = await Sessions(sessions, DashboardSettings().session_lifetime).begin(ADMIN, f"{_TOKEN}{ADMIN}")
    finally:
        await sessions.close()
    headers = {"Cookie": f"{SESSION_COOKIE}={cookie}"}
    me = await house.client("dashboard", "proxy").get(f"{PREFIX}api/me", headers=headers)
    return headers | {"X-XSRFToken": me.json()["xsrf"]}


async def _move_in(house: House) -> None:
    """Leave something of every kind, and remember its id."""
    submission = await _attempts(house)
    entry, *escalations = await _questions(house, submission)
    phrase = await MentoringClient(house.client("mentoring", "dashboard")).add_phrase(
        WritePhrase(text="Look at the edges."), house.scope(Role.MENTOR)
    )
    digest = await _notebook_and_session(house)
    feedback = FeedbackClient(house.client("feedback", "gateway"))
    await feedback.choose(AiChoice(ai=True), house.scope())
    hint = await feedback.ask_hint(AskHint(subtask=STEP, kind="plan", cells=house.cells), house.scope())
    author = AuthoringClient(house.client("cases", "dashboard"))
    upload = await author.open_upload(OpenUpload(name="case.zip", size=100), house.scope(Role.ADMIN))
    house.known |= {
        "case": [CASE],
        "version": [house.case.version],
        "before": [house.case.version, BEFORE, submission],
        "after": [house.case.version, AFTER, "0", "1"],
        "user": [LEARNER],
        "learner": [LEARNER],
        "subtask": [STEP, APPROVED_STEP],
        "submission": [submission],
        "escalation": escalations,
        "entry": [entry],
        "phrase": [phrase.id],
        "session": [_SESSION],
        "digest": [digest, *(file.digest for file in house.case.data)],
        "finding": ["magic-0"],
        "hint": [hint.id],
        "upload": [upload.id],
        "run": [AFTER, BEFORE],
        "against": [BEFORE],
        "id": [BROKEN],
        "suite": ["shipped"],
        "signature": ["pulse-band:value"],
        "environment": [house.case.version],
        "kind": ["csv", "json"],
        "owner": [LEARNER],
    }


def _failing() -> Feedback:
    finding = Finding(
        id="f1", kind="value", severity="error", subtask=STEP, message="The band is off.", signature="pulse-band:value",
        evidence=(Evidence(kind="value", subject="band", fact="expected high"),),
    )  # fmt: skip
    return Feedback(verdict=Verdict.NEEDS_WORK, fault="learner", headline="Not yet.", findings=(finding,), max_points=4)


async def _attempts(house: House) -> str:
    """A step that fails, and one that is approved, with a remark of its style review; the failing submission."""
    progress, cells, scope = ProgressClient(house.client("progress", "gateway")), house.cells, house.scope(subtask=None)
    failed = await progress.submit(Submit(subtask=STEP, digest=cells_digest(STEP, cells), cells=cells), scope)
    await progress.conclude(Conclude(submission=failed.submission, feedback=_failing()), scope)
    digest = cells_digest(APPROVED_STEP, cells)
    passed = await progress.submit(Submit(subtask=APPROVED_STEP, digest=digest, cells=cells), scope)
    right = Feedback(verdict=Verdict.APPROVED, headline="This works.", points=4, max_points=4)
    await progress.conclude(Conclude(submission=passed.submission, feedback=right), scope)
    remark = LintFinding(
        id="magic-0", tool="ruff", rule="PLR2004", name="magic-value-comparison", severity="advice",
        category="readability", place=Place(cell=cells[0].id, line=1), message="Magic value", why="Name it.",
    )  # fmt: skip
    report = LintReport(findings=(remark,), tools=(ToolRun(tool="ruff", status="ok", wall_ms=1),))
    await progress.reviewed(Reviewed(subtask=APPROVED_STEP, report=report), scope)
    return failed.submission


async def _questions(house: House, submission: str) -> list[str]:
    """A question with an answer that is remembered, and one that waits: the memory's entry, then the questions."""
    asking, desk = (MentoringClient(house.client("mentoring", name)) for name in ("gateway", "dashboard"))
    question = Open(
        subtask=STEP, subtask_title="Band", case_title="Club", submission=submission, number=1, cells=house.cells,
        feedback=_failing(), signature="pulse-band:value", reason="repeated_failure", notes="Why?",
    )  # fmt: skip
    scope = house.scope(subtask=None)
    answered = await asking.open(question, scope)
    mentor = house.scope(Role.MENTOR)
    await desk.lease(answered.id, mentor)
    full = await desk.answer(answered.id, AnswerEscalation(text="Look at the edges.", remember=True), mentor)
    other = question.model_copy(update={"subtask": APPROVED_STEP, "submission": "7" * 32})
    waiting = await asking.open(other, scope)
    return [full.remembered[0].id, answered.id, waiting.id]


async def _notebook_and_session(house: House) -> str:
    """A saved notebook, whose digest comes back, and a recorded session."""
    progress, scope, now = ProgressClient(house.client("progress", "gateway")), house.scope(), datetime.now(UTC)
    saved = await progress.save_notebook(SavedNotebook(saved=now, digest="0" * 64, notebook={"cells": []}), scope)
    await progress.choose_recording(RecordingChoice(record=True), scope)
    start = {"cells": [{"id": "a", "kind": "code", "source": ""}]}
    edit = {"at": 0, "removed": 0, "inserted": "x"}
    events = (
        SessionEvent(seq=0, at=0, kind="snapshot", data=start),
        SessionEvent(seq=1, at=900, kind="edit", cell="a", data=edit),
    )
    await progress.record(EventBatch(session=_SESSION, started=now, events=events), scope)
    return saved.digest
