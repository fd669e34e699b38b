"""Who may use which route. The answer is in the certificate of the connection, never in a header."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from services.kit.errors import CaseloopError, error_response
from services.kit.scope_state import peer_of
from vault.identity import Identity
from vault.trust import ENV, SERVICES, SUPERVISOR, may_call

OPERATIONS = ("/health/live", "/health/ready", "/metrics")
"""All that the supervisor may ask."""


class CallerNotAllowed(CaseloopError):
    """The caller's certificate does not open this route."""

    status, error = 403, "caller_not_allowed"


async def current_peer(request: Request) -> Identity:
    """Dependency: who calls. Raises `CallerNotAllowed` on a connection without a certificate."""
    return _required_peer(request)


def _required_peer(request: Request) -> Identity:
    peer = peer_of(request.scope)
    if peer is None:
        raise CallerNotAllowed("This connection carries no certificate of ours.")
    return peer


PeerIdentity = Annotated[Identity, Depends(current_peer)]
"""A route's parameter: who calls."""


def require_peer(*names: str) -> Callable[[Request], Awaitable[Identity]]:
    """Make a dependency that lets only these services ("env": any learner's environment) through.

    `router = APIRouter(dependencies=[Depends(require_peer("gateway"))])`. Every route of a service needs one.
    """
    unknown = set(names) - {ENV, *SERVICES}
    if not names or unknown:
        raise ValueError(f"require_peer needs names of callers in vault/trust.py, not {sorted(unknown) or 'none'}")

    async def require(request: Request) -> Identity:
        peer = _required_peer(request)
        if (peer.name if peer.is_service else ENV) not in names:
            raise CallerNotAllowed(f"{_called(peer)} may not use {request.method} {request.url.path}.")
        return peer

    require.peers = names  # type: ignore[attr-defined]
    return require


class TrustGuard:
    """ASGI middleware: refuses callers that the trust graph does not know, however they got in."""

    def __init__(self, app: ASGIApp, service: str) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on if its caller may be here."""
        if scope["type"] == "http" and (refusal := self._refusal(scope)):
            await error_response(CallerNotAllowed.status, CallerNotAllowed.error, refusal)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> str | None:
        peer = peer_of(scope)
        if peer is None:
            return "This connection carries no certificate of ours."
        if not may_call(peer, self._service):
            return f"{_called(peer)} may not call {self._service}."
        if peer == Identity.service(SUPERVISOR) and scope["path"] not in OPERATIONS:
            return "The supervisor may only ask for health and metrics."
        return None


def refuse_open_routes(routes: list[BaseRoute]) -> None:
    """Raise `ValueError` for a route that does not say who may use it: nothing is open by omission."""
    for route in iter_route_contexts(routes):
        dependant = getattr(route, "dependant", None)
        if route.path in OPERATIONS or not isinstance(dependant, Dependant):
            continue
        if not _has_peer_rule(dependant):
            methods = ",".join(sorted(route.methods or ()))
            raise ValueError(
                f"{methods} {route.path} does not say who may call it: "
                "add Depends(require_peer(...)) to it or to its router"
            )


def _has_peer_rule(dependant: Dependant) -> bool:
    return hasattr(dependant.call, "peers") or any(_has_peer_rule(d) for d in dependant.dependencies)


def _called(peer: Identity) -> str:
    return peer.name if peer.is_service else "A learner's environment"
