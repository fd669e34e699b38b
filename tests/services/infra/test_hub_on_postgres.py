"""A real JupyterHub keeps its people on a real PostgreSQL, in a schema that is its own."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy.engine import make_url

from infra.hub.database import hub_database_url
from services.kit.database import DatabaseMisconfigured
from services.kit.settings import DatabaseSettings
from tests.free_port import free_port
from tests.postgres_provisioned import Provisioned, provisioned

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]
CONFIGURATION = Path(__file__).with_name("hub_on_postgres.py")
PATIENCE = 90.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provisioned]:
    with provisioned(tmp_path_factory.mktemp("postgres")) as made:
        yield made


@contextmanager
def started(server: Provisioned, folder: Path) -> Iterator[httpx.Client]:
    """Run a Hub, and call it as somebody who may make and see people."""
    token, port = secrets.token_hex(16), free_port()
    told = {"HUB_TEST_FOLDER": str(folder), "HUB_TEST_PORT": str(port), "HUB_TEST_TOKEN": token}
    command = [sys.executable, "-m", "jupyterhub", "-f", str(CONFIGURATION)]
    with (folder / "log").open("ab") as log:
        environment = {**os.environ, **server.variables(), **told}
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        headers = {"Authorization": f"token {token}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/hub/api", headers=headers, trust_env=False) as http:
            until = time.monotonic() + PATIENCE
            while True:
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < until, (folder / "log").read_text()
                try:
                    if http.get("/").is_success:
                        break
                except httpx.TransportError:
                    pass
                time.sleep(0.1)
            yield http
    finally:
        process.terminate()
        process.wait(PATIENCE)


def test_people_are_there_after_a_restart_and_in_no_file(server: Provisioned, tmp_path: Path) -> None:
    with started(server, tmp_path) as http:
        assert http.post("/users/ada").status_code == 201
    with started(server, tmp_path) as http:
        assert [user["name"] for user in http.get("/users").raise_for_status().json()] == ["ada"]
    places = server.ask(
        "SELECT DISTINCT schemaname || ' ' || tableowner FROM pg_tables "
        "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    assert places == ["hub caseloop_hub"]
    assert not list(tmp_path.rglob("*.sqlite"))
    assert server.password("hub") not in (tmp_path / "log").read_text()


def test_it_believes_no_server_but_the_named_authoritys_and_proves_its_password_only(server: Provisioned) -> None:
    url = make_url(hub_database_url(server.settings()))
    assert (url.username, url.query["require_auth"]) == ("caseloop_hub", "scram-sha-256")
    assert (url.query["sslmode"], url.query["sslrootcert"]) == ("verify-full", str(server.ca))
    over_socket = DatabaseSettings(  # type: ignore[call-arg]
        _env_file=None, url="postgresql:///caseloop?host=/run/postgres", credentials=server.secrets
    )
    url = make_url(hub_database_url(over_socket))
    assert (url.query["host"], url.database, "sslmode" in url.query) == ("/run/postgres", "caseloop", False)
    assert "idle" not in url.query["options"]


def test_what_is_missing_is_said(server: Provisioned, tmp_path: Path) -> None:
    with pytest.raises(DatabaseMisconfigured, match="CASELOOP_DATABASE_URL"):
        hub_database_url(DatabaseSettings(_env_file=None))  # type: ignore[call-arg]
    with pytest.raises(DatabaseMisconfigured, match="postgres-hub cannot be read"):
        hub_database_url(server.settings(credentials=tmp_path))
