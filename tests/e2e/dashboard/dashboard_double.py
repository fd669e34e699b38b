"""The desk's door as its page sees it: the built files, and the API with real wire models, over HTTP on loopback."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, get_args

import uvicorn
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from pydantic import BaseModel
from starlette.middleware.base import RequestResponseEndpoint

from evaluation.serving.service import EvaluationService
from services.contracts.brief import Brief
from services.contracts.case import CaseSummary
from services.contracts.classroom import ClassView, LearnersWork
from services.contracts.escalation import (
    AnswerEscalation,
    AskQueue,
    EditMemory,
    EscalationFull,
    EscalationState,
    MemoryEntry,
    MemoryPage,
    Note,
    Phrase,
    QueueItem,
    QueuePage,
    WriteNote,
    WritePhrase,
)
from services.contracts.feedback import Feedback, Stage, Verdict
from services.contracts.lint import LintReport
from services.contracts.measures import Measures, WeekFigures, week_begins
from services.contracts.progress import Version, VersionSummary
from services.contracts.session import SessionEvent, SessionPart, SessionSummary
from services.contracts.style import Dismissal
from services.gateway.dashboard.page_headers import POLICY
from services.gateway.dashboard.runs import RunCode
from services.kit.errors import CaseloopError
from services.kit.stream import sse
from tests.e2e.dashboard import dashboard_material as material
from tests.e2e.dashboard.quality_double import quality_router, refused

PREFIX: Final = "/services/caseloop"
DIST: Final = Path(__file__).resolve().parents[3] / "web" / "dashboard" / "dist"
MENTOR, XSRF = "mona", "xsrf-of-mona"


class Refusal(Exception):
    """An error answer in the one shape."""

    def __init__(self, status: int, error: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.error, self.detail = status, error, detail


class Books:
    """What the double knows and how it behaves; tests read and change it."""

    def __init__(self) -> None:
        self.escalations: dict[str, EscalationFull] = {}
        self.memory: list[MemoryEntry] = []
        self.phrases = [Phrase(id=material.key(700), text="Which middle does not move?", used=4)]
        self.draft: str | None = None
        self.events: list[SessionEvent] = material.session_events()
        self.entries_at_once = 50
        """Remembered answers in a part."""
        self.same_at_once = 50
        """Others with the same problem that come with a question, and in each further part."""
        self.part = 2_000
        """Events in a part of a session."""
        self.class_rows = material.class_rows()
        self.judged = 240
        self.verdict = Verdict.NEEDS_WORK
        self.signed_in = True
        self.roles = ["mentor"]
        self.quality: EvaluationService | None = None
        """What the QA pages ask."""
        self.broken: set[str] = set()
        """Paths below the API that answer with an error."""
        self.lease_minutes = 30
        self.pace = 0.15
        """Seconds that each stage of a run takes."""
        self.held = ""
        """What waits for as long as it is named here: `queue`, or a stage of a run."""
        self.answers: list[tuple[str, AnswerEscalation]] = []
        self.notes: list[tuple[str, WriteNote]] = []
        self.runs: list[RunCode] = []
        self.looked: list[str] = []
        self.searched: list[str] = []
        self.without_xsrf: list[str] = []

    async def hold(self, name: str) -> None:
        while self.held == name:
            await asyncio.sleep(0.02)

    def put(self, full: EscalationFull) -> str:
        self.escalations[full.item.id] = full
        return full.item.id

    def some(self) -> list[str]:
        """Four that wait, most urgent first; the first three have the same signature."""
        lines = [
            material.item(1, "ben", 9_400, reopened=1),
            material.item(2, "cleo", 4_000, reason="unhelpful_hint"),
            material.item(3, "emil", 300, reason="low_confidence"),
            material.item(
                4, "dora", 40, case="late-buses", case_title="Late buses", subtask="delays", signature="missing:delays",
                subtask_title="Compute the delays", headline="`delays` does not exist yet.",
            ),
        ]  # fmt: skip
        return [self.put(material.escalation(line)) for line in lines]

    def show_outputs(self, key: str) -> None:
        """What the notebook of a question showed."""
        self.escalations[key] = self.escalations[key].model_copy(update={"outputs": material.outputs()})

    def some_similar(self, key: str) -> None:
        """Two answers to mistakes like that of a question, one of them without words for the mistake."""
        entries = (
            material.remembered(600, "Print the **middle**.", signature="mean|value|usual|low#1", mistake="Too `low`."),
            material.remembered(601, "Count the rows.", signature="mean|value|usual|count#2"),
        )
        self.escalations[key] = self.escalations[key].model_copy(update={"similar": entries})

    def one(self, key: str) -> EscalationFull:
        """As the service tells it, with the others that wait for the same."""
        full = self.escalations.get(key)
        if full is None:
            raise Refusal(404, "escalation_not_found", "There is no such question.")
        same = tuple(self.line(other) for other in self.escalations if other != key and self.alike(other, key))
        kept = tuple(entry for entry in self.memory if entry.signature == full.item.signature and not entry.withdrawn)
        shown = {"same": same[: self.same_at_once], "remembered": kept}
        return full.model_copy(update={"item": self.line(key), **shown})

    def line(self, key: str) -> QueueItem:
        same = sum(1 for other in self.escalations if other != key and self.alike(other, key))
        return self.escalations[key].item.model_copy(update={"same": same})

    def change(self, key: str, **changes: object) -> None:
        full = self.escalations[key]
        self.escalations[key] = full.model_copy(update={"item": full.item.model_copy(update=changes)})

    def lease(self, key: str, mentor: str = MENTOR) -> None:
        line = self.one(key).item
        if line.state == "leased" and line.mentor != mentor:
            raise Refusal(409, "lease_taken", f"{line.mentor} has this one. Take another, or wait for it.")
        self.change(
            key, state="leased", mentor=mentor, leased_until=datetime.now(UTC) + timedelta(minutes=self.lease_minutes)
        )

    def say(self, key: str, text: WriteNote, *, answer: bool) -> None:
        full = self.escalations[key]
        if full.item.mentor != MENTOR:
            raise Refusal(409, "lease_needed", "Take this question first: your lease has run out.")
        note = Note(
            id=material.key(1_000 + len(full.notes)), author="mentor", name=MENTOR, text=text.text,
            written=datetime.now(UTC), comments=text.comments, is_answer=answer,
        )  # fmt: skip
        self.escalations[key] = full.model_copy(update={"notes": (*full.notes, note)})

    def alike(self, other: str, key: str) -> bool:
        line, mine = self.escalations[other].item, self.escalations[key].item
        return line.state == "waiting" and bool(mine.signature) and line.signature == mine.signature


def _books(request: Request) -> Books:
    books: Books = request.app.state.books()
    path = request.url.path.removeprefix(f"{PREFIX}/api/")
    if not books.signed_in:
        raise Refusal(401, "not_signed_in", "Your session is over. Sign in again.")
    if path in books.broken:
        raise Refusal(503, "service_unavailable", "Mentoring does not answer. Try again in a moment.")
    if request.method != "GET" and request.headers.get("x-xsrftoken") != XSRF:
        books.without_xsrf.append(path)
        raise Refusal(403, "xsrf_missing", "This request lacks the page's own token. Load the page again.")
    return books


def _quality(request: Request) -> EvaluationService:
    books = _books(request)
    assert books.quality is not None, "the test gives it"
    return books.quality


AtDesk = Annotated[Books, Depends(_books)]
router = APIRouter(prefix=f"{PREFIX}/api")


@router.get("/me")
async def me(books: AtDesk) -> dict[str, object]:
    return {"user": MENTOR, "roles": books.roles, "xsrf": XSRF}


@router.get("/cases")
async def cases(books: AtDesk) -> tuple[CaseSummary, ...]:
    return material.cases()


@router.get("/cases/{case}/steps")
async def steps(books: AtDesk, case: str) -> dict[str, str]:
    return {"total": "Add them up", "mean": "Find the usual price"} if case == material.CASE else {"delays": "Delays"}


@router.get("/queue")
async def queue(request: Request, books: AtDesk, asked: Annotated[AskQueue, Query()]) -> QueuePage:
    await books.hold("queue")
    books.searched.append(str(request.query_params))
    states = {None: ("waiting", "leased"), "all": get_args(EscalationState)}.get(asked.state, (asked.state,))
    exact = asked.model_dump(include={"case", "subtask", "reason"}, exclude_none=True)
    lines = [
        line
        for line in map(books.line, books.escalations)
        if line.state in states
        if all(getattr(line, name) == wanted for name, wanted in exact.items())
        if not asked.mine or line.mentor == MENTOR
        if line.learner.startswith(asked.learner)
        if asked.q.lower() in f"{line.headline} {line.subtask_title}".lower()
    ]
    return _part(lines, int(asked.after or 0), asked.limit)


def _part(lines: list[QueueItem], start: int, limit: int) -> QueuePage:
    end = start + limit
    return QueuePage(items=tuple(lines[start:end]), total=len(lines), next=str(end) if end < len(lines) else None)


@router.post("/queue/next")
async def take_next(books: AtDesk) -> EscalationFull:
    for key, full in books.escalations.items():
        if full.item.state == "waiting":
            books.lease(key)
            return books.one(key)
    raise Refusal(404, "queue_empty", "Nobody waits.")


@router.get("/queue/{key}")
async def one(books: AtDesk, key: str) -> EscalationFull:
    books.looked.append(key)
    return books.one(key)


@router.get("/queue/{key}/same")
async def same(books: AtDesk, key: str, limit: int, after: str = "") -> QueuePage:
    others = [books.line(other) for other in books.escalations if other != key and books.alike(other, key)]
    return _part(others, int(after or 0), min(limit, books.same_at_once))


@router.post("/queue/{key}/lease")
async def lease(books: AtDesk, key: str) -> EscalationFull:
    books.lease(key)
    return books.one(key)


@router.delete("/queue/{key}/lease", status_code=204)
async def release(books: AtDesk, key: str) -> None:
    books.change(key, state="waiting", mentor=None, leased_until=None)


@router.post("/queue/{key}/notes")
async def write(books: AtDesk, key: str, note: WriteNote) -> EscalationFull:
    books.say(key, note, answer=False)
    books.notes.append((key, note))
    return books.one(key)


@router.post("/queue/{key}/answer")
async def answer(books: AtDesk, key: str, words: AnswerEscalation) -> EscalationFull:
    unseen = [other for other in words.also if other not in books.looked]
    if unseen:
        raise Refusal(409, "not_looked_at", "Look at each of them first.")
    books.say(key, words, answer=True)
    for each in (key, *words.also):
        books.change(each, state="answered", mentor=MENTOR, leased_until=None)
    if entry := books.escalations[key].item.about_memory:
        _replace(books, entry, text=words.text, mentor=MENTOR, edited=datetime.now(UTC), set_aside=None)
    books.answers.append((key, words))
    return books.one(key)


@router.get("/queue/{key}/brief")
async def brief(books: AtDesk, key: str) -> Brief:
    return material.brief(books.draft)


@router.get("/queue/{key}/dismissals")
async def dismissals(books: AtDesk, key: str) -> tuple[Dismissal, ...]:
    return material.dismissals()


@router.get("/queue/{key}/style")
async def style(books: AtDesk, key: str) -> LintReport:
    return material.style()


@router.get("/queue/{key}/versions")
async def versions(books: AtDesk, key: str) -> list[VersionSummary]:
    return [VersionSummary(**v.model_dump(exclude={"cells", "feedback"})) for v in material.versions()]


@router.get("/queue/{key}/versions/{submission}")
async def version(books: AtDesk, key: str, submission: str) -> Version:
    return next(version for version in material.versions() if version.submission == submission)


@router.get("/queue/{key}/sessions")
async def sessions(books: AtDesk, key: str) -> list[SessionSummary]:
    return [material.session_summary()] if books.events else []


@router.get("/queue/{key}/sessions/{session}")
async def session(request: Request, books: AtDesk, key: str, session: str) -> SessionPart:
    return await _session_part(request, books)


async def _session_part(request: Request, books: Books) -> SessionPart:
    start = int(request.query_params.get("from", 0))
    rest = [event for event in books.events if event.seq >= start]
    later = rest[books.part].seq if len(rest) > books.part else None
    return SessionPart(summary=material.session_summary(), events=tuple(rest[: books.part]), next=later)


@router.post("/queue/{key}/run")
async def run(books: AtDesk, key: str, code: RunCode) -> StreamingResponse:
    books.runs.append(code)
    return sse(_judged(books), keep_alive=1)


async def _judged(books: Books) -> AsyncIterator[tuple[str, BaseModel]]:
    for stage in (Stage(name="restoring"), Stage(name="running", index=0, count=3), Stage(name="comparing")):
        yield "stage", stage
        await asyncio.sleep(books.pace)
        await books.hold(stage.name)
    words = "All checks pass." if books.verdict is Verdict.APPROVED else "The usual price is far too high."
    judged: Feedback = material.feedback(books.verdict, words)
    yield "feedback", judged


@router.get("/memory")
async def memory(books: AtDesk, case: str = "", subtask: str = "", q: str = "", after: str = "") -> MemoryPage:
    fits = [e for e in books.memory if (not case or e.case == case) and (not subtask or e.subtask == subtask)]
    found = [e for e in fits if q.lower() in f"{e.text} {e.mistake}".lower()]
    start, end = int(after or 0), int(after or 0) + books.entries_at_once
    return MemoryPage(items=tuple(found[start:end]), total=len(found), next=str(end) if end < len(found) else None)


@router.put("/memory/{key}")
async def edit_memory(books: AtDesk, key: str, edit: EditMemory) -> MemoryEntry:
    changed = {"text": edit.text, "case_version": material.VERSION if edit.only_version else None}
    return _replace(books, key, **changed, edited=datetime.now(UTC), set_aside=None)


@router.delete("/memory/{key}", status_code=204)
async def withdraw(books: AtDesk, key: str) -> None:
    _replace(books, key, withdrawn=datetime.now(UTC))


def _replace(books: Books, key: str, **changes: object) -> MemoryEntry:
    index = next(index for index, entry in enumerate(books.memory) if entry.id == key)
    books.memory[index] = books.memory[index].model_copy(update=changes)
    return books.memory[index]


@router.get("/phrases")
async def phrases(books: AtDesk) -> list[Phrase]:
    return books.phrases


@router.post("/phrases")
async def add_phrase(books: AtDesk, phrase: WritePhrase) -> Phrase:
    books.phrases.append(Phrase(id=material.key(701 + len(books.phrases)), text=phrase.text, used=1))
    return books.phrases[-1]


@router.delete("/phrases/{key}", status_code=204)
async def drop_phrase(books: AtDesk, key: str) -> None:
    books.phrases = [phrase for phrase in books.phrases if phrase.id != key]


@router.get("/measures")
async def measures(books: AtDesk, days: int, case: str | None = None) -> Measures:
    asked, until = books.judged // 10, datetime.now(UTC)
    since = until - timedelta(days=days)
    begins = week_begins(since, until)
    weeks = tuple(
        WeekFigures(
            begins=begin, judged=(n + 1) * books.judged // 10, escalated=asked // (n + 1), answered=asked // (n + 1),
            remembered=7 * n, first_answer_seconds_median=1_260 + 300 * n, minutes_saved=35 * n,
        )
        for n, begin in enumerate(begins)
    )  # fmt: skip
    return Measures(
        case=case, since=since, until=until, judged=books.judged, escalated=asked, remembered=61, answered=asked,
        first_answer_seconds_median=1_260 if asked else None, helpful_share=0.86 if asked else None,
        remembered_helpful_share=0.79 if asked else None, hints_helpful_share=0.64 if asked else None,
        minutes_saved=305, weeks=weeks if asked else (),
    )  # fmt: skip


@router.get("/class/{case}/learners/{learner}")
async def work(books: AtDesk, case: str, learner: str, step: str | None = None) -> LearnersWork:
    books.looked.append(f"{case}/{learner}/{step}")
    shown = material.work(learner, step)
    return shown if books.events else shown.model_copy(update={"sessions": ()})


@router.get("/class/{case}/learners/{learner}/versions/{submission}")
async def learners_version(books: AtDesk, case: str, learner: str, submission: str) -> Version:
    books.looked.append(f"{case}/{learner}/{submission}")
    return next(version for version in material.versions() if version.submission == submission)


@router.get("/class/{case}/learners/{learner}/sessions/{session}")
async def learners_session(request: Request, books: AtDesk, case: str, learner: str, session: str) -> SessionPart:
    return await _session_part(request, books)


@router.get("/class")
async def class_view(books: AtDesk, case: str, watch: bool = False) -> ClassView:
    rows = tuple(row for row in books.class_rows if row.watch or not watch)
    every = [rule.rule for row in books.class_rows for rule in row.watch]
    return ClassView(
        case=case, at=datetime.now(UTC), rows=rows, total=len(rows), learners=len(books.class_rows),
        stuck=len(every) - every.count("silent"), silent=every.count("silent"), finished=1 if books.class_rows else 0,
        titles={"total": "Add them up", "mean": "Find the usual price"},
    )  # fmt: skip


@router.get("/class/export.{kind}")
async def export(books: AtDesk, kind: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{material.CASE}.{kind}"'}
    return Response(b"user,attempts\nada,3\n", media_type="text/csv", headers=headers)


class DashboardDouble:
    """The double on a port of its own."""

    def __init__(self) -> None:
        self.books = Books()
        self.app = FastAPI()
        self.app.state.books = lambda: self.books
        self.app.state.quality = _quality
        self.app.include_router(router)
        self.app.include_router(quality_router(f"{PREFIX}/api"))
        self.app.add_exception_handler(Refusal, _refused)
        self.app.add_exception_handler(CaseloopError, refused)
        self.app.middleware("http")(_marked)
        self.app.post(f"{PREFIX}/logout", status_code=204)(self._logout)
        self.app.get(f"{PREFIX}/{{path:path}}")(_file)
        self._server = uvicorn.Server(uvicorn.Config(self.app, port=0, log_level="error", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    @property
    def url(self) -> str:
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}{PREFIX}/"

    def fresh(self) -> Books:
        self.books.held = ""
        self.books = Books()
        return self.books

    def start(self) -> None:
        self._thread.start()
        deadline = time.monotonic() + 20
        while not self._server.started:
            assert time.monotonic() < deadline, "the double did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(10)

    async def _logout(self) -> Response:
        self.books.signed_in = False
        return Response(status_code=204)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    body = {"error": error.error, "detail": error.detail, "request_id": "r-1"}
    return JSONResponse(body, status_code=error.status)


async def _marked(request: Request, follow: RequestResponseEndpoint) -> Response:
    response = await follow(request)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


async def _file(path: str) -> Response:
    target = DIST / (path or "index.html")
    return FileResponse(target) if target.is_file() else Response(status_code=404)
