from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI

from services.contracts.clients.progress import ProgressClient
from services.contracts.feedback import Feedback, Verdict
from services.contracts.identity import Role
from services.contracts.notebook import Cell, cells_digest
from services.contracts.progress import Submit
from services.contracts.session import EventBatch, SessionEvent
from services.kit.adapters.objects_directory import DirectoryObjectStore
from services.kit.app import running
from services.kit.database import Database
from services.kit.http import in_process_client
from services.kit.scope import ScopeMinter, ScopeVerifier
from services.progress.app import create_app
from services.progress.settings import ProgressSettings
from tests.databases import DatabaseUrl

VERSION = "1" * 64


@dataclass
class SetClock:
    """A clock that stands until it is moved."""

    now: datetime = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


@dataclass
class Desk:
    """The progress service with all that a test needs around it."""

    app: FastAPI
    client: ProgressClient
    minter: ScopeMinter
    clock: SetClock
    objects: DirectoryObjectStore
    hub: ProgressClient
    mentor: ProgressClient
    db: Database

    def scope(
        self, user: str = "ada", case: str = "numbers", version: str = VERSION, subtask: str | None = None
    ) -> str:
        return self.minter.mint(user=user, role=Role.LEARNER, case=case, case_version=version, subtask=subtask)

    def mentor_scope(self, user: str = "grace", role: Role = Role.MENTOR, case: str = "*") -> str:
        return self.minter.mint(user=user, role=role, case=case, case_version="*")


@pytest.fixture
def submit_of() -> Callable[..., Submit]:
    """Make a submission whose answer cell holds the given source."""

    def make(source: str, subtask: str = "mean", quota: int | None = None) -> Submit:
        cells = (Cell(id="intro", kind="markdown", source="# Numbers"), Cell(id="answer", source=source))
        return Submit(subtask=subtask, digest=cells_digest(subtask, cells), cells=cells, quota=quota)

    return make


@pytest.fixture
def feedback_of() -> Callable[..., Feedback]:
    """Make a feedback of the given verdict."""

    def make(verdict: Verdict, points: float = 0.0) -> Feedback:
        return Feedback(verdict=verdict, headline=f"This is {verdict}.", points=points, max_points=4)

    return make


@pytest.fixture
def event_of() -> Callable[..., SessionEvent]:
    """Make a session event: number, kind, cell, milliseconds (1,000 a number unless given), and its data."""

    def make(seq: int, kind: str, cell: str | None = None, when: int | None = None, /, **data: object) -> SessionEvent:
        at = 1_000 * seq if when is None else when
        return SessionEvent.model_validate({"seq": seq, "at": at, "kind": kind, "cell": cell, "data": data})

    return make


@pytest.fixture
def batch_of(clock: SetClock) -> Callable[..., EventBatch]:
    """Make a batch of these events; session `1…` unless another digit is given."""

    def make(*events: SessionEvent, session: str = "1") -> EventBatch:
        return EventBatch(session=session * 32, started=clock(), events=events)

    return make


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def settings() -> ProgressSettings:
    return ProgressSettings()


@pytest.fixture
async def desk(
    tmp_path: Path, clock: SetClock, settings: ProgressSettings, databases: DatabaseUrl
) -> AsyncIterator[Desk]:
    key = Ed25519PrivateKey.generate()
    objects = DirectoryObjectStore(tmp_path / "objects")
    db = Database(databases("services.progress", tmp_path / "progress.sqlite"))
    app = create_app(db, objects, ScopeVerifier(key.public_key()), settings, clock)
    async with (
        running(app),
        in_process_client(app, "gateway") as gateway,
        in_process_client(app, "hub") as hub,
        in_process_client(app, "dashboard") as dashboard,
    ):
        yield Desk(
            app,
            ProgressClient(gateway),
            ScopeMinter(key),
            clock,
            objects,
            ProgressClient(hub),
            ProgressClient(dashboard),
            db,
        )
