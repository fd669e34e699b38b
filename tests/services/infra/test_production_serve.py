"""`caseloop serve` in production, as processes of their own: real PostgreSQL, real TLS, an S3 server, Vault's stand-in.

What the engine gives a container is given here by variables and folders.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx
import pytest

from infra.production.health import is_alive
from infra.production.settings import ProductionSettings
from services.contracts.clients.mentoring import MentoringClient
from services.contracts.clients.progress import ProgressClient
from services.contracts.escalation import Open
from services.contracts.feedback import Feedback, Verdict
from services.contracts.identity import Role
from services.contracts.notebook import Cell, notebook_digest
from services.contracts.progress import SavedNotebook
from services.kit.http import tls_client
from services.kit.scope import scope_keys
from tests.postgres_provisioned import PACKAGES, Provisioned, provisioned
from tests.s3_server import S3Server
from tests.vault_double.installation import EVERYTHING, session, set_up
from tests.vault_double.server import VaultDouble
from vault.adapters.vault_kv import VaultSecrets
from vault.adapters.vault_pki import VaultAuthority
from vault.identity import Identity
from vault.rotation import Credential
from vault.settings import VaultSettings

# A user namespace gives the processes an account that is not root, as they demand, and still lets them read our files.
pytestmark = [pytest.mark.postgres, pytest.mark.sandbox, pytest.mark.timeout(600)]

PATIENCE: Final = 240.0
ACCOUNT: Final = 10001
VERSION: Final = "1" * 64
NOTEBOOK: Final = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [{"cell_type": "code", "id": "a", "source": "mean = 3", "metadata": {}, "outputs": []}],
}
CUT_OFF: Final = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE usename ~ '^caseloop_'"
QUESTION: Final = Open(
    subtask="mean",
    subtask_title="The mean",
    case_title="Numbers",
    submission="a" * 32,
    number=3,
    cells=(Cell(id="a", source="mean = 3"),),
    feedback=Feedback(verdict=Verdict.NEEDS_WORK, headline="The mean is not right yet."),
    signature="mean|check|check-mean|AssertionError#1f0c9e2b7a",
    reason="repeated_failure",
)


@dataclass
class Machine:
    """What the services stand on, and the services."""

    folder: Path
    postgres: Provisioned
    vault: VaultSettings
    objects: S3Server
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def settings(self, replica: str = "") -> ProductionSettings:
        """Folders of one host; each has its own sockets."""
        home = self.folder / (replica or "host")
        run_dir = self.folder / f"run{replica}"
        return ProductionSettings(home=home, run_dir=run_dir, mode="production", _env_file=None)  # type: ignore[call-arg]

    def start(self, service: str, replica: str = "") -> None:
        """Start the process; it may take a while to answer."""
        settings = self.settings(replica)
        settings.socket(service).parent.mkdir(parents=True, exist_ok=True)
        assert self.vault.credentials is not None
        own = {
            "CASELOOP_MODE": "production",
            "CASELOOP_HOME": str(settings.home / service),
            "CASELOOP_RUN_DIR": str(settings.run_dir),
            "CASELOOP_LOGS__FORMAT": "json",
            "CASELOOP_VAULT_ADDRESS": self.vault.address,
            "CASELOOP_VAULT_CA": str(self.vault.ca),
            "CASELOOP_VAULT_CREDENTIALS": str(self.vault.credentials.parent / service),
            "CASELOOP_MAIL_SMTP_HOST": "mail.invalid",
            **self.objects.variables(),
            **self.postgres.variables(),
        }
        command = [*_as_somebody(), sys.executable, "-m", "infra.cli", "serve", service]
        with self.log(service, replica).open("ab") as log:
            self.running[service + replica] = subprocess.Popen(command, env=os.environ | own, stdout=log, stderr=log)

    def log(self, service: str, replica: str = "") -> Path:
        """What the process says."""
        return self.folder / f"{service}{replica}.log"

    def stop(self, service: str, number: int = signal.SIGTERM) -> int:
        """End it; returns its exit status."""
        process = self.running.pop(service)
        process.send_signal(number)
        return process.wait(PATIENCE)

    async def ready(self, service: str, replica: str = "") -> None:
        """Wait until it answers its supervisor that all it stands on answers."""
        until = time.monotonic() + PATIENCE
        async with self.client("supervisor", service, replica) as http:
            while True:
                assert self.running[service + replica].poll() is None, self.log(service, replica).read_text()
                assert time.monotonic() < until, self.log(service, replica).read_text()
                try:
                    if (await http.get("/health/ready")).is_success:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)

    @asynccontextmanager
    async def client(self, caller: str, service: str, replica: str = "") -> AsyncIterator[httpx.AsyncClient]:
        """Calls over mutual TLS, as somebody with a certificate of Vault's."""
        authority = VaultAuthority(session(self.vault, EVERYTHING), self.folder / "caller")
        credential = Credential(authority, Identity.service(caller), self.folder / f"{caller}.pem")
        async with credential.kept_fresh():
            socket = self.settings(replica).socket(service)
            async with tls_client(credential.client_context(), service, socket) as http:
                yield http

    def scope(self) -> str:
        """A learner's, as the gateway signs it."""
        minter, _ = scope_keys(VaultSecrets(session(self.vault, EVERYTHING)))
        return minter.mint(user="ada", role=Role.LEARNER, case="numbers", case_version=VERSION)


