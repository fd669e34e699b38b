import os
import runpy
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import httpx
import pytest
from pydantic import ValidationError

from infra.hub.settings import settings_of_the_mode
from infra.production.health import is_alive
from infra.production.metrics import metrics_app
from infra.production.serve import CannotServe, check, shown_folders, use_scratch
from infra.production.settings import ProductionSettings
from infra.settings import EmbeddedSettings
from services.kit.places import Address
from spawner.engine_errors import advice
from spawner.folder_size import folder_bytes


@pytest.fixture
def settings(tmp_path: Path) -> ProductionSettings:
    (tmp_path / "r" / "gateway").mkdir(parents=True)
    return ProductionSettings(home=tmp_path, run_dir=tmp_path / "r", mode="production", _env_file=None)  # type: ignore[call-arg]


def _anybody() -> int:
    return 10001


def test_a_service_has_a_folder_for_its_socket_alone(settings: ProductionSettings) -> None:
    assert settings.socket("gateway").parent != settings.socket("progress").parent
    assert settings.leaf("gateway").parent != settings.socket("gateway").parent
    assert settings.socket("gateway").parent == settings.gateway_dir


@pytest.mark.parametrize(
    ("name", "user", "says"),
    [
        ("gatway", 10001, "There is no service gatway"),
        ("gateway", 0, "must not run as root"),
        ("progress", 10001, "caseloop production init"),
        ("hub", 10001, "CASELOOP_ISOLATION=bubblewrap"),
    ],
)
def test_what_must_not_start_does_not(settings: ProductionSettings, name: str, user: int, says: str) -> None:
    with pytest.raises(CannotServe, match=says):
        check(name, settings, lambda: user)


def test_the_folder_of_its_certificates_is_its_own_whatever_the_engine_made_of_it(
    settings: ProductionSettings,
) -> None:
    settings.prepare()
    own = settings.leaf("gateway").parent
    own.chmod(0o755)
    settings.prepare()
    assert own.stat().st_mode & 0o777 == 0o700


