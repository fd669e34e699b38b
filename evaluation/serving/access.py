"""Who may see runs and give labels."""

from typing import Annotated

import structlog
from fastapi import Depends, Request

from evaluation.serving.errors import NotQa
from services.contracts.identity import Role
from services.kit.scope import Scope

_log = structlog.get_logger(__name__)
_ALLOWED = frozenset({Role.QA, Role.ADMIN})


async def current_person(request: Request, scope: Scope) -> str:
    """Dependency: the person whom the scope token names. Raises `NotQa`, which is logged."""
    if scope.role not in _ALLOWED:
        _log.warning(
            "a QA call by somebody who is not QA",
            user=scope.user,
            role=scope.role,
            method=request.method,
            path=request.url.path,
        )
        raise NotQa("Only QA and admins may do this.")
    return scope.user


Person = Annotated[str, Depends(current_person)]
"""A route's parameter: who asks."""
