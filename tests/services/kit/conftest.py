"""Small services with real TLS on unix sockets in a private folder short enough for socket paths."""

import tempfile
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from fastapi import FastAPI

from services.kit.http import tls_client
from services.kit.serving import Listener, serving
from vault.adapters.local_ca import LocalAuthority
from vault.identity import Identity
from vault.rotation import Credential


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """Every structured line of the test, in place of output."""
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        yield lines


@pytest.fixture
def run_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cl-") as folder:
        yield Path(folder)


@pytest.fixture
def authority(run_dir: Path) -> LocalAuthority:
    return LocalAuthority(run_dir / "ca")


class Town:
    """Running services, and clients for anybody."""

    def __init__(self, authority: LocalAuthority, run_dir: Path) -> None:
        self.authority, self.run_dir = authority, run_dir
        self._stack = AsyncExitStack()

    def credential(self, identity: Identity | str, lifetime: timedelta | None = None) -> Credential:
        who = Identity.service(identity) if isinstance(identity, str) else identity
        return Credential(self.authority, who, self.run_dir / f"{who.name or who.nonce}.pem", lifetime=lifetime)

    def client(self, caller: Identity | str | Credential, callee: str):
        credential = caller if isinstance(caller, Credential) else self.credential(caller)
        return tls_client(credential.client_context(), callee, self.run_dir / f"{callee}.sock")

    async def start(self, *apps: FastAPI, lifetime: timedelta | None = None) -> None:
        listeners = [
            Listener(app, self.credential(app.state.name, lifetime), self.run_dir / f"{app.state.name}.sock")
            for app in apps
        ]
        await self._stack.enter_async_context(serving(listeners, self.authority))

    async def stop(self) -> None:
        await self._stack.aclose()


@pytest.fixture
async def town(authority: LocalAuthority, run_dir: Path) -> AsyncIterator[Town]:
    made = Town(authority, run_dir)
    try:
        yield made
    finally:
        await made.stop()
