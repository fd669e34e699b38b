"""Small services with real TLS on unix sockets in a private folder short enough for socket paths."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import APIRouter, Depends, FastAPI

from services.kit.app import create_service
from services.kit.http import tls_client
from services.kit.peer import PeerIdentity, require_peer
from services.kit.serving import Listener, serving
from vault.adapters.local_ca import LocalAuthority
from vault.identity import Identity
from vault.rotation import Credential
from vault.trust import CALLS, LISTENERS


@pytest.fixture
def run_dir() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cl-") as folder:
        yield Path(folder)


@pytest.fixture
def authority(run_dir: Path) -> LocalAuthority:
    return LocalAuthority(run_dir / "ca")


def echo_service(name: str, *routers: APIRouter) -> FastAPI:
    """A service that says who called, to every caller the trust graph lets in."""
    callers = [caller for caller, callees in CALLS.items() if name in callees]
    router = APIRouter(dependencies=[Depends(require_peer(*callers))])

    @router.get("/who")
    async def who(peer: PeerIdentity) -> dict[str, str]:
        return {"service": name, "peer": str(peer)}

    return create_service(name, [router, *routers])


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


ENVIRONMENT = Identity.env("lena@example.org", "clean-regression", "a" * 64, "nonce-1")
ALL_LISTENERS = LISTENERS
