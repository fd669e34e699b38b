"""Metrics for Prometheus, which can open no unix socket and has no certificate of ours: a door for it alone."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.hub.figures import figures_token
from infra.production.settings import ProductionSettings
from infra.production.vault_figures import VaultWatch, watched_vault
from services.kit.http import tls_client
from vault.identity import Identity
from vault.rotation import Credential
from vault.settings import VaultSettings
from vault.trust import LISTENERS, SUPERVISOR
from vault.wiring import Vault

PORT: Final = 9464
_PATIENCE: Final = httpx.Timeout(5)
SCRAPED: Final = tuple(name for name in LISTENERS if name != "dashboard")
"""The desk shares the Hub's network and is out of reach from here."""
BESIDE: Final = ("backup", "hub", "proxy")
"""What else has figures, on one machine: plainly, on a socket that is mounted here."""
VAULT: Final = "vault"
"""Has none of its own that need no right; whether it is open is found out here."""


@asynccontextmanager
async def open_metrics(settings: ProductionSettings, vault: Vault) -> AsyncIterator[ASGIApp]:
    """The app: GET /metrics/NAME passes NAME's metrics on; 502 when it does not answer, 404 for another name."""
    credential = Credential(
        vault.authority, Identity.service(SUPERVISOR), settings.leaf(SUPERVISOR), lifetime=settings.tls.service_lifetime
    )
    async with credential.kept_fresh(), AsyncExitStack() as stack:
        context = credential.client_context()
        asked = {name: _client(settings, context, name) for name in SCRAPED} | _beside(settings, vault)
        clients = {name: await stack.enter_async_context(client) for name, client in asked.items()}
        yield metrics_app(clients, await stack.enter_async_context(watched_vault(VaultSettings(), _PATIENCE)))


def _client(settings: ProductionSettings, context: ssl.SSLContext, name: str) -> httpx.AsyncClient:
    return tls_client(context, name, settings.place(name), _PATIENCE)


def _beside(settings: ProductionSettings, vault: Vault) -> dict[str, httpx.AsyncClient]:
    if settings.hub_socket is None:
        return {}  # a cluster's Hub and proxy are a chart's, which says itself how they are watched
    token = {"Authorization": f"token {figures_token(vault.secrets)}"}
    return {
        "backup": _plain(settings.socket("backup"), "http://backup"),
        "hub": _plain(settings.hub_socket, "http://hub/hub", token),
        "proxy": _plain(settings.socket("proxy"), "http://proxy"),
    }


def _plain(socket: Path, base: str, headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(uds=str(socket))
    return httpx.AsyncClient(transport=transport, base_url=base, headers=headers, timeout=_PATIENCE, trust_env=False)


def metrics_app(clients: Mapping[str, httpx.AsyncClient], vault: VaultWatch | None = None) -> ASGIApp:
    """The door on clients of all that has figures, by name; to be served without lifespan."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope["path"])
        if path == "/health":
            answer = _said("alive", 200)
        else:
            answer = await _metrics(path.removeprefix("/metrics/"), clients, vault)
        await answer(scope, receive, send)

    return app


async def _metrics(name: str, clients: Mapping[str, httpx.AsyncClient], vault: VaultWatch | None) -> Response:
    if name == VAULT and vault is not None:
        return Response(await vault.figures(), media_type=CONTENT_TYPE_LATEST)
    if name not in clients:
        return _said(f"there is no service {name}", 404)
    try:
        async with asyncio.timeout(_PATIENCE.read):
            answer = await clients[name].get("/metrics")
    except (httpx.TransportError, TimeoutError) as error:
        return _said(f"{name} does not answer: {type(error).__name__}", 502)
    return Response(answer.content, answer.status_code, media_type=answer.headers.get("content-type"))


def _said(text: str, status: int) -> Response:
    return Response(f"{text}\n", status, media_type="text/plain")
