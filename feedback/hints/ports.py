from typing import Protocol

from feedback.firewall.firewall import Firewall
from feedback.hints.view import Stage
from services.contracts.case import AuthorCase


class Watch(Protocol):
    """Whoever waits for a hint while it is made."""

    async def stage(self, stage: Stage) -> None:
        """How far it is."""
        ...

    async def reflection(self) -> str | None:
        """What the learner has written down by now."""
        ...


class Firewalls(Protocol):
    """The reference firewall of each case version."""

    async def of(self, case: AuthorCase) -> Firewall:
        """The version's own; making one takes a while, so they are kept."""
        ...
