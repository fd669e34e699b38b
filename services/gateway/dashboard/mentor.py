from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from services.contracts.identity import Role
from services.gateway.dashboard.registration import ADMIN_SCOPE, MENTOR_SCOPE, QA_SCOPE
from services.kit.scope import ScopeMinter

_ROLES: Final = {ADMIN_SCOPE: Role.ADMIN, MENTOR_SCOPE: Role.MENTOR, QA_SCOPE: Role.QA}
_ALL: Final = "*"


@dataclass(frozen=True)
class Mentor:
    """Who sits at the desk."""

    user: str
    roles: frozenset[Role]

    @property
    def role(self) -> Role:
        """The role that allows most; for whoever is there for QA only, one that no mentor's service lets in."""
        return next(role for role in (Role.ADMIN, Role.MENTOR, Role.QA) if role in self.roles)

    @property
    def answers(self) -> bool:
        """Whether they may do what mentors do."""
        return bool(self.roles & {Role.MENTOR, Role.ADMIN})

    @property
    def measures(self) -> bool:
        """Whether they may do what QA does."""
        return bool(self.roles & {Role.QA, Role.ADMIN})


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

    def measuring(self, person: Mentor) -> str:
        """For what QA does."""
        role = Role.ADMIN if Role.ADMIN in person.roles else Role.QA
        return self._minter.mint(user=person.user, role=role, case=_ALL, case_version=_ALL)

    def about(self, mentor: Mentor, case: str, version: str, subtask: str) -> str:
        """For one step of one case version."""
        return self._minter.mint(user=mentor.user, role=mentor.role, case=case, case_version=version, subtask=subtask)
