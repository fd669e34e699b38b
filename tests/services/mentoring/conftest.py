import asyncio
import email
import email.policy
import itertools
from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI

from services.contracts.clients.mentoring import MentoringClient
from services.contracts.escalation import EscalationFull, EscalationView, Open
from services.contracts.feedback import Feedback, Verdict
from services.contracts.identity import Role
from services.contracts.notebook import Cell
from services.kit.adapters.mail_outbox import OutboxMailer
from services.kit.app import running
from services.kit.database import Database
from services.kit.http import in_process_client
from services.kit.mail import Mailer
from services.kit.scope import ScopeMinter, ScopeVerifier
from services.mentoring.app import create_app
from services.mentoring.settings import MailSettings, MentoringSettings
from tests.databases import DatabaseUrl

VERSION = "1" * 64
SIGNATURE = "mean|check|check-mean|AssertionError#1f0c9e2b7a"
_SUBMISSIONS = itertools.count(1)


@dataclass
class SetClock:
    """A clock that stands until it is moved."""

    now: datetime = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


def question(signature: str = SIGNATURE, **other: Any) -> Open:
    """What the gateway sends when a learner asks; every one about another version unless told otherwise."""
    values: dict[str, Any] = {
        "subtask": "mean",
        "subtask_title": "The mean",
        "case_title": "Numbers",
        "submission": f"{next(_SUBMISSIONS):032x}",
        "number": 3,
        "cells": (Cell(id="answer", source="mean = sum(values)"),),
        "feedback": Feedback(verdict=Verdict.NEEDS_WORK, headline="The mean is not right yet."),
        "signature": signature,
        "reason": "repeated_failure",
    }
    return Open(**(values | other))


@dataclass
class House:
    """The mentoring service with all that a test needs around it."""

    folder: Path
    clock: SetClock
    settings: MentoringSettings
    mail: MailSettings
    mailer: Mailer
    databases: DatabaseUrl
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def app(self) -> FastAPI:
        return create_app(
            self.database(),
            self.mailer,
            ScopeVerifier(self.key.public_key()),
            self.settings,
            self.mail,
            clock=self.clock,
        )

    def database(self) -> Database:
        return Database(self.databases("services.mentoring", self.folder / "mentoring.sqlite"))

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Town"]:
        async with AsyncExitStack() as stack:
            app = await stack.enter_async_context(running(self.app()))
            peers = {
                name: MentoringClient(await stack.enter_async_context(in_process_client(app, name)))
                for name in ("gateway", "dashboard", "feedback", "hub")
            }
            yield Town(self, app, **peers)

    def learner(self, user: str = "ada", case: str = "numbers", version: str = VERSION, **more: Any) -> str:
        minter = ScopeMinter(self.key)
        return minter.mint(user=user, role=Role.LEARNER, case=case, case_version=version, **more)

    def mentor(self, user: str = "mia", case: str = "*", role: Role = Role.MENTOR) -> str:
        return ScopeMinter(self.key).mint(user=user, role=role, case=case, case_version="*")

    def mails(self) -> list[EmailMessage]:
        files = sorted((self.folder / "outbox").glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
        policy = email.policy.default
        return [email.message_from_bytes(file.read_bytes(), policy=policy) for file in files]  # type: ignore[misc]


@dataclass
class Town:
    """The running service, and whoever calls it."""

    house: House
    app: FastAPI
    gateway: MentoringClient
    dashboard: MentoringClient
    feedback: MentoringClient
    hub: MentoringClient

    @property
    def clock(self) -> SetClock:
        return self.house.clock

    def learner(self, user: str = "ada", **more: Any) -> str:
        return self.house.learner(user, **more)

    def mentor(self, user: str = "mia", **more: Any) -> str:
        return self.house.mentor(user, **more)

    async def ask(self, user: str = "ada", **more: Any) -> EscalationView:
        return await self.gateway.open(question(**more), self.learner(user))

    async def take(self, escalation: str, mentor: str = "mia") -> EscalationFull:
        return await self.dashboard.lease(escalation, self.mentor(mentor))

    async def mails_at_last(self, count: int) -> list[EmailMessage]:
        """The mails of the outbox, when there are so many; fails when there are more, or they do not come."""
        async with asyncio.timeout(30):
            while len(self.house.mails()) < count:
                await asyncio.sleep(0.02)
        mails = self.house.mails()
        assert len(mails) == count
        return mails


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """Every structured line of the test, in place of output."""
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        yield lines


@pytest.fixture
def ask_for() -> Callable[..., Open]:
    return question


@pytest.fixture
def settings() -> MentoringSettings:
    return MentoringSettings(_env_file=None)


@pytest.fixture
def mail() -> MailSettings:
    return MailSettings(_env_file=None, mentors="mia@school.example, max@school.example", link="https://x.example/d/")


@pytest.fixture
def house(tmp_path: Path, settings: MentoringSettings, mail: MailSettings, databases: DatabaseUrl) -> House:
    return House(tmp_path, SetClock(), settings, mail, OutboxMailer(tmp_path / "outbox", mail.sender), databases)


@pytest.fixture
async def town(house: House) -> AsyncIterator[Town]:
    async with house.open() as town:
        yield town
