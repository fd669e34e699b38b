"""A gateway that answers the Lab over real mTLS with the real wire models, and can be told to be slow, odd or away."""

import asyncio
import gc
import json
import threading
import warnings
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from services.contracts.assistance import AiChoice, Assistance
from services.contracts.chat import AskChat, Conversation
from services.contracts.feedback import Stage, Verdict
from services.contracts.hint import AskHint, HintShelf, HintView, RateHint, Reflect
from services.contracts.lab import LabCase, LabChatReset, LabCheck, LabFeedback, LabReview, LabReviewed, LabWords
from services.contracts.notebook import notebook_digest
from services.contracts.progress import SavedNotebook, SavedSummary, SubtaskState, Version, VersionSummary
from services.contracts.style import Dismiss, StyleStanding
from services.kit.app import create_service
from services.kit.errors import CaseloopError
from services.kit.peer import require_peer
from services.kit.serving import Listener, serving
from services.kit.stream import sse
from tests.e2e.lab.assistance_double import Assistant
from tests.e2e.lab.case_double import VIEWS, Standing, judge
from tests.e2e.lab.mentor_double import Mentors, remembered
from tests.e2e.lab.mentor_double import router as mentor_router
from tests.e2e.lab.style_double import StyleDesk
from vault.adapters.local_ca import LocalAuthority
from vault.identity import Identity
from vault.rotation import Credential

TOKEN = "hub-token-of-ada"


class Unknown(CaseloopError):
    """There is no such thing."""

    status, error = 404, "submission_not_found"


class NotApproved(CaseloopError):
    """The subtask is not approved."""

    status, error = 409, "not_approved"


_LIFE: Final = timedelta(hours=12)
"""Of certificates that nobody renews here: longer than all tests take."""


class QuotaSpent(CaseloopError):
    """No check is left."""

    status, error = 429, "quota_spent"


class NotTheToken(CaseloopError):
    """The call carries another token than the environment's."""

    status, error = 401, "token_invalid"


class Desk:
    """What the double knows and how it behaves; tests read and change it."""

    def __init__(self) -> None:
        self.standing = Standing()
        self.views = VIEWS
        self.newer: int | None = None
        self.pace = 0.0
        """Seconds before each stage of a check."""
        self.hold = threading.Event()
        """Checks wait in the stage `running` until it is set."""
        self.hold.set()
        self.cut = False
        """Break the connection off in the middle of a check."""
        self.refusal: CaseloopError | None = None
        """Answer GET /api/case with this."""
        self.loads = threading.Event()
        """GET /api/case waits until it is set."""
        self.loads.set()
        self.checks: list[LabCheck] = []
        self.cancelled = 0
        self.saved: list[SavedNotebook] = []
        self.assistant = Assistant()
        """Words, hints and chat."""
        self.mentors = Mentors()
        """Questions to mentors, remembered answers, the record of sessions."""
        self.style = StyleDesk()
        """Style reviews."""
        self.live_errors = True

    def release(self) -> None:
        """Let go of everything that waits."""
        self.hold.set()
        self.loads.set()
        self.assistant.release()

    def keep(self, notebook: SavedNotebook) -> SavedSummary:
        if not self.saved or self.saved[0].digest != notebook.digest:
            self.saved.insert(0, notebook)
        return _summary(notebook)


def _known(desk: Desk, submission: str) -> Version:
    version = desk.standing.version(submission)
    if version is None:
        raise Unknown(f"There is no version {submission} of yours.")
    return version


def _summary(notebook: SavedNotebook) -> SavedSummary:
    size = len(json.dumps(notebook.notebook))
    return SavedSummary(saved=notebook.saved, digest=notebook.digest, size=size)


def _desk(request: Request) -> Desk:
    if request.headers.get("Authorization") != f"token {TOKEN}":
        raise NotTheToken("Stop the server and start the case again.")
    desk: Desk = request.app.state.service
    return desk


