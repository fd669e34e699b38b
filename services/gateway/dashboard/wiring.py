"""Putting the package together. Adapters that the mode decides on come from the kit's wiring."""

import asyncio
import ssl
from pathlib import Path
from typing import Final

from fastapi import FastAPI

from services.contracts.clients.authoring import AuthoringClient
from services.contracts.clients.cases import CasesClient
from services.contracts.clients.evaluation import EvaluationClient
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.clients.linting import LintingClient
from services.contracts.clients.mentoring import MentoringClient
from services.contracts.clients.progress import ProgressClient
from services.gateway.dashboard.app import create_dashboard
from services.gateway.dashboard.backends import Backends
from services.gateway.dashboard.hub_oauth import HubOAuth
from services.gateway.dashboard.place import DeskPlace
from services.gateway.dashboard.settings import DashboardSettings
from services.gateway.hub_users import HubApiUsers
from services.gateway.settings import GatewaySettings
from services.gateway.wiring import hub_client
from services.kit import wiring
from services.kit.database import Database
from services.kit.http import patience, tls_client
from services.kit.oidc import BearerTokens, provider_client
from services.kit.scope import ScopeMinter
from services.kit.settings import OidcSettings, Settings

_REVIEW_SECONDS: Final = 120.0
_FIGURES_SECONDS: Final = 150.0
"""Longer than `evaluation` itself waits for them."""


def open_database(settings: Settings) -> Database:
    """The database of `dashboard`, to be migrated. Raises DatabaseMisconfigured."""
    return wiring.open_database(settings.mode, "dashboard", settings.home / "dashboard.sqlite")


def build(
    settings: Settings,
    context: ssl.SSLContext,
    minter: ScopeMinter,
    secret: str,
    pages: Path,
    hub: GatewaySettings,
    dashboard: DashboardSettings | None = None,
) -> FastAPI:
    """Make the mentors' desk over mTLS to the services.

    `context` is the desk's own client context, `secret` what it shares with the Hub, `hub` says where the Hub answers.
    Raises DatabaseMisconfigured.
    """
    dashboard = dashboard or DashboardSettings()
    db = open_database(settings)
    # nothing may be said for as long as a learner's slowest cell runs: a run has a limit of its own
    patient, thorough = patience(dashboard.run_seconds), patience(_REVIEW_SECONDS)
    hub_http = hub_client(hub)
    oidc = OidcSettings()
    provider = provider_client(oidc) if oidc.issuer else None
    mentoring, progress, cases = (
        tls_client(context, name, settings.place(name)) for name in ("mentoring", "progress", "cases")
    )
    feedback = tls_client(context, "feedback", settings.place("feedback"), patient)
    linting = tls_client(context, "linting", settings.place("linting"), thorough)
    evaluation = tls_client(context, "evaluation", settings.place("evaluation"), patience(_FIGURES_SECONDS))

    async def close() -> None:
        clients = (hub_http, mentoring, progress, cases, feedback, linting, evaluation)
        await asyncio.gather(*(http.aclose() for http in clients))
        if provider is not None:
            await provider.aclose()

    backends = Backends(
        hub=HubOAuth(hub_http, secret, DeskPlace.told_by(dashboard)),
        users=HubApiUsers(hub_http),
        mentoring=MentoringClient(mentoring),
        progress=ProgressClient(progress),
        feedback=FeedbackClient(feedback),
        linting=LintingClient(linting),
        cases=CasesClient(cases),
        authoring=AuthoringClient(cases),
        evaluation=EvaluationClient(evaluation),
        bearers=BearerTokens(provider, oidc.issuer, oidc.audience) if provider is not None else None,
    )
    return create_dashboard(backends, minter, dashboard, db, pages, close=close)
