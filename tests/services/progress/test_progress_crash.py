"""Killed at any moment, `progress` has all that it acknowledged, and shows nothing half-written."""

import asyncio
import contextlib
import hashlib
import random
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.contracts.clients.progress import ProgressClient
from services.contracts.errors import ServiceError
from services.contracts.feedback import Feedback, Verdict
from services.contracts.identity import Role
from services.contracts.notebook import notebook_digest
from services.contracts.progress import Conclude, SavedNotebook, Submit, Version
from services.contracts.session import EventBatch, RecordingChoice, SessionEvent
from services.kit.scope import ScopeMinter, new_scope_key

SERVER = Path(__file__).with_name("serve_progress.py")
USERS = ("ada", "bob", "eve")
ROUNDS = 6

Fixture = Any


@dataclass
class Acknowledged:
    """What the service said it has."""

    submissions: dict[str, tuple[str, Submit, int]] = field(default_factory=dict)
    """Id -> learner, what was sent, number."""
    verdicts: dict[str, Feedback] = field(default_factory=dict)
    events: dict[tuple[str, str], int] = field(default_factory=dict)
    """Learner and session -> how many."""
    notebooks: list[tuple[str, SavedNotebook]] = field(default_factory=list)


class Crashing:
    """A real server process on real files, that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        key = folder / "scope.pem"
        key.write_bytes(new_scope_key())
        self.minter = ScopeMinter(load_pem_private_key(key.read_bytes(), password=None))  # type: ignore[arg-type]
        self._command = [sys.executable, str(SERVER), str(folder), str(key)]
        self._process: subprocess.Popen[bytes] | None = None

    def scope(self, user: str) -> str:
        return self.minter.mint(user=user, role=Role.LEARNER, case="numbers", case_version="1" * 64)

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()

    def _start(self) -> None:
        (self.folder / "progress.sock").unlink(missing_ok=True)
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[ProgressClient]:
        self._start()
        transport = httpx.AsyncHTTPTransport(uds=str(self.folder / "progress.sock"))
        async with httpx.AsyncClient(transport=transport, base_url="http://progress", timeout=10) as http:
            try:
                await self._wait(http)
                yield ProgressClient(http)
            finally:
                self.kill()

    async def _wait(self, http: httpx.AsyncClient) -> None:
        for _ in range(400):
            with contextlib.suppress(httpx.TransportError):
                await http.get("/health/live")
                return
            assert self._process is not None
            assert self._process.poll() is None, (self.folder / "server.log").read_text()[-2000:]
            await asyncio.sleep(0.05)
        raise AssertionError("the server did not start")


@pytest.fixture
def crashing() -> Iterator[Crashing]:
    # A short path of its own: a socket's path may have 107 bytes, and pytest's folders are long.
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        server = Crashing(Path(folder))
        yield server
        server.kill()


async def _work(
    client: ProgressClient,
    crashing: Crashing,
    user: str,
    said: Acknowledged,
    submit_of: Callable[..., Submit],
    tag: str,
) -> None:
    """Submit, conclude, save and record until the server is gone; note what it acknowledged."""
    scope = crashing.scope(user)
    session = hashlib.sha256(f"{user} {tag}".encode()).hexdigest()[:32]
    await client.choose_recording(RecordingChoice(record=True), scope)
    for n in range(10_000):
        submit = submit_of(f"x = '{user} {tag} {n}'\n" + "# padding\n" * 500)
        recorded = await client.submit(submit, scope)
        said.submissions[recorded.submission] = (user, submit, recorded.number)
        feedback = Feedback(verdict=Verdict.NEEDS_WORK, headline=f"{user} {tag} {n}")
        await client.conclude(Conclude(submission=recorded.submission, feedback=feedback), scope)
        said.verdicts[recorded.submission] = feedback
        notebook = {"cells": [f"{user} {tag} {n}"]}
        saved = SavedNotebook(saved="2026-11-20T12:00:00Z", digest=notebook_digest(notebook), notebook=notebook)
        await client.save_notebook(saved, scope)
        said.notebooks.append((user, saved))
        event = SessionEvent(seq=n, at=1_000 * n, kind="focus")
        batch = EventBatch(session=session, started="2026-11-20T12:00:00Z", events=(event,))
        said.events[user, session] = (await client.record(batch, scope)).next_seq


async def _until_killed(
    client: ProgressClient, crashing: Crashing, said: Acknowledged, submit_of: Fixture, chance: random.Random
) -> None:
    """Kill the server in the middle of it all: after some acknowledgements (machines differ) and a random moment."""
    enough = len(said.submissions) + chance.randint(5, 25)
    workers = [
        asyncio.create_task(_work(client, crashing, user, said, submit_of, f"{enough}.{worker}"))
        for user in USERS
        for worker in range(4)
    ]
    while len(said.submissions) < enough and not any(worker.done() for worker in workers):
        await asyncio.sleep(0.005)
    await asyncio.sleep(chance.uniform(0, 0.05))
    crashing.kill()
    for outcome in await asyncio.gather(*workers, return_exceptions=True):
        assert isinstance(outcome, ServiceError), outcome
        assert outcome.status == 503, outcome


async def _history(client: ProgressClient, scope: str) -> list[Version]:
    """All versions with their cells, newest first."""
    summaries = list(await client.history(scope, limit=500))
    while page := await client.history(scope, limit=500, before=summaries[-1].submission if summaries else None):
        summaries += page
    return [await client.version(summary.submission, scope) for summary in summaries]


async def _verify(client: ProgressClient, crashing: Crashing, said: Acknowledged) -> None:
    for user in USERS:
        scope = crashing.scope(user)
        kept = {version.submission: version for version in await _history(client, scope)}
        numbers = sorted(version.number for version in kept.values())
        assert numbers == list(range(1, len(kept) + 1)), "numbers have gaps or double"
        for submission, (owner, submit, number) in said.submissions.items():
            if owner == user:
                assert (kept[submission].number, kept[submission].cells) == (number, submit.cells)
                if submission in said.verdicts:
                    assert kept[submission].feedback == said.verdicts[submission]
        judged = sum(version.verdict is not None for version in kept.values())
        (standing,) = (await client.progress(scope)).subtasks
        assert standing.attempts == judged, "a verdict and the count it moves were torn apart"
        listed = {state.digest for state in await client.saved_notebooks(scope)}
        assert {saved.digest for owner, saved in said.notebooks if owner == user} <= listed
        sessions = {one.session: one for one in await client.own_sessions(scope)}
        for (owner, session), events in said.events.items():
            if owner == user:
                assert sessions[session].events >= events
                assert sessions[session].seconds == sessions[session].events - 1, (
                    "an event and its count were torn apart"
                )
        for digest in listed:
            assert notebook_digest((await client.saved_notebook(digest, scope)).notebook) == digest


@pytest.mark.timeout(110)
async def test_nothing_acknowledged_is_lost_when_it_is_killed_again_and_again(
    crashing: Crashing, submit_of: Fixture
) -> None:
    chance = random.Random(20261120)
    said = Acknowledged()
    for _ in range(ROUNDS):
        async with crashing.serving() as client:
            await _until_killed(client, crashing, said, submit_of, chance)
    assert len(said.submissions) >= 5 * ROUNDS
    async with crashing.serving() as client:
        await _verify(client, crashing, said)
