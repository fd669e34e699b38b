import asyncio
import ssl

import httpx
from fastapi import FastAPI

from services.contracts.clients.cases import CasesClient
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.clients.linting import LintingClient
from services.contracts.clients.progress import ProgressClient
from services.gateway.app import create_app
from services.gateway.hub_users import HubApiUsers
from services.gateway.service import Backends
from services.gateway.settings import GatewaySettings
from services.kit.http import tls_client
from services.kit.scope import ScopeMinter
from services.kit.settings import Settings


def build(
    settings: Settings, context: ssl.SSLContext, minter: ScopeMinter, gateway: GatewaySettings | None = None
) -> FastAPI:
    """Make the gateway over mTLS to the services' sockets. `context` is the gateway's own client context."""
    gateway = gateway or GatewaySettings()
    # Nothing may be said for as long as a learner's slowest cell runs: the whole check has a limit of its own.
    patient = httpx.Timeout(30, connect=5, pool=10, read=gateway.check_seconds)
    thorough = httpx.Timeout(30, connect=5, pool=10, read=gateway.review_seconds)
    hub = hub_client(gateway)
    progress = tls_client(context, "progress", settings.socket("progress"))
    feedback = tls_client(context, "feedback", settings.socket("feedback"), patient)
    linting = tls_client(context, "linting", settings.socket("linting"), thorough)
    cases = tls_client(context, "cases", settings.socket("cases"))

    async def close() -> None:
        await asyncio.gather(*(http.aclose() for http in (hub, progress, feedback, linting, cases)))

    backends = Backends(
        users=HubApiUsers(hub),
        progress=ProgressClient(progress),
        feedback=FeedbackClient(feedback),
        linting=LintingClient(linting),
        cases=CasesClient(cases),
    )
    return create_app(backends, minter, gateway, close)


def hub_client(settings: GatewaySettings) -> httpx.AsyncClient:
    """Make the client that asks the Hub, over its unix socket where it has one."""
    # One context, made here: httpx would load its own bundle of authorities, which takes 18 ms.
    trust = (
        ssl.create_default_context()
        if settings.hub_url.startswith("https:")
        else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    )
    if settings.hub_socket is None:
        transport, base = httpx.AsyncHTTPTransport(verify=trust), settings.hub_url
    else:
        transport, base = httpx.AsyncHTTPTransport(verify=trust, uds=str(settings.hub_socket)), "http://hub"
    return httpx.AsyncClient(transport=transport, base_url=base, timeout=settings.hub_timeout, trust_env=False)
