from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Path, Request

from services.gateway.learner import Learner
from services.gateway.service import GatewayService
from services.kit.peer import require_peer
from vault.identity import Identity

_environment = require_peer("env")


def lab_router() -> APIRouter:
    """Make a router of calls that only a learner's environment may make."""
    return APIRouter(prefix="/api", dependencies=[Depends(_environment)])


async def _service(request: Request) -> GatewayService:
    return cast("GatewayService", request.app.state.service)


Service = Annotated[GatewayService, Depends(_service)]


async def _admitted(
    request: Request, service: Service, environment: Annotated[Identity, Depends(_environment)]
) -> Learner:
    return await service.door.admit(environment, request.headers.getlist("authorization"))


Admitted = Annotated[Learner, Depends(_admitted)]
"""A route's parameter: the learner, from certificate and token. Nothing in a request can say otherwise."""


async def _working(service: Service, learner: Admitted) -> Learner:
    service.door.admit_work(learner)
    return learner


Working = Annotated[Learner, Depends(_working)]
"""As Admitted, for what costs computing."""


async def _assisted(service: Service, learner: Admitted) -> Learner:
    service.door.admit_assistance(learner)
    return learner


Assisted = Annotated[Learner, Depends(_assisted)]
"""As Admitted, for what may cost a language model's time."""

Hex32 = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
"""The id of a submission or a hint in a path."""
EVENTS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}}}
"""How a route that answers with server-sent events says so."""
