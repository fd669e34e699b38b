"""Who may make mentors' calls."""

from typing import Annotated

import structlog
from fastapi import Depends, Request

from services.contracts.identity import Role
from services.kit.scope import Scope
from services.mentoring.errors import NotAMentor
from services.mentoring.repository import Mentor
from services.mentoring.service import Service

_log = structlog.get_logger(__name__)
_ALL_CASES = "*"


async def current_mentor(request: Request, scope: Scope, service: Service) -> Mentor:
    """Dependency: the mentor whom the scope token names. Raises `NotAMentor`, which is logged."""
    if scope.role not in (Role.MENTOR, Role.ADMIN):
        _log.warning(
            "a mentor's call by somebody who is none",
            user=scope.user,
            role=scope.role,
            method=request.method,
            path=request.url.path,
        )
        service.metrics.refused("not_a_mentor")
        raise NotAMentor("Only mentors and admins may do this.")
    return Mentor(scope.user, None if scope.case == _ALL_CASES else scope.case)


CurrentMentor = Annotated[Mentor, Depends(current_mentor)]
"""A route's parameter: which mentor asks, and how far that reaches."""
