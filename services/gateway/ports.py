from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class HubUser:
    """Whom a token belongs to, as the Hub says."""

    name: str
    groups: frozenset[str]


class HubUsers(Protocol):
    """Resolves the tokens that the Hub gave to environments."""

    async def user(self, token: str) -> HubUser | None:
        """The user of a token, or None when the Hub does not know it (any more). Raises HubUnavailable."""
        ...
