import structlog

from services.contracts.identity import Role, ScopeClaims
from services.kit.errors import CaseloopError

_log = structlog.get_logger(__name__)


class NotAMentor(CaseloopError):
    """The scope token's role may not do this."""

    status, error = 403, "not_a_mentor"


def require_mentor(scope: ScopeClaims) -> None:
    """Go on for mentors and admins only; whoever else asked is logged. Raises NotAMentor."""
    if scope.role not in (Role.MENTOR, Role.ADMIN):
        _log.warning("a mentor's call was refused", user=scope.user, role=scope.role, case=scope.case)
        raise NotAMentor("This is for mentors of the case.")
