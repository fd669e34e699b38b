"""A small case about a shop, the real runner, and the real service over ASGI."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI

from feedback.app import create_app
from feedback.pipeline import Checker, last
from feedback.ports import Memory, Runs
from feedback.wiring import assisted_opener, build_checker, build_judging
from services.contracts.case import AuthorCase, CallProbe, Check, Compare, Flaw, Quotas, Subtask, SubtaskView
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.errors import ServiceError
from services.contracts.feedback import CheckRequest, Feedback, Judged
from services.contracts.identity import Role
from services.contracts.limits import Limits
from services.contracts.notebook import Cell
from services.contracts.observation import Observation, RunEvent, RunFailed, RunFinished, RunRequest
from services.kit.app import running
from services.kit.http import in_process_client
from services.kit.scope import ScopeMinter, ScopeVerifier
from services.kit.settings import Settings
from services.runner.service import Runner
from services.runner.settings import RunnerSettings

STARTER = "# YOUR CODE HERE\nraise NotImplementedError()"
TABLE = (
    'table = pd.DataFrame({"name": names, "price": prices})\n'
    'table = table[table["price"].notna()].reset_index(drop=True)\n'
    'mean_price = table["price"].mean()'
)
REDUCED = (
    "def reduced(price, percent):\n"
    "    if percent > 100:\n"
    '        raise ValueError("more than everything")\n'
    "    return price - price * percent / 100\n"
)
VISIBLE_1 = "assert len(table) > 2\nassert mean_price > 0, 'a mean price is above zero'"
HIDDEN_1 = "assert abs(mean_price - 3.475) < 1e-9\nassert set(table['name']) == {'tea', 'milk', 'oats', 'figs'}"
VISIBLE_2 = "assert reduced(10, 50) == 5"
HIDDEN_2 = "canary_4711 = 80\nassert reduced(canary_4711, 25) == 60\nassert reduced(0, 10) == 0"
SET_UP = 'import pandas as pd\nnames = ["tea", "milk", "salt", "oats", "figs"]\nprices = [3.5, 1.2, None, 2.2, 7.0]'


def _cell(id_: str, source: str, **mark: object) -> Cell:
    nbgrader = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "grade_id": id_, **mark}
    return Cell(id=id_, source=source, metadata={"nbgrader": nbgrader})


def _view(id_: str, index: int) -> SubtaskView:
    cells = (f"{id_}-text", id_, f"check-{id_}")
    return SubtaskView(id=id_, title=id_, index=index, points=2, cells=cells, answer_cells=(id_,))


def _subtasks() -> tuple[Subtask, ...]:
    def checks(id_: str, visible: str, hidden: str) -> tuple[Check, ...]:
        cell = f"check-{id_}"
        return (
            Check(id=cell, cell=cell, hidden=False, source=visible, points=1),
            Check(id=f"{cell}/hidden", cell=cell, hidden=True, source=hidden, points=1),
        )

    table = Subtask(
        view=_view("shelf", 0),
        starter={"shelf": STARTER},
        reference={"shelf": TABLE},
        checks=checks("shelf", VISIBLE_1, HIDDEN_1),
        compare=(Compare(name="table"), Compare(name="mean_price")),
        plan="Which rows have a price?",
    )
    reduced = Subtask(
        view=_view("reduced", 1),
        starter={"reduced": STARTER},
        reference={"reduced": REDUCED},
        checks=checks("reduced", VISIBLE_2, HIDDEN_2),
        probes=(CallProbe(call="reduced", args=(19.9, 15)), CallProbe(call="reduced", args=(1, 250))),
    )
    return table, reduced


FLAWS = (
    Flaw(
        id="gaps-as-zero",
        subtask="shelf",
        title="Gaps as zero",
        answer={"shelf": TABLE.replace('table[table["price"].notna()].reset_index(drop=True)', "table.fillna(0.0)")},
        words="A thing without a price is given away for nothing.",
    ),
    Flaw(
        id="price-only",
        subtask="reduced",
        title="The reduction instead of the price",
        answer={"reduced": REDUCED.replace("price - price * percent", "price * percent")},
        words="The customer pays what should have been taken off.",
    ),
)


def shop(version: str = "a" * 64, **changes: object) -> AuthorCase:
    """The case; `changes` replace whole fields of it."""
    cells = (
        Cell(id="title", kind="markdown", source="# A shop: table, mean_price, reduced(price, percent)"),
        _cell("set-up", SET_UP, locked=True),
        Cell(id="shelf-text", kind="markdown", source="Make `table` and `mean_price`."),
        _cell("shelf", STARTER, solution=True),
        _cell("check-shelf", VISIBLE_1, grade=True, locked=True),
        Cell(id="reduced-text", kind="markdown", source="Write `reduced`."),
        _cell("reduced", STARTER, solution=True),
        _cell("check-reduced", VISIBLE_2, grade=True, locked=True),
    )
    whole = AuthorCase(
        id="shop",
        version=version,
        title="Shop",
        limits=Limits(cpu_seconds=1, wall_seconds=5, probe_seconds=1, memory_mb=512),
        strictness="light",
        quotas=Quotas(),
        subtasks=_subtasks(),
        cells=cells,
        imports=("pandas",),
        modules={"pd": "pandas"},
        data=(),
        flaws=FLAWS,
    )
    return whole.model_copy(update=changes)


def answered(case: AuthorCase, **answers: str) -> tuple[Cell, ...]:
    """The notebook with the reference's answers, or these."""
    known = {"shelf": TABLE, "reduced": REDUCED} | answers
    return tuple(cell.model_copy(update={"source": known.get(cell.id, cell.source)}) for cell in case.cells)


