"""Services whose certificates Vault signs: through renewals, a restart, a seal, and past the end."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, Depends

from services.kit.app import create_service
from services.kit.peer import require_peer
from tests.services.kit.conftest import Town
from tests.vault_double.installation import set_up
from tests.vault_double.server import VaultDouble
from vault.adapters.hashicorp import VaultSession
from vault.adapters.vault_pki import VaultAuthority
from vault.settings import VaultSettings

LIFE = timedelta(seconds=5)
PATIENCE = 60.0


@pytest.fixture(scope="module")
def installation(tmp_path_factory) -> tuple[VaultDouble, VaultSettings]:
    folder = tmp_path_factory.mktemp("vault")
    double = VaultDouble(folder)
    settings = VaultSettings(_env_file=None, address=double.address, ca=double.ca, timeout=2)
    return double, set_up(settings, double.state.root, folder / "sign-ins")


@pytest.fixture
async def vault(installation) -> AsyncIterator[VaultDouble]:
    double, _ = installation
    yield double
    double.state.sealed = False
    double.stop()
    double.start()


@pytest.fixture
async def town(installation, vault, run_dir: Path) -> AsyncIterator[Town]:
    """Every process signs in for itself; here all of them share one sign-in."""
    made = Town(VaultAuthority(VaultSession(installation[1]), run_dir / "authority"), run_dir)
    try:
        yield made
    finally:
        await made.stop()


def service():
    router = APIRouter(dependencies=[Depends(require_peer("gateway"))])

    @router.get("/work")
    async def work() -> dict[str, str]:
        await asyncio.sleep(0.01)
        return {"state": "done"}

    return create_service("progress", [router])


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.02)


async def test_no_request_is_dropped_through_renewals_and_a_restart_of_vault(town, vault):
    await town.start(service(), lifetime=LIFE)
    caller = town.credential("gateway", LIFE)
    serials, outcomes = set(), Counter()

    async def load(client: httpx.AsyncClient) -> None:
        while len(serials) < 3:
            serials.add(caller.leaf.serial)
            try:
                outcomes[(await client.get("/work")).status_code] += 1
            except httpx.HTTPError as error:
                outcomes[repr(error)] += 1
            await asyncio.sleep(0.02)

    async def restart() -> None:
        await until(lambda: len(serials) == 2)
        await asyncio.to_thread(vault.stop)
        vault.state.tokens.clear()
        vault.start()

    async with caller.kept_fresh(), town.client(caller, "progress") as client:
        await asyncio.gather(restart(), *(load(client) for _ in range(4)))
    assert set(outcomes) == {200}
    assert outcomes[200] > 3


async def test_under_a_sealed_vault_services_serve_until_expiry_then_refuse_and_come_back(town, vault, logged, caplog):
    await town.start(service(), lifetime=LIFE)
    caller = town.credential("gateway", LIFE)
    async with caller.kept_fresh(), town.client(caller, "progress") as client:
        vault.state.sealed = True
        before = caller.leaf
        assert (await client.get("/work")).status_code == 200
        await until(lambda: "not renewed" in caplog.text)
        await until(lambda: "vault operator unseal" in caplog.text)
        assert "it is good for" in caplog.text
        await until(lambda: "revocations cannot be read; those known stay in force" in {x["event"] for x in logged})

        await until(lambda: "it has expired, and nobody accepts it" in caplog.text)
        assert caller.leaf == before
        with pytest.raises(httpx.TransportError):
            await client.get("/work")

        vault.state.sealed = False
        await until(lambda: caller.leaf != before)

        async def served() -> bool:
            try:
                return (await client.get("/work")).status_code == 200
            except httpx.TransportError:
                return False  # the other side has not renewed yet

        async with asyncio.timeout(PATIENCE):
            while not await served():
                await asyncio.sleep(0.05)


async def test_a_serial_on_vaults_revocation_list_is_cut_off_and_nobody_else(town, vault):
    """As an operator puts it there with Vault's own command line."""
    await town.start(service())
    stolen, honest = town.credential("gateway"), town.credential("supervisor")
    async with town.client(stolen, "progress") as client:
        assert (await client.get("/work")).status_code == 200
        vault.pki().answer("POST", "revoke", {"serial_number": stolen.leaf.serial})

        async def refused() -> bool:
            try:
                await client.get("/work")
            except httpx.TransportError:
                return True
            return False

        async with asyncio.timeout(PATIENCE):
            while not await refused():
                await asyncio.sleep(0.1)
    async with town.client(honest, "progress") as client:
        assert (await client.get("/health/ready")).status_code == 200


async def test_a_certificate_is_renewed_at_two_thirds_of_its_life(town):
    caller = town.credential("gateway", timedelta(hours=6))
    life = caller.leaf.not_after - caller.leaf.not_before
    due = caller.leaf.after(caller._authority.renew_after) - caller.leaf.not_before
    assert due / life == pytest.approx(2 / 3)
    assert not caller.is_due
