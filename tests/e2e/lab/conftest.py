"""A real Jupyter server with the built extension, a gateway on a socket, and a browser: once for all tests here."""

import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Playwright

from tests.e2e.chromium import experienced_chromium, forgetful_page
from tests.e2e.lab.gateway_double import TOKEN, Desk, GatewayDouble
from tests.e2e.lab.lab_page import KEEP_INTERVALS, NOTEBOOK, Lab, eventually
from tests.free_port import free_port

PROJECT = Path(__file__).resolve().parents[3]
EXTENSION = PROJECT / "web" / "labextension"
SERVER_TOKEN = "token-of-the-test-server"


@dataclass(frozen=True)
class JupyterServer:
    """A running server: its address, its root folder, its log."""

    url: str
    root: Path
    log: Path


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    # unix sockets allow about 100 characters: not below pytest's own folders
    made = Path(tempfile.mkdtemp(prefix="cl-lab-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session")
def gateway(folder: Path) -> Iterator[GatewayDouble]:
    double = GatewayDouble(folder)
    double.start()
    yield double
    double.stop()


@pytest.fixture
def desk(gateway: GatewayDouble) -> Iterator[Desk]:
    """What the gateway knows: nothing yet."""
    fresh = gateway.fresh()
    if not gateway.running:
        gateway.start()
    yield fresh
    fresh.release()


def _environment(folder: Path, gateway: GatewayDouble) -> dict[str, str]:
    """The built extension from the tree, before what may be installed in the learners' environment."""
    share, config, home = folder / "share", folder / "config", folder / "home"
    (share / "labextensions" / "@caseloop").mkdir(parents=True)
    (share / "labextensions" / "@caseloop" / "lab").symlink_to(EXTENSION / "caseloop_lab" / "labextension")
    shutil.copytree(EXTENSION / "jupyter-config" / "server-config", config / "jupyter_server_config.d")
    shutil.copytree(PROJECT / "infra" / "lab", home / ".jupyter" / "labconfig")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(EXTENSION),
        "PYTHONDONTWRITEBYTECODE": "1",
        "JUPYTER_PATH": str(share),
        "JUPYTER_CONFIG_PATH": str(config),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "CASELOOP_GATEWAY_SOCKET": str(gateway.socket),
        "CASELOOP_CERTIFICATE": str(gateway.environment),
        "CASELOOP_CA": str(gateway.authority.bundle),
        "CASELOOP_CASE": "price-check",
        "CASELOOP_NOTEBOOK": NOTEBOOK,
        "JUPYTERHUB_API_TOKEN": TOKEN,
    }


@pytest.fixture(scope="session")
def server(folder: Path, gateway: GatewayDouble) -> Iterator[JupyterServer]:
    root, log = folder / "work", folder / "server.log"
    root.mkdir()
    port = free_port()
    command = [
        str(PROJECT / ".venv-learner" / "bin" / "jupyter-lab"),
        "--no-browser", "--allow-root", "--LabApp.expose_app_in_browser=True", f"--ServerApp.root_dir={root}",
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={SERVER_TOKEN}",
    ]  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=_environment(folder, gateway), stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            eventually(lambda: _answers(f"{url}/api"), within=60)
            yield JupyterServer(url, root, log)
        finally:
            process.terminate()
            process.wait(60)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False


@pytest.fixture(scope="module")
def window(playwright: Playwright, folder: Path) -> Iterator[BrowserContext]:
    with experienced_chromium(playwright, folder / "profile") as context:
        context.add_init_script(KEEP_INTERVALS)
        yield context


@pytest.fixture
def lab(window: BrowserContext, server: JupyterServer, desk: Desk) -> Iterator[Lab]:
    """A page with a fresh notebook on disk; nothing may have been thrown in it when the test ends."""
    page = Lab(forgetful_page(window, server.url), server.url, SERVER_TOKEN, server.root)
    page.write()
    yield page
    page.page.evaluate("() => undefined")  # what was thrown until now has been told before its answer
    thrown = list(page.errors)
    page.leave()
    for open_page in window.pages:
        open_page.close()
    assert not thrown
