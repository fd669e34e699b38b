"""Killed at any moment, `mentoring` has all that it acknowledged, and each of it has its mail, once."""

import asyncio
import contextlib
import email
import email.policy
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.contracts.clients.mentoring import MentoringClient
from services.contracts.errors import ServiceError
from services.contracts.escalation import AnswerEscalation, AskQueue
from services.contracts.identity import Role
from services.kit.scope import ScopeMinter, new_scope_key
from tests.services.mentoring.conftest import question

SERVER = Path(__file__).with_name("serve_mentoring.py")
ROUNDS = 3


class Crashing:
    """A real server process on real files, that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        key = folder / "scope.pem"
        key.write_bytes(new_scope_key())
        self._minter = ScopeMinter(load_pem_private_key(key.read_bytes(), password=None))  # type: ignore[arg-type]
        self._command = [sys.executable, str(SERVER), str(folder), str(key)]
        self._process: subprocess.Popen[bytes] | None = None

    def learner(self, user: str) -> str:
        return self._minter.mint(user=user, role=Role.LEARNER, case="numbers", case_version="1" * 64)

    def mentor(self) -> str:
        return self._minter.mint(user="mia", role=Role.MENTOR, case="*", case_version="*")

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    async def start(self) -> None:
        self._process = await asyncio.to_thread(subprocess.Popen, self._command)
        async with asyncio.timeout(30), self.client("gateway") as client:
            while True:
                with contextlib.suppress(ServiceError):
                    await client.mine(self.learner("nobody"))
                    return
                await asyncio.sleep(0.1)

    @asynccontextmanager
    async def client(self, peer: str) -> AsyncIterator[MentoringClient]:
        transport = httpx.AsyncHTTPTransport(uds=str(self.folder / "mentoring.sock"))
        headers = {"x-peer": peer}
        async with httpx.AsyncClient(transport=transport, base_url="http://mentoring", headers=headers) as http:
            yield MentoringClient(http)

    def mails(self) -> list[tuple[str, str]]:
        """(recipient, subject) of each mail in the outbox."""
        found = []
        for file in (self.folder / "outbox").glob("*.eml"):
            mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            found.append((mail["To"], mail["Subject"]))
        return found


@pytest.fixture
def crashing() -> Iterator[Crashing]:
    with tempfile.TemporaryDirectory(prefix="cl-") as folder:
        crashing = Crashing(Path(folder))
        try:
            yield crashing
        finally:
            crashing.kill()


@pytest.mark.timeout(120)
async def test_what_was_acknowledged_survives_and_every_mail_goes_once(crashing: Crashing) -> None:
    chance = random.Random(7)
    asked: dict[str, str] = {}
    answered: set[str] = set()

    async def ask_and_answer(number: int) -> None:
        user = f"learner-{number}"
        async with crashing.client("gateway") as gateway, crashing.client("dashboard") as dashboard:
            body = question(email=f"{user}@home.example", subtask_title=user)
            escalation = (await gateway.open(body, crashing.learner(user))).id
            asked[escalation] = user
            await dashboard.lease(escalation, crashing.mentor())
            await dashboard.answer(escalation, AnswerEscalation(text="Divide."), crashing.mentor())
            answered.add(escalation)

    for round_ in range(ROUNDS):
        await crashing.start()
        work = [asyncio.create_task(ask_and_answer(round_ * 100 + n)) for n in range(12)]
        enough = len(asked) + len(answered) + chance.randint(2, 18)
        async with asyncio.timeout(30):
            # However busy the machine is, some of the work is acknowledged and some under way.
            while len(asked) + len(answered) < enough:
                await asyncio.sleep(0.01)
        crashing.kill()
        await asyncio.gather(*work, return_exceptions=True)
    assert len(asked) > 5
    assert answered

    await crashing.start()
    async with crashing.client("gateway") as gateway, crashing.client("dashboard") as dashboard:
        states = {one: (await gateway.one(one, crashing.learner(user))).state for one, user in asked.items()}
        queue = await dashboard.queue(crashing.mentor(), AskQueue(limit=200))
        over = await dashboard.queue(crashing.mentor(), AskQueue(state="answered", limit=200))
        kept = {item.learner: item.state for item in (*queue.items, *over.items)}
        assert all(states[one] == "answered" for one in answered)
        assert set(asked.values()) <= kept.keys()
        wanted = {user for user, state in kept.items() if state == "answered"}
        waiting = kept.keys() - wanted

        def all_told() -> bool:
            """A mail for every answer and every question that is kept, whether anybody heard that it is or not."""
            mails = crashing.mails()
            answers = {to.split("@")[0] for to, _ in mails if to.endswith("@home.example")}
            questions = {subject.rpartition(" ")[2] for to, subject in mails if to == "mia@school.example"}
            return answers == wanted and waiting <= questions

        async with asyncio.timeout(40):
            while not all_told():
                await asyncio.sleep(0.1)
    assert set(Counter(crashing.mails()).values()) == {1}