@pytest.fixture(scope="module")
def case() -> AuthorCase:
    return shop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runner(project: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runner]:
    settings = RunnerSettings(
        learner_env=project / ".venv-learner", cache=tmp_path_factory.mktemp("feedback-runner"), spares=1
    )
    async with Runner(settings) as opened:
        yield opened


@dataclass
class Bench:
    """Judges notebooks of one case with a real runner."""

    checker: Checker
    case: AuthorCase

    async def answers(self, subtask: str, **answers: str) -> Feedback:
        return await self.cells(subtask, answered(self.case, **answers))

    async def cells(self, subtask: str, cells: tuple[Cell, ...]) -> Feedback:
        return await last(self.checker.check(self.case, CheckRequest(subtask=subtask, cells=cells)))


@pytest.fixture(scope="module")
def bench(runner: Runner, case: AuthorCase, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(build_checker(runner, tmp_path_factory.mktemp("baselines")), case)


@dataclass
class ScriptedRuns:
    """Runs that answer from a recording; for what the platform does, never for what learners' code does."""

    answer: Callable[[RunRequest], Observation | RunFailed | ServiceError]
    delay: float = 0
    requests: list[RunRequest] = field(default_factory=list)

    async def run(self, request: RunRequest) -> AsyncIterator[RunEvent]:
        self.requests.append(request)
        await asyncio.sleep(self.delay)
        match self.answer(request):
            case ServiceError() as error:
                raise error
            case RunFailed() as failed:
                yield failed
            case Observation() as seen:
                yield RunFinished(observation=seen)


@pytest.fixture
def scripted() -> type[ScriptedRuns]:
    """Makes runs that answer from a recording."""
    return ScriptedRuns


@pytest.fixture
def make_case() -> Callable[..., AuthorCase]:
    """Makes variations of the case."""
    return shop


class Shelf:
    """AuthorCases in memory."""

    def __init__(self, *cases: AuthorCase) -> None:
        self._cases = {case.version: case for case in cases}
        self.asked = 0
        self.away = False

    async def author(self, version: str) -> AuthorCase:
        self.asked += 1
        if self.away:
            raise ServiceError("cases", 503, "service_unavailable", "cases could not be reached")
        if version not in self._cases:
            raise ServiceError("cases", 404, "case_version_not_found", "There is no such version.")
        return self._cases[version]


@dataclass
class Door:
    """The service behind its real app, and who may ask it."""

    http: httpx.AsyncClient
    minter: ScopeMinter
    shelf: Shelf
    app: FastAPI

    @property
    def client(self) -> FeedbackClient:
        return FeedbackClient(self.http)

    def scope(self, version: str = "a" * 64, subtask: str | None = None, role: Role = Role.LEARNER) -> str:
        return self.minter.mint(user="ada", role=role, case="shop", case_version=version, subtask=subtask)

    async def check(self, request: CheckRequest, scope: str | None = None) -> Feedback:
        async for event in self.client.check(request, scope or self.scope()):
            if isinstance(event, Judged):
                return event.feedback
        raise AssertionError("no verdict")


@pytest.fixture
def door(tmp_path: Path) -> Callable[..., object]:
    """Opens the service on these runs, as seen by this caller."""

    @asynccontextmanager
    async def opened(
        runs: Runs, *cases: AuthorCase, caller: str = "gateway", memory: Memory | None = None, assisted: bool = False
    ) -> AsyncIterator[Door]:
        key = Ed25519PrivateKey.generate()
        shelf = Shelf(*(cases or (shop(),)))
        judging = build_judging(runs, shelf, tmp_path / "baselines", memory=memory)
        (tmp_path / "home").mkdir(exist_ok=True)
        opener = assisted_opener(Settings(home=tmp_path / "home"), judging) if assisted else None
        app = create_app(judging.service, ScopeVerifier(key.public_key()), open_assisted=opener)
        async with running(app), in_process_client(app, caller) as http:
            yield Door(http, ScopeMinter(key), shelf, app)

    return opened
