"""What the door to the figures asks besides services: backups, Hub and proxy on their sockets, and Vault."""

import asyncio
import math
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from traitlets.config import Config

from infra.backup.figures import backup_figures, told_by
from infra.backup.settings import BackupSettings
from infra.hub.configuration import _own_proxy
from infra.hub.figures import figures_token
from infra.production.metrics import BESIDE, open_metrics
from infra.production.settings import ProductionSettings
from services.kit.disk import free_share
from tests.vault_double.server import VaultDouble
from vault.adapters.encrypted_file import EncryptedFile
from vault.adapters.local_ca import LocalAuthority
from vault.wiring import Vault


@pytest.fixture
def settings() -> Iterator[ProductionSettings]:
    with tempfile.TemporaryDirectory(prefix="fd-") as folder:
        place = Path(folder)
        made = ProductionSettings(home=place / "home", run_dir=place / "run", mode="production", _env_file=None)  # type: ignore[call-arg]
        made.prepare()
        for name in BESIDE:
            made.socket(name).parent.mkdir()
        yield made


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(LocalAuthority(tmp_path / "authority"), EncryptedFile(tmp_path / "secrets"))


@pytest.fixture
def double(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VaultDouble]:
    made = VaultDouble(tmp_path / "vault")
    monkeypatch.setenv("CASELOOP_VAULT_ADDRESS", made.address)
    monkeypatch.setenv("CASELOOP_VAULT_CA", str(made.ca))
    yield made
    made.stop()


@asynccontextmanager
async def door(settings: ProductionSettings, vault: Vault) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        open_metrics(settings, vault) as app,
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door") as http,
    ):
        yield http


def values(text: str) -> dict[str, float]:
    """Name, with the value of its one label, -> value."""
    return {
        ":".join((sample.name, *sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_a_vault_that_is_sealed_or_away_or_somebody_else_is_not_open(
    settings: ProductionSettings,
    vault: Vault,
    double: VaultDouble,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def is_open(http: httpx.AsyncClient) -> float:
        answer = await http.get("/metrics/vault")
        assert answer.status_code == 200
        return values(answer.text)["caseloop_vault_open"]

    async with door(settings, vault) as http:
        assert await is_open(http) == 1
        double.state.sealed = True
        assert await is_open(http) == 0
        double.state.sealed = False
        double.stop()
        assert await is_open(http) == 0
        double.start()
        assert await is_open(http) == 1
    another = VaultDouble(tmp_path / "another")
    try:
        monkeypatch.setenv("CASELOOP_VAULT_CA", str(another.ca))
        async with door(settings, vault) as http:
            assert await is_open(http) == 0
    finally:
        another.stop()


@pytest.mark.usefixtures("double")
async def test_the_hub_is_asked_at_its_socket_with_the_token_that_it_knows(
    settings: ProductionSettings, vault: Vault
) -> None:
    heads: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nx\n")
        await writer.drain()
        writer.close()

    async with door(settings, vault) as http:
        assert (await http.get("/metrics/hub")).status_code == 502
        server = await asyncio.start_unix_server(serve, settings.hub_listens)
        async with server:
            assert (await http.get("/metrics/hub")).text == "x\n"
        assert (await http.get("/metrics/desk")).status_code == 404
    (head,) = heads
    assert head.startswith("GET /hub/metrics HTTP/1.1\r\n")
    assert f"authorization: token {figures_token(vault.secrets)}\r\n" in head.lower()


@pytest.mark.usefixtures("double")
async def test_the_newest_backup_and_the_disks_are_told_also_while_one_is_made(
    settings: ProductionSettings, vault: Vault, tmp_path: Path
) -> None:
    folder, kept = tmp_path / "backups", datetime(2026, 11, 26, 12, tzinfo=UTC)
    wanted = BackupSettings(_env_file=None, folder=folder, every_hours=6)  # type: ignore[call-arg]
    last = "caseloop_backup_last_success_timestamp_seconds"
    settings.socket("backup").touch()  # of one that was killed
    async with door(settings, vault) as http:
        with told_by(settings.socket("backup"), backup_figures(wanted, tmp_path, tmp_path / "absent")):
            # no folder yet, and then nothing in it
            for _ in range(2):
                found = values((await http.get("/metrics/backup")).text)
                assert (found[last], found["caseloop_backup_interval_seconds"]) == (0, 6 * 3_600)
                folder.mkdir(exist_ok=True)
            for moment in (kept, kept - timedelta(hours=6)):
                (folder / f"caseloop-{moment:%Y%m%dT%H%M%SZ}.age").write_text("x")
            (folder / ".caseloop-20261126T180000Z.age.part").write_text("a draft")
            found = values((await http.get("/metrics/backup")).text)
            assert found[last] == kept.timestamp()
            disk = shutil.disk_usage(tmp_path)
            assert found[f"caseloop_disk_free_share:{tmp_path}"] == pytest.approx(
                disk.free / (disk.used + disk.free), abs=0.05
            )
            assert math.isnan(found[f"caseloop_disk_free_share:{tmp_path / 'absent'}"])
        assert (await http.get("/metrics/backup")).status_code == 502
        assert not settings.socket("backup").exists()


def test_a_full_disk_has_nothing_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil._ntuple_diskusage
    # what is kept back for root is in no one's share
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(total=100, used=95, free=0))
    assert free_share(tmp_path) == 0
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(total=100, used=57, free=38))
    assert free_share(tmp_path) == pytest.approx(0.4)


@pytest.mark.browser
def test_the_hub_starts_its_proxy_with_figures_where_the_door_looks_for_them(
    settings: ProductionSettings, vault: Vault
) -> None:
    c = Config()
    _own_proxy(c, settings, vault, settings.hosts)
    command = c.ConfigurableHTTPProxy.command
    assert command[command.index("--metrics-socket") + 1] == str(settings.socket("proxy"))
