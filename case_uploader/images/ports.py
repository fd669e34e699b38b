from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

NOTHING_DECLARED: Final[Mapping[str, str]] = {}


@dataclass(frozen=True)
class BuiltImage:
    """An image that the engine has."""

    digest: str
    """`sha256:…`"""


class ImageBuilder(Protocol):
    """Makes images on an engine. Packages are given as name -> version.

    `declared` are files for repo2docker's own packs, name -> content: with some, they make what packages are added to.
    Every call raises `ImagesUnavailable` when the engine, or something else of the operator's, is in the way.
    """

    async def key(self, packages: Mapping[str, str], declared: Mapping[str, str] = NOTHING_DECLARED) -> str:
        """Digest of what an image with these packages is made from; another base gives another one."""
        ...

    async def has(self, key: str, digest: str) -> bool:
        """Whether the engine has that image, under the name of that key: the Hub starts none without a name of ours."""
        ...

    def build(
        self, packages: Mapping[str, str], declared: Mapping[str, str] = NOTHING_DECLARED
    ) -> AsyncIterator[str | BuiltImage]:
        """Lines for people, then the image. Raises `CannotBuild`, and keeps nothing then."""
        ...

    async def remove(self, key: str) -> bool:
        """Remove the image of that key, unless a container is made of it; False: it stays."""
        ...
