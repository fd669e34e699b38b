from collections.abc import Mapping

from fastapi import FastAPI

from feedback.endpoints import router
from feedback.service import FeedbackService
from feedback.settings import FeedbackSettings
from services.kit.app import create_service
from services.kit.health import Ping
from services.kit.scope import ScopeVerifier


def create_app(
    service: FeedbackService,
    scope_verifier: ScopeVerifier,
    *,
    settings: FeedbackSettings | None = None,
    pings: Mapping[str, Ping] | None = None,
) -> FastAPI:
    """The feedback service over HTTP: POST /checks for the gateway, POST /trials for `cases`."""
    settings = settings or FeedbackSettings()
    return create_service(
        "feedback",
        [router],
        service=service,
        scope_verifier=scope_verifier,
        pings=pings,
        max_body_bytes=settings.body_bytes,
    )
