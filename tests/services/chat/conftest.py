"""A small case, a real database, a model that says what a test wants, and the service over both."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from feedback.assistance.service import AssistanceService
from feedback.chat.exports import Exports
from feedback.chat.retention import QUEUE
from feedback.chat.service import ChatService
from feedback.chat.settings import ChatSettings
from feedback.chat.staff import ChatStaff
from feedback.firewalls import KeptFirewalls
from feedback.model.adapters.script import Answer, Script
from feedback.model.adapters.scripted import ScriptedModel
from feedback.model.port import ModelRequest
from feedback.model.settings import ModelSettings
from feedback.model.steady import Steady
from feedback.models import JOBS
from services.contracts.assistance import AiChoice
from services.contracts.case import AuthorCase, CallProbe, Check, Compare, Quotas, Subtask, SubtaskView
from services.contracts.chat import AskChat, ChatDelta, ChatDone, ChatEvent, ChatRetracted
from services.contracts.errors import ServiceError
from services.contracts.feedback import CheckRequest, CheckResult, Feedback, Verdict
from services.contracts.finding import Evidence, Finding, Hint
from services.contracts.identity import Role, ScopeClaims
from services.contracts.limits import Limits
from services.contracts.notebook import Cell, Place
from services.kit.adapters.job_rows import TableTimes
from services.kit.adapters.jobs_table import TableJobQueue
from services.kit.database import Database
from services.kit.jobs import JobState
from tests.databases import DatabaseUrl

STARTER = "# YOUR CODE HERE\nraise NotImplementedError()"
SHELF = (
    'priced = goods.dropna(subset=["price"]).reset_index(drop=True)\n'
    'limit = priced["price"].quantile(0.8375)\n'
    'dear = priced[priced["price"] > limit].sort_values("price", ascending=False)\n'
    "share = round(len(dear) / len(priced) * 100, 3)"
)
REDUCED = (
    "def reduced(price, percent):\n"
    "    if not 0 <= percent <= 100:\n"
    '        raise ValueError("no such reduction")\n'
    "    return round(price * (1 - percent / 100), 2)\n"
)
WRONG = 'priced = goods.fillna(0)\nlimit = priced["price"].mean()\ndear = priced[priced["price"] > limit]\nshare = 12'
FINDING = Finding(
    id="1-0a1b2c3d4e",
    kind="value",
    severity="error",
    subtask="shelf",
    message="`priced` has more rows than this step leads to.",
    place=Place(cell="shelf", line=1),
    evidence=(Evidence(kind="value", subject="priced", fact="5 rows instead of 4", aspect="shape"),),
    ladder=(
        Hint(step="plan", text="Ask of every row whether it can be used at all."),
        Hint(step="consequence", text="`priced` has more rows than this step leads to."),
        Hint(step="location", text="Look at line 1 of this step's answer cell."),
        Hint(step="example", text="Three letters, one twice:\n\n    len({'a', 'b', 'b'})     # 2"),
    ),
    signature="shelf|value|priced|shape-more#0a1b2c3d4e",
)
SECOND = FINDING.model_copy(
    update={
        "id": "2-1122334455",
        "message": "`share` exists, but its numbers are not those that the data lead to.",
        "place": Place(cell="shelf", line=4),
        "ladder": (Hint(step="location", text="Look at line 4 of this step's answer cell."),),
        "signature": "shelf|value|share|numbers#1122334455",
    }
)
NEEDS_WORK = Feedback(
    verdict=Verdict.NEEDS_WORK,
    fault="learner",
    headline="2 of 3 checks do not hold yet.",
    findings=(FINDING, SECOND),
    checks=(
        CheckResult(label="rows", passed=False, hidden=False),
        CheckResult(label="share", passed=False, hidden=True),
        CheckResult(label="names", passed=True, hidden=False),
    ),
)
APPROVED = Feedback(verdict=Verdict.APPROVED, headline="This step is right.")


def _view(id_: str, title: str, index: int) -> SubtaskView:
    cells = (f"{id_}-text", id_, f"check-{id_}")
    return SubtaskView(id=id_, title=title, index=index, points=2, cells=cells, answer_cells=(id_,))


def _checks(id_: str, visible: str, hidden: str) -> tuple[Check, ...]:
    cell = f"check-{id_}"
    return (
        Check(id=cell, cell=cell, hidden=False, source=visible, points=1),
        Check(id=f"{cell}/hidden", cell=cell, hidden=True, source=hidden, points=1),
    )


def shop(**changes: object) -> AuthorCase:
    """The case; `changes` replace whole fields of it."""
    shelf = Subtask(
        view=_view("shelf", "What is dear on the shelf", 0),
        starter={"shelf": STARTER},
        reference={"shelf": SHELF},
        checks=_checks("shelf", "assert len(priced) > 2", "assert abs(share - 20.417) < 1e-9"),
        compare=(Compare(name="priced"), Compare(name="share")),
        plan="Ask of every row whether it can be used at all.",
    )
    reduced = Subtask(
        view=_view("reduced", "Prices after a reduction", 1),
        starter={"reduced": STARTER},
        reference={"reduced": REDUCED},
        checks=_checks("reduced", "assert reduced(10, 50) == 5", "assert reduced(19.9, 15) == 16.92"),
        probes=(CallProbe(call="reduced", args=(1, 250)),),
    )
    instructions = (
        "Keep the goods that have a price in `priced`. Of these, find the ones that are dearer than most others, "
        "in `dear`, the dearest first, and put into `share` how many of a hundred goods that is. The table `goods` was "
        "typed by hand: some prices are missing. Do not change `goods` itself, later steps need it as it is."
    )
    cells = (
        Cell(id="title", kind="markdown", source="# A shop\nGoods, their prices, and what they are worth."),
        Cell(id="set-up", source="import pandas as pd\ngoods = pd.read_csv('data/goods.csv')"),
        Cell(id="shelf-text", kind="markdown", source=instructions),
        Cell(id="shelf", source=STARTER),
        Cell(id="check-shelf", source="assert len(priced) > 2"),
        Cell(
            id="reduced-text", kind="markdown", source="Write `reduced(price, percent)`: the price after a reduction."
        ),
        Cell(id="reduced", source=STARTER),
        Cell(id="check-reduced", source="assert reduced(10, 50) == 5"),
    )
    whole = AuthorCase(
        id="shop",
        version="a" * 64,
        title="A shop",
        limits=Limits(),
        strictness="light",
        quotas=Quotas(),
        subtasks=(shelf, reduced),
        cells=cells,
        imports=("pandas",),
        modules={"pd": "pandas"},
        data=(),
    )
    return whole.model_copy(update=changes)


def notebook(case: AuthorCase, **answers: str) -> tuple[Cell, ...]:
    """The notebook with these answers."""
    known = {"shelf": WRONG} | answers
    return tuple(cell.model_copy(update={"source": known.get(cell.id, cell.source)}) for cell in case.cells)


@dataclass
class Shelf:
    """AuthorCases in memory."""

    case: AuthorCase

    async def author(self, version: str) -> AuthorCase:
        if version != self.case.version:
            raise ServiceError("cases", 404, "case_version_not_found", "There is no such version.")
        return self.case


@dataclass
class Verdicts:
    """Judgements from a list: what a test says that the check says. The last one is repeated."""

    says: list[Feedback | Exception] = field(default_factory=lambda: [NEEDS_WORK])
    asked: list[CheckRequest] = field(default_factory=list)
    seconds: float = 0

    async def of(self, scope: ScopeClaims, case: AuthorCase, request: CheckRequest) -> Feedback:
        self.asked.append(request)
        await asyncio.sleep(self.seconds)
        said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if isinstance(said, Exception):
            raise said
        return said


class Clock:
    """A clock that a test can turn; otherwise it goes as every clock does, and shows no moment twice."""

    def __init__(self) -> None:
        self._began, self._turned, self._last = time.monotonic(), timedelta(0), datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        self._start = self._last

    def __call__(self) -> datetime:
        now = self._start + self._turned + timedelta(seconds=time.monotonic() - self._began)
        self._last = max(now, self._last + timedelta(microseconds=1))
        return self._last

    def turn(self, by: timedelta) -> None:
        self._turned += by


@dataclass
class Asked:
    """What came back for one question."""

    events: list[ChatEvent]

    @property
    def done(self) -> ChatDone:
        last = self.events[-1]
        assert isinstance(last, ChatDone)
        return last

    @property
    def text(self) -> str:
        return self.done.answer.text

    @property
    def streamed(self) -> str:
        """What a learner sees at the end: what was taken back is not in it."""
        shown = ""
        for event in self.events:
            if isinstance(event, ChatDelta):
                shown += event.text
            if isinstance(event, ChatRetracted):
                shown = ""
        return shown

    @property
    def everything(self) -> str:
        """Everything that ever went over the line, also what was taken back."""
        return "".join(event.model_dump_json() for event in self.events)


@dataclass
class Desk:
    """The service, and all that stands behind it."""

    case: AuthorCase
    service: ChatService
    staff: ChatStaff
    choices: AssistanceService
    db: Database
    queue: TableJobQueue
    verdicts: Verdicts
    requests: list[ModelRequest]
    registry: CollectorRegistry
    clock: Clock
    home: Path

    def scope(self, **claims: Any) -> ScopeClaims:
        known = {
            "user": "ada",
            "role": Role.LEARNER,
            "case": self.case.id,
            "case_version": self.case.version,
            "subtask": "shelf",
            "expires": datetime(2036, 1, 1, tzinfo=UTC),
        }
        return ScopeClaims(**(known | claims))

    async def allow(self, user: str = "ada", *, ai: bool = True) -> None:
        await self.choices.choose(self.scope(user=user, subtask=None), AiChoice(ai=ai))

    async def ask(
        self, text: str, *, code: str | None = None, reasoning: str | None = None, subtask: str = "shelf", **claims: Any
    ) -> Asked:
        cells = notebook(self.case, **({} if code is None else {subtask: code}))
        request = AskChat(subtask=subtask, cells=cells, text=text, reasoning=reasoning)
        scope = self.scope(**({"subtask": subtask} | claims))
        return Asked([event async for event in self.service.ask(request, scope)])

    def counted(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"{name}_total", labels) or 0.0

    async def ended(self, job: str) -> JobState:
        """Work until the job is done or given up."""
        work = asyncio.create_task(self.queue.work(QUEUE, self.staff.handlers()))
        try:
            async with asyncio.timeout(20):
                while True:
                    state = await self.staff.state(job)
                    if state is not None and state.status in {"done", "failed"}:
                        return state
                    await asyncio.sleep(0.02)
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)


OpenDesk = Callable[..., Any]
QUICK = ModelSettings(attempts=1, first_token_limit=0.5, time_limit=60, slot_wait=0.2, breaker_failures=1_000)


@pytest.fixture
def open_desk(tmp_path: Path, databases: DatabaseUrl) -> OpenDesk:
    """Opens the service: with these answers of a model, or without one (None), and this patience for its first word."""

    @asynccontextmanager
    async def opened(
        answers: Sequence[Answer] | None = None,
        *,
        summaries: Sequence[Answer] = ("They talked about rows without a price.",),
        case: AuthorCase | None = None,
        home: Path | None = None,
        patience: float = QUICK.first_token_limit,
        **settings: Any,
    ) -> AsyncIterator[Desk]:
        home = home or tmp_path
        db = Database(databases("feedback", home / "feedback.sqlite"))
        requests: list[ModelRequest] = []
        model = None
        if answers is not None:
            script = Script(
                {"chat": [_noted(a, requests) for a in answers], "summary": [_noted(a, requests) for a in summaries]}
            )
            model = Steady(ScriptedModel(script), QUICK.model_copy(update={"first_token_limit": patience}))
        clock, verdicts, registry = Clock(), Verdicts(), CollectorRegistry()
        case = case or shop()
        choices = AssistanceService(db, model.name if model else None, remote=False, clock=clock)
        chat_settings = ChatSettings(**settings)
        service = ChatService(
            db, Shelf(case), verdicts, choices, KeptFirewalls(8), model, chat_settings, registry, clock
        )
        queue = TableJobQueue(
            db, JOBS, TableTimes(poll=timedelta(seconds=0.05), backoff=timedelta(seconds=0.05)), clock
        )
        staff = ChatStaff(db, queue, Exports(home / "exports"), chat_settings, clock)
        desk = Desk(case, service, staff, choices, db, queue, verdicts, requests, registry, clock, home)
        await desk.allow()
        try:
            yield desk
        finally:
            await service.close()
            await db.close()

    return opened


def _noted(answer: Answer, requests: list[ModelRequest]) -> Answer:
    """The same answer; what it is asked with can be read afterwards."""

    def answering(request: ModelRequest) -> str:
        requests.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    return answering