def test_the_hub_starts_with_the_settings_of_its_mode(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In production CASELOOP_OIDC_HUB_ADDRESS says where browsers find it, and no CASELOOP_PUBLIC_ADDRESS is needed."""
    monkeypatch.setenv("CASELOOP_HOME", str(tmp_path))
    monkeypatch.setenv("CASELOOP_PUBLIC_ADDRESS", "")
    monkeypatch.setenv("CASELOOP_DASHBOARD_ADDRESS", "https://desk.school.test")
    monkeypatch.setenv("CASELOOP_MODE", "production")
    assert isinstance(settings_of_the_mode(), ProductionSettings)
    monkeypatch.setenv("CASELOOP_MODE", "embedded")
    with pytest.raises(ValidationError, match="CASELOOP_PUBLIC_ADDRESS"):
        settings_of_the_mode()
    monkeypatch.setenv("CASELOOP_DASHBOARD_ADDRESS", "")
    assert type(settings_of_the_mode()) is EmbeddedSettings


def test_spread_over_machines_a_service_needs_no_folder_and_is_called_by_its_address(
    settings: ProductionSettings,
) -> None:
    spread = settings.model_copy(update={"network_address": "caseloop-{service}.school"})
    check("progress", spread, _anybody)
    assert spread.place("progress") == Address("caseloop-progress.school", 8443)
    assert spread.hub_socket is None
    assert settings.place("progress") == settings.socket("progress")
    with pytest.raises(CannotServe, match="caseloop production init"):
        check("builds-door", spread, _anybody)  # it has the engine of one machine


def test_a_host_name_without_its_service_is_refused() -> None:
    with pytest.raises(ValidationError, match="network_address"):
        ProductionSettings(network_address="one-for-all", _env_file=None)  # type: ignore[call-arg]


def test_the_embedded_mode_is_refused(settings: ProductionSettings) -> None:
    with pytest.raises(CannotServe, match="CASELOOP_MODE=embedded"):
        check("gateway", settings.model_copy(update={"mode": "embedded"}), _anybody)


def test_a_service_with_its_folder_may_start(settings: ProductionSettings) -> None:
    check("gateway", settings, _anybody)


def test_what_learners_see_is_neither_the_home_nor_a_service(settings: ProductionSettings) -> None:
    shown = shown_folders(settings)
    assert settings.home not in shown
    assert not any((settings.home / "services").is_relative_to(folder) for folder in shown)
    assert settings.socket("progress").parent not in shown


def test_a_service_that_hangs_is_not_alive(settings: ProductionSettings) -> None:
    """It accepts, as the kernel does for it, and then closes without a word."""
    assert not is_alive("gateway", settings)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(settings.socket("gateway")))
        server.listen()

        def close_one() -> None:
            server.accept()[0].close()

        thread = threading.Thread(target=close_one)
        thread.start()
        assert not is_alive("gateway", settings)
        thread.join()


async def test_the_metrics_door_passes_on_what_a_service_says() -> None:
    def service(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text="caseloop_checks_total 3\n", headers={"content-type": "text/plain"})

    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no such file", request=request)

    clients = {
        name: httpx.AsyncClient(transport=httpx.MockTransport(handler), base_url="https://x")
        for name, handler in (("gateway", service), ("cases", silent))
    }
    app = metrics_app(clients)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door") as door:
        assert (await door.get("/metrics/gateway")).text == "caseloop_checks_total 3\n"
        assert (await door.get("/metrics/cases")).status_code == 502
        assert (await door.get("/metrics/vault")).status_code == 404
    for client in clients.values():
        await client.aclose()


def test_large_temporary_files_lie_where_the_settings_say_and_those_of_a_killed_one_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", "")
    monkeypatch.setattr(tempfile, "tempdir", None)
    place = tmp_path / "scratch"
    (place / "caseloop-image-1" / "wheels").mkdir(parents=True)
    place.chmod(0o700)
    (place / "left").write_text("")
    (place / "link").symlink_to(tmp_path)
    use_scratch(place)
    assert list(place.iterdir()) == []
    assert tmp_path.exists()
    assert Path(tempfile.gettempdir()) == place
    with tempfile.TemporaryDirectory() as folder:
        assert Path(folder).parent == place


def test_a_folder_is_measured_without_following_anything(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a").write_bytes(b"x" * 100_000)
    (tmp_path / "big").write_bytes(b"x" * 5_000_000)
    (tmp_path / "mine" / "link").symlink_to(tmp_path / "big")
    (tmp_path / "mine" / "round").symlink_to(tmp_path / "mine")
    assert 100_000 <= folder_bytes(tmp_path / "mine") < 1_000_000
    assert folder_bytes(tmp_path, 200_000) > 200_000
    assert folder_bytes(tmp_path / "away") == 0


@pytest.mark.parametrize(
    ("said", "learner", "operator"),
    [
        ("write /var/lib: no space left on device", "full at the moment", "docker system df"),
        ("fork/exec: cannot allocate memory", "full at the moment", "CASELOOP_ENVIRONMENT_MEMORY_MB"),
        ("('Connection aborted.', ConnectionRefusedError(111, 'Connection refused'))", "log says why", "dockerd"),
        ("403 Client Error: Forbidden", "log says why", "filtering proxy"),
        ("something new", "log says why", "docker run"),
    ],
)
def test_a_refusal_of_the_engine_is_said_twice(said: str, learner: str, operator: str) -> None:
    told = advice(said)
    assert learner in told.learner
    assert operator in told.operator
    assert "docker" not in told.learner.lower()


def test_a_health_check_loads_no_more_than_it_needs(project: Path, tmp_path: Path) -> None:
    """The engine asks every container all the time: with all commands loaded it took seconds of a processor each."""
    command = runpy.run_path(str(project / "infra" / "images" / "build.py"))["_COMMAND"]
    told = "import atexit, sys; atexit.register(lambda: print(*sys.modules))"
    asked = [sys.executable, "-c", f"{told}\n{command}", "production", "alive", "linting"]
    variables = {"CASELOOP_HOME": str(tmp_path), "CASELOOP_RUN_DIR": str(tmp_path), "CASELOOP_MODE": "production"}
    done = subprocess.run(asked, cwd=project, env=os.environ | variables, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    loaded = set(done.stdout.split())
    assert "infra.production.health" in loaded
    assert not {"infra.cli", "typer", "sqlalchemy", "fastapi", "infra.backup.settings"} & loaded
