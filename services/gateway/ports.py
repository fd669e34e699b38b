from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class HubUser:
    """Whom a token belongs to, as the Hub says."""

    name: str
    groups: frozenset[str]
    scopes: frozenset[str] = frozenset()
    """What the token may do: what its client may and its user has."""
    token_id: str = ""
    """The Hub's name for the token."""


class HubUsers(Protocol):
    """Resolves the tokens that the Hub gave to environments, and to mentors who signed in."""

    async def user(self, token: str) -> HubUser | None:
        """The user of a token, or None when the Hub does not know it (any more). Raises HubUnavailable."""
        ...
