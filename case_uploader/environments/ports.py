from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Protocol


class CannotBuild(Exception):
    """The requirements cannot be met; the message is for the author."""


class EnvironmentBuilder(Protocol):
    """Makes virtual environments. Nothing of a package is run while one is made."""

    def fingerprint(self) -> str:
        """What every environment is made from besides its requirements; others are made when it changes."""
        ...

    def build(self, folder: Path, requirements: Sequence[str]) -> AsyncIterator[str]:
        """Make one in `folder`, which does not exist yet; yields lines for people. Raises `CannotBuild`."""
        ...
