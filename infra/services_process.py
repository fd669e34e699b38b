"""The process of all services but the runner: `python -m infra.services_process`. Each has its own TLS listener."""

import asyncio
import os
import sys
from pathlib import Path

from fastapi import FastAPI

from case_uploader import wiring as cases_wiring
from case_uploader.app import create_app as create_cases_app
from feedback import wiring as feedback_wiring
from feedback.app import create_app as create_feedback_app
from infra.embedded import SERVICES
from infra.settings import EmbeddedSettings
from linting.app import create_app as create_linting_app
from services.contracts.clients.cases import CasesClient
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.clients.mentoring import MentoringClient
from services.contracts.clients.regrading import RegradingClient
from services.contracts.clients.runner import RunnerClient
from services.gateway import wiring as gateway_wiring
from services.gateway.dashboard import wiring as dashboard_wiring
from services.gateway.dashboard.registration import desk_secret
from services.gateway.settings import GatewaySettings
from services.kit.http import patience, tls_client
from services.kit.logs import configure_logs
from services.kit.scope import ScopeMinter, ScopeVerifier, scope_keys
from services.kit.serving import Listener, LocalPort, serve_until_stopped
from services.mentoring import wiring as mentoring_wiring
from services.progress import wiring as progress_wiring
from vault.identity import Identity
from vault.rotation import Credential
from vault.wiring import open_vault

_UNTIL_RUN = patience(1_000)
"""Nothing is said while a learner's slowest cell runs; the runner's own limits end it earlier."""


async def serve(settings: EmbeddedSettings) -> int:
    """Serve until told to stop; returns the exit status."""
    vault = open_vault(settings.mode, settings.home)
    minter, verifier = scope_keys(vault.secrets)
    life = settings.tls.service_lifetime
    credentials = {
        name: Credential(vault.authority, Identity.service(name), settings.leaf(name), lifetime=life)
        for name in (*SERVICES, "proxy")
    }
    # The Hub's proxy cannot renew its own certificate: it takes up what lies in the file. All that it calls with it is
    # the desk, which lives here.
    async with credentials["proxy"].kept_fresh(), cases_wiring.open_backends(settings) as backends:
        apps = {
            "cases": _cases(settings, credentials["cases"], backends, verifier),
            "progress": progress_wiring.build(settings, verifier),
            "mentoring": mentoring_wiring.build(settings, verifier),
            "linting": create_linting_app(settings),
            "feedback": _feedback(settings, credentials["feedback"], verifier),
            "gateway": _gateway(settings, credentials["gateway"], minter),
            "dashboard": _dashboard(settings, credentials["dashboard"], minter, desk_secret(vault.secrets)),
        }
        # those that learners and mentors call last: what they call is there when they answer, and outlives them
        places: dict[str, Path | LocalPort] = {name: settings.socket(name) for name in apps}
        places["dashboard"] = LocalPort(settings.dashboard_port_file, settings.dashboard_port or 0)
        listeners = [Listener(app, credentials[name], places[name]) for name, app in apps.items()]
        return await serve_until_stopped(listeners, vault.authority)


def _cases(
    settings: EmbeddedSettings, credential: Credential, backends: cases_wiring.Backends, verifier: ScopeVerifier
) -> FastAPI:
    context = credential.client_context()
    feedback = FeedbackClient(tls_client(context, "feedback", settings.socket("feedback"), _UNTIL_RUN))
    progress = RegradingClient(tls_client(context, "progress", settings.socket("progress")))
    environment = cases_wiring.learner_environment(settings)
    shelf = cases_wiring.open_shelf(settings, settings.environments, settings.set_up_dir)
    authoring = cases_wiring.open_authoring(backends, feedback, progress, environment, shelf=shelf)
    return create_cases_app(cases_wiring.reading_service(backends), backends, authoring, verifier)


def _feedback(settings: EmbeddedSettings, credential: Credential, verifier: ScopeVerifier) -> FastAPI:
    context = credential.client_context()
    runs = RunnerClient(tls_client(context, "runner", settings.socket("runner"), _UNTIL_RUN))
    cases = CasesClient(tls_client(context, "cases", settings.socket("cases")))
    memory = MentoringClient(tls_client(context, "mentoring", settings.socket("mentoring")))
    judging = feedback_wiring.build_judging(runs, cases, settings.home / "feedback", memory=memory)
    return create_feedback_app(
        judging.service, verifier, open_assisted=feedback_wiring.assisted_opener(settings, judging)
    )


def _gateway(settings: EmbeddedSettings, credential: Credential, minter: ScopeMinter) -> FastAPI:
    return gateway_wiring.build(settings, credential.client_context(), minter, _hub(settings))


def _dashboard(settings: EmbeddedSettings, credential: Credential, minter: ScopeMinter, secret: str) -> FastAPI:
    context, pages = credential.client_context(), settings.dashboard_build
    return dashboard_wiring.build(settings, context, minter, secret, pages, _hub(settings))


def _hub(settings: EmbeddedSettings) -> GatewaySettings:
    return GatewaySettings(hub_socket=settings.hub_dir / "hub.sock")


def main() -> int:
    """Entry point of the process."""
    os.umask(0o077)
    settings = EmbeddedSettings()
    settings.prepare()
    configure_logs(settings.logs)
    return asyncio.run(serve(settings))


if __name__ == "__main__":
    sys.exit(main())
