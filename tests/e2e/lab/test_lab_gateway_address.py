"""The server part reaches a gateway on another machine: by its address, and believing nobody but the gateway."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from services.kit.app import create_service
from services.kit.places import OpenPort
from services.kit.serving import Listener, serving
from tests.free_port import free_port
from vault.adapters.local_ca import LocalAuthority
from vault.identity import Identity
from vault.rotation import Credential

pytestmark = pytest.mark.browser  # it needs what the browser's tests need: the learners' environment
ASK = """
import asyncio, os
from caseloop_lab.gateway import Gateway, GatewayAway
from caseloop_lab.settings import from_environment

async def ask():
    gateway = Gateway(from_environment(os.environ))
    try:
        print((await gateway.call("GET", "/health/live")).status_code)
    except GatewayAway as error:
        print("away", error)
    await gateway.close()

asyncio.run(ask())
"""


@pytest.mark.parametrize(("listens", "said"), [("gateway", "200"), ("linting", "away")])
async def test_the_gateway_is_called_by_its_address_and_known_by_its_certificate(
    project: Path, tmp_path: Path, listens: str, said: str
) -> None:
    authority, port = LocalAuthority(tmp_path / "ca"), free_port()
    own = Credential(authority, Identity.service(listens), tmp_path / "own.pem")
    lab = Credential(authority, Identity.env("ada", "sales", "a" * 64, "n"), tmp_path / "lab.pem")
    lab.client_context()
    variables = {
        "PYTHONPATH": str(project / "web" / "labextension"),
        "PATH": os.environ["PATH"],
        "CASELOOP_GATEWAY_ADDRESS": f"localhost:{port}",
        "CASELOOP_CERTIFICATE": str(tmp_path / "lab.pem"),
        "CASELOOP_CA": str(authority.bundle),
        "JUPYTERHUB_API_TOKEN": "token",
        "CASELOOP_CASE": "sales",
        "CASELOOP_NOTEBOOK": "sales.ipynb",
    }
    async with serving([Listener(create_service("gateway", []), own, OpenPort(port))], authority):
        python = project / ".venv-learner" / "bin" / "python"
        asked = await asyncio.create_subprocess_exec(
            str(python), "-c", ASK, env=variables, stdout=asyncio.subprocess.PIPE, stderr=sys.stderr
        )
        printed, _ = await asked.communicate()
    assert printed.decode().startswith(said)
