from collections.abc import Sequence
from typing import Final

import structlog

from services.contracts.identity import Role
from services.gateway.dashboard.errors import NotAMentor, NotSignedIn
from services.gateway.dashboard.mentor import Mentor
from services.kit.oidc import BearerTokens

_ROLES: Final = {role.value: role for role in (Role.ADMIN, Role.MENTOR, Role.QA)}
_log = structlog.get_logger(__name__)


class Programs:
    """Lets programs to the desk that have an account of their own at the OpenID provider."""

    def __init__(self, bearers: BearerTokens | None) -> None:
        self._bearers = bearers

    async def admit(self, authorization: Sequence[str]) -> Mentor:
        """Say who asks, from all `Authorization: Bearer` headers of a request.

        Raises NotSignedIn, BearerInvalid, ProviderUnavailable, NotAMentor.
        """
        if self._bearers is None:
            raise NotSignedIn("This installation has no OpenID provider, so no program can sign in.")
        if len(authorization) != 1:
            raise NotSignedIn("Send exactly one header `Authorization: Bearer <access token>`.")
        bearer = await self._bearers.verify(authorization[0])
        roles = frozenset(_ROLES[role] for role in bearer.roles if role in _ROLES)
        if not roles:
            _log.warning("refused at the desk", user=bearer.name, client=bearer.client, reason="not a mentor")
            raise NotAMentor("The mentors' desk is for mentors and administrators.")
        # an admin may do what mentors and QA may, as among people
        return Mentor(bearer.name, roles | ({Role.MENTOR, Role.QA} if Role.ADMIN in roles else frozenset()))
