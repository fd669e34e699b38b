"""Metrics for Prometheus, which can open no unix socket and has no certificate of ours: a door for it alone."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import httpx
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.production.settings import ProductionSettings
from services.kit.http import tls_client
from vault.identity import Identity
from vault.rotation import Credential
from vault.trust import LISTENERS, SUPERVISOR
from vault.wiring import Vault

PORT: Final = 9464
_PATIENCE: Final = httpx.Timeout(5)
SCRAPED: Final = tuple(name for name in LISTENERS if name != "dashboard")
"""The desk shares the Hub's network and is out of reach from here."""


@asynccontextmanager
async def open_metrics(settings: ProductionSettings, vault: Vault) -> AsyncIterator[ASGIApp]:
    """The app: GET /metrics/NAME passes a service's metrics on; 502 when it does not answer, 404 for another name."""
    credential = Credential(
        vault.authority, Identity.service(SUPERVISOR), settings.leaf(SUPERVISOR), lifetime=settings.tls.service_lifetime
    )
    async with credential.kept_fresh(), AsyncExitStack() as stack:
        context = credential.client_context()
        clients = {name: await stack.enter_async_context(_client(settings, context, name)) for name in SCRAPED}
        yield metrics_app(clients)


def _client(settings: ProductionSettings, context: ssl.SSLContext, name: str) -> httpx.AsyncClient:
    return tls_client(context, name, settings.place(name), _PATIENCE)


def metrics_app(clients: Mapping[str, httpx.AsyncClient]) -> ASGIApp:
    """The door on clients of the services, by name; to be served without lifespan."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope["path"])
        if path == "/health":
            answer = _said("alive", 200)
        else:
            answer = await _metrics(path.removeprefix("/metrics/"), clients)
        await answer(scope, receive, send)

    return app


async def _metrics(name: str, clients: Mapping[str, httpx.AsyncClient]) -> Response:
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
