"""How each service's app is put together: the embedded system runs all in one process, production one in each.

What only one of them needs is imported where that one is made: the modules of the others are 20 MB of its memory.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fastapi import FastAPI
from prometheus_client import Gauge

from infra.settings import EmbeddedSettings
from services.contracts.clients.cases import CasesClient
from services.contracts.clients.feedback import FeedbackClient
from services.contracts.clients.mentoring import MentoringClient
from services.contracts.clients.regrading import RegradingClient
from services.contracts.clients.runner import RunnerClient
from services.kit.disk import tell_free_space
from services.kit.http import patience, tls_client
from services.kit.scope import ScopeMinter, ScopeVerifier, scope_keys
from vault.rotation import Credential
from vault.wiring import Vault

if TYPE_CHECKING:
    from case_uploader.images.shelf import ImageShelf
    from case_uploader.wiring import Backends
    from services.gateway.settings import GatewaySettings

_UNTIL_RUN = patience(1_000)
"""Nothing is said while a learner's slowest cell runs; the runner's own limits end it earlier."""


@asynccontextmanager
async def open_app(
    name: str, settings: EmbeddedSettings, vault: Vault, credential: Credential, verifier: Callable[[], ScopeVerifier]
) -> AsyncIterator[FastAPI]:
    """Make the app of the service `name`; what it stands on is closed at the end of the block.

    `verifier` loads the key that scope tokens are checked with; no service takes a secret that it does not
    need. Raises ValueError for an unknown name, and what the wiring of that service raises.
    """
    async with _open(name, settings, vault, credential, verifier) as app:
        left = Gauge(
            "caseloop_certificate_life_left",
            "Share of the life of the service's certificate that is still to come.",
            registry=app.state.metrics.registry,
        )
        left.set_function(lambda: credential.leaf.left(datetime.now(UTC)))
        tell_free_space(app.state.metrics.registry, settings.home)
        yield app


@asynccontextmanager
async def _open(
    name: str, settings: EmbeddedSettings, vault: Vault, credential: Credential, verifier: Callable[[], ScopeVerifier]
) -> AsyncIterator[FastAPI]:
    match name:
        case "cases":
            from case_uploader.wiring import open_backends

            async with open_backends(settings) as backends:
                yield _cases(settings, credential, backends, verifier())
        case "progress":
            from services.progress.wiring import build as build_progress

            yield build_progress(settings, verifier())
        case "mentoring":
            from services.mentoring.wiring import build as build_mentoring

            yield build_mentoring(settings, verifier())
        case "linting":
            from linting.app import create_app as create_linting_app

            yield create_linting_app(settings)
        case "feedback":
            yield _feedback(settings, credential, verifier())
        case "evaluation":
            from evaluation.serving.app import create_app as create_evaluation_app

            yield create_evaluation_app(settings.home, verifier())
        case "gateway":
            yield _gateway(settings, credential, scope_keys(vault.secrets)[0])
        case "dashboard":
            from services.gateway.dashboard.registration import desk_secret

            yield _dashboard(settings, credential, scope_keys(vault.secrets)[0], desk_secret(vault.secrets))
        case "runner":
            yield _runner(settings, credential)
        case _:
            raise ValueError(f"there is no service {name}")


def _runner(settings: EmbeddedSettings, credential: Credential) -> FastAPI:
    from services.runner.app import create_app as create_runner_app
    from services.runner.service import Runner

    cases = CasesClient(tls_client(credential.client_context(), "cases", settings.place("cases")))
    return create_runner_app(Runner(settings.runner, cases))


def _cases(
    settings: EmbeddedSettings, credential: Credential, backends: "Backends", verifier: ScopeVerifier
) -> FastAPI:
    from case_uploader import wiring
    from case_uploader.app import create_app as create_cases_app

    context = credential.client_context()
    feedback = FeedbackClient(tls_client(context, "feedback", settings.place("feedback"), _UNTIL_RUN))
    progress = RegradingClient(tls_client(context, "progress", settings.place("progress")))
    environment = wiring.learner_environment(settings)
    shelf = wiring.open_shelf(settings, settings.environments, settings.set_up_dir)
    images = case_images(settings)
    authoring = wiring.open_authoring(backends, feedback, progress, environment, shelf=shelf, images=images)
    return create_cases_app(wiring.reading_service(backends), backends, authoring, verifier)


def case_images(settings: EmbeddedSettings) -> "ImageShelf | None":
    """What makes images of cases; None where learners have no containers."""
    from case_uploader import wiring

    if settings.isolation != "docker":
        return None
    return wiring.open_images(settings.images, settings.learner_image, settings.set_up_dir)


def _feedback(settings: EmbeddedSettings, credential: Credential, verifier: ScopeVerifier) -> FastAPI:
    from feedback import wiring
    from feedback.app import create_app as create_feedback_app

    context = credential.client_context()
    runs = RunnerClient(tls_client(context, "runner", settings.place("runner"), _UNTIL_RUN))
    cases = CasesClient(tls_client(context, "cases", settings.place("cases")))
    memory = MentoringClient(tls_client(context, "mentoring", settings.place("mentoring")))
    judging = wiring.build_judging(runs, cases, settings.home / "feedback", memory=memory)
    return create_feedback_app(judging.service, verifier, open_assisted=wiring.assisted_opener(settings, judging))


def _gateway(settings: EmbeddedSettings, credential: Credential, minter: ScopeMinter) -> FastAPI:
    from services.gateway.wiring import build

    return build(settings, credential.client_context(), minter, _hub(settings))


def _dashboard(settings: EmbeddedSettings, credential: Credential, minter: ScopeMinter, secret: str) -> FastAPI:
    from services.gateway.dashboard.wiring import build

    context, pages = credential.client_context(), settings.dashboard_build
    return build(settings, context, minter, secret, pages, _hub(settings))


def _hub(settings: EmbeddedSettings) -> "GatewaySettings":
    from services.gateway.settings import GatewaySettings

    # across machines CASELOOP_GATEWAY_HUB_URL says where it is
    return GatewaySettings() if settings.hub_socket is None else GatewaySettings(hub_socket=settings.hub_socket)