AtDesk = Annotated[Desk, Depends(_desk)]
router = APIRouter(prefix="/api", dependencies=[Depends(require_peer("env"))])
router.include_router(mentor_router, dependencies=[Depends(_desk)])


@router.get("/me")
async def me(desk: AtDesk) -> dict[str, str]:
    return {"user": desk.standing.lab_case(desk.views, None).user}


@router.get("/case")
async def case(desk: AtDesk) -> LabCase:
    while not desk.loads.is_set():
        await asyncio.sleep(0.02)
    if desk.refusal:
        raise desk.refusal
    case = desk.standing.lab_case(desk.views, desk.newer, desk.assistant.mode)
    return case.model_copy(update={"live_errors": desk.live_errors})


@router.post("/check")
async def check(desk: AtDesk, body: LabCheck) -> StreamingResponse:
    desk.checks.append(body)
    if desk.standing.of(body.subtask).checks_left == 0:
        raise QuotaSpent("You have used all checks of this step.")
    if desk.cut:
        return StreamingResponse(_broken(), media_type="text/event-stream")
    return sse(_judged(desk, body), keep_alive=1)


async def _judged(desk: Desk, body: LabCheck) -> AsyncIterator[tuple[str, BaseModel]]:
    standing = desk.standing
    try:
        for stage in _stages(len([cell for cell in body.cells if cell.kind == "code"])):
            yield "stage", stage
            await asyncio.sleep(desk.pace)
            while stage.name == "running" and not desk.hold.is_set():
                await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        if desk.standing is standing:
            desk.cancelled += 1
        raise
    view = next(view for view in desk.views if view.id == body.subtask)
    source = "\n".join(cell.source for cell in body.cells if cell.id in view.answer_cells)
    version = standing.conclude(body.subtask, body.cells, judge(body.subtask, source))
    if desk.mentors.remembers and version.verdict is Verdict.NEEDS_WORK:
        remembered(standing, body.subtask)
        version = _known(desk, version.submission)
    assert version.feedback is not None
    yield "feedback", LabFeedback(
        submission=version.submission, number=version.number, repeated=False,
        feedback=version.feedback.for_learner(), progress=standing.of(body.subtask),
    )  # fmt: skip


def _stages(cells: int) -> list[Stage]:
    running = [Stage(name="running", index=index, count=cells) for index in range(cells)]
    return [Stage(name="recorded"), Stage(name="restoring"), *running, Stage(name="comparing"), Stage(name="saving")]


async def _broken() -> AsyncIterator[bytes]:
    yield f"event: stage\ndata: {Stage(name='recorded').model_dump_json()}\n\n".encode()
    await asyncio.sleep(0.2)
    raise ConnectionAbortedError("as a gateway that is killed")


@router.post("/review")
async def style_review(desk: AtDesk, body: LabReview) -> LabReviewed:
    before = desk.standing.of(body.subtask)
    if before.state not in (SubtaskState.APPROVED, SubtaskState.POLISHED):
        raise NotApproved("The style review opens when the step is approved.")
    return desk.style.review(body, desk.standing)


@router.post("/review/dismissals")
async def dismiss(desk: AtDesk, body: Dismiss) -> StyleStanding:
    return desk.style.dismiss(body, desk.standing)


@router.delete("/review/dismissals/{finding}")
async def take_back(desk: AtDesk, finding: str, subtask: str) -> StyleStanding:
    return desk.style.take_back(subtask, finding, desk.standing)


@router.get("/history")
async def history(desk: AtDesk, subtask: str | None = None) -> list[VersionSummary]:
    return desk.standing.history(subtask)


@router.get("/history/{submission}")
async def version(desk: AtDesk, submission: str) -> Version:
    return _known(desk, submission)


@router.put("/notebook")
async def keep(desk: AtDesk, notebook: SavedNotebook) -> SavedSummary:
    assert notebook_digest(notebook.notebook) == notebook.digest
    return desk.keep(notebook)


@router.get("/notebook/versions")
async def saved(desk: AtDesk) -> list[SavedSummary]:
    return [_summary(notebook) for notebook in desk.saved]


