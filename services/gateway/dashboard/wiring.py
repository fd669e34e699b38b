"""Choosing the adapters. The mode is matched here and nowhere else in this package."""

import asyncio
import ssl
from pathlib import Path
from typing import Final

from fastapi import FastAPI

from services.contracts.clients.authoring import AuthoringClient
from services.contracts.clients.cases import CasesClient
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.clients.linting import LintingClient
from services.contracts.clients.mentoring import MentoringClient
from services.contracts.clients.progress import ProgressClient
from services.gateway.dashboard.app import create_dashboard
from services.gateway.dashboard.backends import Backends
from services.gateway.dashboard.hub_oauth import HubOAuth
from services.gateway.dashboard.settings import DashboardSettings
from services.gateway.hub_users import HubApiUsers
from services.gateway.settings import GatewaySettings
from services.gateway.wiring import hub_client
from services.kit.database import Database
from services.kit.http import patience, tls_client
from services.kit.scope import ScopeMinter
from services.kit.settings import Settings

_REVIEW_SECONDS: Final = 120.0


class NoAdapter(Exception):
    """This version has no adapter for the chosen mode."""


def build(
    settings: Settings,
    context: ssl.SSLContext,
    minter: ScopeMinter,
    secret: str,
    pages: Path,
    hub: GatewaySettings,
    dashboard: DashboardSettings | None = None,
) -> FastAPI:
    """Make the mentors' desk over mTLS to the services' sockets.

    `context` is the desk's own client context, `secret` what it shares with the Hub, `hub` says where the Hub answers.
    Raises NoAdapter.
    """
    dashboard = dashboard or DashboardSettings()
    db = _database(settings)
    # nothing may be said for as long as a learner's slowest cell runs: a run has a limit of its own
    patient, thorough = patience(dashboard.run_seconds), patience(_REVIEW_SECONDS)
    hub_http = hub_client(hub)
    mentoring, progress, cases = (
        tls_client(context, name, settings.socket(name)) for name in ("mentoring", "progress", "cases")
    )
    feedback = tls_client(context, "feedback", settings.socket("feedback"), patient)
    linting = tls_client(context, "linting", settings.socket("linting"), thorough)

    async def close() -> None:
        await asyncio.gather(*(http.aclose() for http in (hub_http, mentoring, progress, cases, feedback, linting)))

    backends = Backends(
        hub=HubOAuth(hub_http, secret),
        users=HubApiUsers(hub_http),
        mentoring=MentoringClient(mentoring),
        progress=ProgressClient(progress),
        feedback=FeedbackClient(feedback),
        linting=LintingClient(linting),
        cases=CasesClient(cases),
        authoring=AuthoringClient(cases),
    )
    return create_dashboard(backends, minter, dashboard, db, pages, close=close)


def _database(settings: Settings) -> Database:
    match settings.mode:
        case "embedded":
            return Database(f"sqlite+aiosqlite:///{settings.home / 'dashboard.sqlite'}")
        case "production":
            raise NoAdapter(
                "the mentors' desk needs a PostgreSQL database in production mode, and this version has no adapter "
                "for it; set CASELOOP_MODE=embedded"
            )
