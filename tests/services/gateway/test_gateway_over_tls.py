"""The gateway as it is wired for real: mutual TLS on unix sockets, the Hub on its own socket, clients that vanish."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI

from services.contracts.feedback import Verdict
from services.gateway import wiring as gateway_wiring
from services.gateway.settings import GatewaySettings
from services.kit.http import tls_client
from services.kit.scope import ScopeMinter, ScopeVerifier
from services.kit.serving import Listener, serving
from services.kit.settings import Settings
from services.progress import wiring as progress_wiring
from vault.adapters.local_ca import LocalAuthority
from vault.identity import Identity
from vault.rotation import Credential

Fixture = Any
ADA = Identity.env("ada", "numbers", "1" * 64, "n0nce")


@pytest.fixture
def place() -> Iterator[Path]:
    """A short path: a socket's may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="gw-") as folder:
        yield Path(folder)


@asynccontextmanager
async def hub_on(socket: Path) -> AsyncIterator[None]:
    """A Hub that knows one token, on a unix socket."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        good = head.startswith("GET /hub/api/user ") and "token tokenofada" in head
        body = json.dumps({"kind": "user", "name": "ada", "groups": ["qa"]}) if good else "{}"
        status = "200 OK" if good else "403 Forbidden"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_unix_server(answer, socket):
        yield


class Town:
    """Gateway, progress, and the doubles of `cases` and `feedback`, each a listener of its own."""

    def __init__(self, place: Path, cases: FastAPI, feedback: FastAPI, minter: ScopeMinter, verifier: ScopeVerifier):
        self.settings = Settings(home=place / "home", run_dir=place / "run")
        self.settings.prepare()
        self.authority = LocalAuthority(place / "ca")
        own = GatewaySettings(hub_socket=place / "hub.sock", heartbeat=0.05, shutdown_grace=0.5)
        gateway = gateway_wiring.build(self.settings, self.credential("gateway").client_context(), minter, own)
        apps = [cases, feedback, progress_wiring.build(self.settings, verifier), gateway]
        self.listeners = [
            Listener(app, self.credential(app.state.name), self.settings.socket(app.state.name)) for app in apps
        ]

    def credential(self, service: str) -> Credential:
        return Credential(self.authority, Identity.service(service), self.settings.leaf(service))

    def lab(self, identity: Identity = ADA) -> httpx.AsyncClient:
        credential = Credential(self.authority, identity, self.settings.run_dir / f"{identity.user}.pem")
        http = tls_client(credential.client_context(), "gateway", self.settings.socket("gateway"))
        http.headers["Authorization"] = "token tokenofada"
        return http


@pytest.fixture
async def town(place: Path, world: Fixture) -> AsyncIterator[Town]:
    key = Ed25519PrivateKey.generate()
    minter, verifier = ScopeMinter(key), ScopeVerifier(key.public_key())
    made = Town(place, world.shelf.app(), world.judge.app(verifier), minter, verifier)
    async with hub_on(place / "hub.sock"), serving(made.listeners, made.authority):
        yield made


async def test_from_certificate_and_token_to_feedback(town: Town, check_of: Fixture, checked: Fixture) -> None:
    async with town.lab() as lab:
        assert sorted((await lab.get("/api/me")).json()["roles"]) == ["learner", "qa"]
        events = await checked(lab, check_of("right"))
        assert [name for name, _ in events][-1] == "feedback"
        assert (await lab.get("/api/case")).json()["subtasks"][0]["progress"]["state"] == "approved"


async def test_anothers_certificate_does_not_fit_the_token(town: Town) -> None:
    async with town.lab(Identity.env("eve", "numbers", "1" * 64, "n0nce")) as lab:
        response = await lab.get("/api/me")
        assert (response.status_code, response.json()["error"]) == (403, "identity_mismatch")


async def test_a_client_that_vanishes_in_the_middle_loses_nothing(
    town: Town, world: Fixture, check_of: Fixture, stream: Fixture, checked: Fixture
) -> None:
    async with town.lab() as lab, stream(lab, check_of("hang right")) as events:
        await anext(events)
    async with asyncio.timeout(30):
        while not world.judge.running:
            await asyncio.sleep(0.01)
    world.judge.release.set()
    async with town.lab() as lab:
        answer = (await checked(lab, check_of("hang right")))[-1][1]
        assert answer["feedback"]["verdict"] == Verdict.APPROVED
        assert len((await lab.get("/api/history")).json()) == 1


async def test_words_a_hint_and_an_answer_come_the_same_way(
    town: Town, world: Fixture, check_of: Fixture, checked: Fixture
) -> None:
    world.judge.assistant.release.set()
    async with town.lab() as lab:
        answer = (await checked(lab, check_of("wrong")))[-1][1]
        events = await checked(lab, {"submission": answer["submission"]}, "/api/words")
        assert events[-1][1]["feedback"]["words_by"] == "model"
        cells = check_of("wrong")["cells"]
        hint = (await lab.post("/api/hints", json={"subtask": "mean", "kind": "plan", "cells": cells})).json()
        events = await checked(lab, None, f"/api/hints/{hint['id']}/events", "GET")
        assert events[-1][1]["state"] == "ready"
        events = await checked(lab, {"subtask": "mean", "cells": cells, "text": "Why?"}, "/api/chat")
        assert events[-1][0] == "answer"


async def test_an_answer_that_its_reader_leaves_ends_at_feedback(
    town: Town, world: Fixture, check_of: Fixture, stream: Fixture
) -> None:
    question = {"subtask": "mean", "cells": check_of("wrong")["cells"], "text": "dawdle"}
    async with town.lab() as lab, stream(lab, question, "/api/chat") as events:
        await anext(events)
        assert world.judge.assistant.running == 1
    async with asyncio.timeout(30):
        while world.judge.assistant.running:
            await asyncio.sleep(0.01)