@router.get("/notebook/versions/{digest}")
async def saved_one(desk: AtDesk, digest: str, response: Response) -> SavedNotebook:
    response.headers["Cache-Control"] = "no-store"
    return next(notebook for notebook in desk.saved if notebook.digest == digest)


@router.get("/assistance")
async def assistance(desk: AtDesk) -> Assistance:
    return desk.assistant.standing()


@router.post("/assistance/choice")
async def choose(desk: AtDesk, body: AiChoice) -> Assistance:
    return desk.assistant.choose(body)


@router.post("/words")
async def words(desk: AtDesk, body: LabWords) -> StreamingResponse:
    version = _known(desk, body.submission)
    return sse(desk.assistant.words(version, desk.standing), keep_alive=1)


@router.post("/hints")
async def ask_hint(desk: AtDesk, body: AskHint) -> HintView:
    return desk.assistant.ask_hint(body)


@router.get("/hints")
async def hints(desk: AtDesk, subtask: str) -> HintShelf:
    return desk.assistant.shelf(subtask)


@router.get("/hints/{hint}/events")
async def follow_hint(desk: AtDesk, hint: str) -> StreamingResponse:
    return sse(desk.assistant.follow(hint), keep_alive=1)


@router.post("/hints/{hint}/reflection")
async def reflect(desk: AtDesk, hint: str, body: Reflect) -> HintView:
    return desk.assistant.reflect(hint, body)


@router.post("/hints/{hint}/rating")
async def rate_hint(desk: AtDesk, hint: str, body: RateHint) -> HintView:
    return desk.assistant.rate(hint, body)


@router.post("/chat")
async def chat(desk: AtDesk, body: AskChat) -> StreamingResponse:
    return sse(desk.assistant.chat(body, desk.standing), keep_alive=1)


@router.get("/chat")
async def conversation(desk: AtDesk, subtask: str) -> Conversation:
    return desk.assistant.conversation(subtask)


@router.post("/chat/reset")
async def reset_chat(desk: AtDesk, body: LabChatReset) -> Conversation:
    return desk.assistant.reset(body.subtask)


class GatewayDouble:
    """The double on its socket, in a thread of its own; `stop` and `start` are a gateway that goes and comes back."""

    def __init__(self, folder: Path) -> None:
        self.authority = LocalAuthority(folder / "ca")
        self.socket = folder / "gateway.sock"
        self.environment = folder / "environment.pem"
        self.desk = Desk()
        self._certificate = folder / "gateway.pem"
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asked: asyncio.Event | None = None
        self.issue_environment("n1")

    def issue_environment(self, nonce: str) -> None:
        """Write a new key and certificate for the learner's environment, as the spawner does."""
        identity = Identity.env("ada", "price-check", "a" * 64, nonce)
        self.authority.issue(identity, self.environment, lifetime=_LIFE)

    def app(self) -> FastAPI:
        return create_service("gateway", [router], service=self.desk)

    def start(self) -> None:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True)
        self._thread.start()
        assert ready.wait(60), "the gateway double did not start"

    def stop(self) -> None:
        if self._thread and self._loop and self._asked:
            self.desk.release()
            self._loop.call_soon_threadsafe(self._asked.set)
            self._thread.join(60)
            self._thread = self._loop = self._asked = None
            # A connection whose handshake had just begun goes with the loop, as with a process that ends. Python says
            # so when it happens to find it, which may be during another test.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                gc.collect()

    @property
    def running(self) -> bool:
        return self._thread is not None

    def fresh(self) -> Desk:
        """Forget everything, for the next test."""
        app_desk = self.desk
        app_desk.__init__()  # type: ignore[misc]
        return app_desk

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._asked = asyncio.get_running_loop(), asyncio.Event()
        credential = Credential(self.authority, Identity.service("gateway"), self._certificate, lifetime=_LIFE)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(serving([Listener(self.app(), credential, self.socket)], self.authority))
            ready.set()
            await self._asked.wait()
