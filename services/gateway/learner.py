from collections.abc import Iterable
from dataclasses import dataclass

from services.contracts.identity import Principal, Role

GROUPS = {"admins": Role.ADMIN, "mentors": Role.MENTOR, "qa": Role.QA}
"""Groups of the Hub that give a role. Everybody is a learner."""

_HIGHEST_FIRST = (Role.ADMIN, Role.MENTOR, Role.QA, Role.LEARNER)


@dataclass(frozen=True)
class Learner:
    """Who works in an environment, and on what: the user of certificate and token, the certificate's case."""

    user: str
    roles: frozenset[Role]
    case: str
    version: str

    @property
    def role(self) -> Role:
        """The role that allows most."""
        return next(role for role in _HIGHEST_FIRST if role in self.roles)

    @property
    def principal(self) -> Principal:
        """As it is said on the wire."""
        return Principal(user=self.user, roles=self.roles)


def roles_of(groups: Iterable[str]) -> frozenset[Role]:
    """Roles of a member of these groups of the Hub."""
    return frozenset({Role.LEARNER, *(GROUPS[group] for group in groups if group in GROUPS)})