def _as_somebody() -> list[str]:
    if os.geteuid():
        return []
    return ["unshare", "--user", f"--map-user={ACCOUNT}", f"--map-group={ACCOUNT}"]


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    with tempfile.TemporaryDirectory(prefix="cl-") as name:  # short: sockets live below it
        folder = Path(name)
        (folder / "vault").mkdir()
        double = VaultDouble(folder / "vault")
        settings = VaultSettings(_env_file=None, address=double.address, ca=double.ca)
        vault = set_up(settings, double.state.root, folder / "vault" / "sign-ins")
        objects = S3Server(folder / "s3")
        with provisioned(folder) as postgres:
            made = Machine(folder, postgres, vault, objects)
            try:
                yield made
            finally:
                for process in made.running.values():
                    process.kill()
                    process.wait()
                objects.stop()
                double.stop()


async def test_services_start_together_keep_what_they_are_told_and_have_it_after_a_restart(machine: Machine) -> None:
    """Two replicas of `progress` find no tables at all; one of them makes them."""
    starts = [("progress", ""), ("progress", "2"), ("mentoring", "")]
    for service, replica in starts:
        machine.start(service, replica)
    for service, replica in starts:
        await machine.ready(service, replica)
    saved = SavedNotebook(saved=datetime(2026, 11, 26, tzinfo=UTC), digest=notebook_digest(NOTEBOOK), notebook=NOTEBOOK)
    async with AsyncExitStack() as stack:
        hub = ProgressClient(await stack.enter_async_context(machine.client("hub", "progress")))
        other = ProgressClient(await stack.enter_async_context(machine.client("hub", "progress", "2")))
        gateway = MentoringClient(await stack.enter_async_context(machine.client("gateway", "mentoring")))
        # PostgreSQL is restarted, as they see it: every connection is gone.
        machine.postgres.cluster.run(CUT_OFF)
        await hub.keep_for("ada", "numbers", saved)
        asked = await gateway.open(QUESTION, machine.scope())
        newest = await other.newest_for("ada", "numbers")
    assert newest is not None
    assert newest.notebook == NOTEBOOK
    async with machine.client("runner", "mentoring") as stranger:
        with pytest.raises(httpx.TransportError):
            await stranger.get("/health/ready")

    assert machine.stop("progress") == 0
    machine.stop("mentoring", signal.SIGKILL)
    for service in ("progress", "mentoring"):
        machine.start(service)
    for service in ("progress", "mentoring"):
        await machine.ready(service)
    async with AsyncExitStack() as stack:
        hub = ProgressClient(await stack.enter_async_context(machine.client("hub", "progress")))
        gateway = MentoringClient(await stack.enter_async_context(machine.client("gateway", "mentoring")))
        newest = await hub.newest_for("ada", "numbers")
        mine = await gateway.mine(machine.scope())
    assert newest is not None
    assert newest.digest == saved.digest
    assert [one.id for one in mine] == [asked.id]
    schemas = "SELECT schemaname FROM pg_tables WHERE tablename IN ('notebook_state', 'escalation')"
    assert sorted(machine.postgres.ask(schemas)) == ["mentoring", "progress"]


async def test_the_other_services_with_tables_start_too(machine: Machine) -> None:
    for service in ("cases", "feedback", "dashboard"):
        machine.start(service)
    await machine.ready("cases")
    await machine.ready("feedback")
    # The desk answers the Hub's proxy alone.
    async with asyncio.timeout(PATIENCE):
        while not await asyncio.to_thread(is_alive, "dashboard", machine.settings()):
            assert machine.running["dashboard"].poll() is None, machine.log("dashboard").read_text()
            await asyncio.sleep(0.1)
    with_tables = "SELECT DISTINCT schemaname FROM pg_tables WHERE tableowner = 'caseloop_' || schemaname"
    assert set(machine.postgres.ask(with_tables)) == set(PACKAGES)


def test_a_service_without_its_role_ends_and_says_what_makes_it(machine: Machine) -> None:
    role = machine.postgres.settings().role("mentoring")
    machine.postgres.cluster.run(f"ALTER ROLE {role} NOLOGIN")
    try:
        machine.start("mentoring", "3")
        assert machine.running.pop("mentoring3").wait(PATIENCE) == 1
    finally:
        machine.postgres.cluster.run(f"ALTER ROLE {role} LOGIN")
    said = machine.log("mentoring", "3").read_text()
    assert "is not permitted to log in" in said
    assert "caseloop production databases" in said
    assert machine.postgres.password("mentoring") not in said
