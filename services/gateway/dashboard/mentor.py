from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from services.contracts.identity import Role
from services.gateway.dashboard.registration import ADMIN_SCOPE, MENTOR_SCOPE
from services.kit.scope import ScopeMinter

_ROLES: Final = {ADMIN_SCOPE: Role.ADMIN, MENTOR_SCOPE: Role.MENTOR}
_ALL: Final = "*"


@dataclass(frozen=True)
class Mentor:
    """Who sits at the desk."""

    user: str
    roles: frozenset[Role]

    @property
    def role(self) -> Role:
        """The role that allows most."""
        return Role.ADMIN if Role.ADMIN in self.roles else Role.MENTOR


def roles_at_desk(scopes: Iterable[str]) -> frozenset[Role]:
    """Roles that the Hub's scopes give here; empty: none. Names of groups say nothing."""
    return frozenset(_ROLES[scope] for scope in scopes if scope in _ROLES)


class MentorScopes:
    """Makes the scope token of every call behind the desk: one call, one token, good for minutes."""

    def __init__(self, minter: ScopeMinter) -> None:
        self._minter = minter

    def everywhere(self, mentor: Mentor) -> str:
        """For what is about no single case."""
        return self._minter.mint(user=mentor.user, role=mentor.role, case=_ALL, case_version=_ALL)

    def about(self, mentor: Mentor, case: str, version: str, subtask: str) -> str:
        """For one step of one case version."""
        return self._minter.mint(user=mentor.user, role=mentor.role, case=case, case_version=version, subtask=subtask)
