import asyncio
import ssl
from typing import Final

import httpx
from fastapi import FastAPI

from services.contracts.clients.cases import CasesClient
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.clients.linting import LintingClient
from services.contracts.clients.mentoring import MentoringClient
from services.contracts.clients.progress import ProgressClient
from services.gateway.app import create_app
from services.gateway.hub_users import HubApiUsers
from services.gateway.service import Backends
from services.gateway.settings import GatewaySettings
from services.kit.http import patience, tls_client
from services.kit.scope import ScopeMinter
from services.kit.settings import Settings

ASSISTANT_CONNECTIONS: Final = 500
"""To `feedback`, for those who wait for words, an answer or a hint: each holds one all the while."""
_SPARE_SECONDS: Final = 30.0
"""So that the gateway's own limit on following a hint comes first."""


def build(
    settings: Settings, context: ssl.SSLContext, minter: ScopeMinter, gateway: GatewaySettings | None = None
) -> FastAPI:
    """Make the gateway over mTLS to the services. `context` is the gateway's own client context."""
    gateway = gateway or GatewaySettings()
    # Nothing may be said for as long as a learner's slowest cell runs: the whole check has a limit of its own.
    patient, thorough = patience(gateway.check_seconds), patience(gateway.review_seconds)
    # Nor while a hint waits for its turn.
    waiting = patience(gateway.follow_seconds + _SPARE_SECONDS)
    hub = hub_client(gateway)
    progress = tls_client(context, "progress", settings.place("progress"))
    mentoring = tls_client(context, "mentoring", settings.place("mentoring"))
    feedback = tls_client(context, "feedback", settings.place("feedback"), patient)
    assistant = tls_client(context, "feedback", settings.place("feedback"), waiting, connections=ASSISTANT_CONNECTIONS)
    linting = tls_client(context, "linting", settings.place("linting"), thorough)
    cases = tls_client(context, "cases", settings.place("cases"))

    async def close() -> None:
        clients = (hub, progress, mentoring, feedback, assistant, linting, cases)
        await asyncio.gather(*(http.aclose() for http in clients))

    backends = Backends(
        users=HubApiUsers(hub),
        progress=ProgressClient(progress),
        mentoring=MentoringClient(mentoring),
        feedback=FeedbackClient(feedback),
        assistant=FeedbackClient(assistant),
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
