"""Configuration of a small real Hub with our pages. What services say lies in files; without its file one is away."""

import json
import os
from pathlib import Path
from typing import Any

import httpx

from infra.hosts import Hosts
from infra.hub.configuration import _pages
from services.contracts.clients.cases import CasesClient
from services.contracts.clients.mentoring import MentoringClient
from services.contracts.clients.progress import ProgressClient
from spawner.platform import Platform
from tests.services.infra.no_proxy import NoProxy

c = get_config()  # noqa: F821 - JupyterHub's
folder, port = Path(os.environ["HUB_TEST_FOLDER"]), os.environ["HUB_TEST_PORT"]


def service(name: str) -> httpx.AsyncClient:
    """What the file of a service says, by path."""

    def answer(request: httpx.Request) -> httpx.Response:
        with (folder / "asked").open("a") as asked:
            asked.write(f"{name} {request.url.path}\n")
        try:
            said = json.loads((folder / f"{name}.json").read_text())
        except FileNotFoundError:
            raise httpx.ConnectError("it is away") from None
        missing = {"error": "not_found", "detail": "there is none", "request_id": None}
        path = request.url.path
        return httpx.Response(200, json=said[path]) if path in said else httpx.Response(404, json=missing)

    return httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url=f"http://{name}")


none: Any = None
platform = Platform(
    cases=CasesClient(service("cases")),
    progress=ProgressClient(service("progress")),
    mentoring=MentoringClient(service("mentoring")),
    certificates=none,
    run_dir=folder,
    gateway_dir=folder,
    hub_dir=folder,
    homes_dir=folder / "homes",
    data_dir=folder,
    learner_env=folder,
    environments=folder,
)
c.JupyterHub.bind_url = f"http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{port}"
c.JupyterHub.db_url = f"sqlite:///{folder / 'hub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(folder / "cookie")
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
_pages(c, platform, Hosts())
