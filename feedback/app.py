from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from feedback import assisted_endpoints
from feedback.assisted import Assisted
from feedback.endpoints import router
from feedback.service import FeedbackService
from feedback.settings import FeedbackSettings
from services.kit.app import create_service
from services.kit.health import Ping
from services.kit.scope import ScopeVerifier

OpenAssisted = Callable[[CollectorRegistry], AbstractAsyncContextManager[Assisted]]
"""Opens database, model and workers, with the registry for their figures, for as long as the app lives."""


def create_app(
    service: FeedbackService,
    scope_verifier: ScopeVerifier,
    *,
    open_assisted: OpenAssisted | None = None,
    settings: FeedbackSettings | None = None,
    pings: Mapping[str, Ping] | None = None,
) -> FastAPI:
    """The feedback service over HTTP: checks, words, hints and chat for the gateway, trials for `cases`,
    checks and briefs for the dashboard.

    Without `open_assisted` it judges and nothing else, as an author's command line needs it.
    """
    settings = settings or FeedbackSettings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if open_assisted is None:
            yield
            return
        async with open_assisted(app.state.metrics.registry) as assisted:
            app.state.assisted = assisted
            yield

    assisted = [assisted_endpoints.router, assisted_endpoints.mentors_router]
    app = create_service(
        "feedback",
        [router] if open_assisted is None else [router, *assisted],
        service=service,
        scope_verifier=scope_verifier,
        pings=pings,
        lifespan=lifespan,
        max_body_bytes=settings.body_bytes,
    )
    if service.remembering is not None:
        app.state.metrics.registry.register(service.remembering.recalls)
        app.state.metrics.registry.register(service.remembering.leaks)
    return app
