"""Who may change cases."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Request

from case_uploader.errors import NotAnAdmin
from services.contracts.identity import Role
from services.kit.peer import require_peer
from services.kit.scope import Scope

_log = structlog.get_logger(__name__)


async def current_admin(request: Request, scope: Scope) -> str:
    """Dependency: the admin whom the scope token names. Raises `NotAnAdmin`, which is logged."""
    if scope.role is not Role.ADMIN:
        _log.warning("an admin's call by somebody who is none", user=scope.user, role=scope.role, path=request.url.path)
        raise NotAnAdmin("Only admins may change cases.")
    return scope.user


CurrentAdmin = Annotated[str, Depends(current_admin)]
"""A route's parameter: which admin asks."""


def admin_router() -> APIRouter:
    """Make a router for calls of admins through the dashboard's door: no route of it can forget that."""
    return APIRouter(dependencies=[Depends(require_peer("dashboard")), Depends(current_admin)])
