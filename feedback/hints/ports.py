from typing import Protocol

from feedback.hints.view import Stage


class Watch(Protocol):
    """Whoever waits for a hint while it is made."""

    async def stage(self, stage: Stage) -> None:
        """How far it is."""
        ...

    async def reflection(self) -> str | None:
        """What the learner has written down by now."""
        ...
