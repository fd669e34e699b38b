import re
from collections.abc import AsyncIterator
from typing import Protocol

from services.kit.errors import CaseloopError

_DIGEST = re.compile(r"[0-9a-f]{64}")


class ObjectNotFound(Exception):
    """There is no object of that digest."""

    def __init__(self, digest: str) -> None:
        super().__init__(f"there is no object {digest[:64]!r}")
        self.digest = digest


class ObjectDamaged(Exception):
    """What is stored is not what was put: a broken disk, or somebody changed it. Never answer with it."""

    def __init__(self, digest: str, where: str) -> None:
        super().__init__(f"the object {digest} is damaged ({where}); restore it from a backup")
        self.digest = digest


class ObjectStoreFailed(CaseloopError):
    """The store itself is in the way. Callers read that it may pass, operators (`str`) what is wrong and what to do."""

    status, error = 503, "storage_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__("What is kept cannot be reached just now. Try again in a moment.")
        self._reason = reason

    def __str__(self) -> str:
        return self._reason


class ObjectStore(Protocol):
    """Immutable objects under the sha256 of their content.

    Any method raises `ObjectStoreFailed` when a store on another machine does not answer or refuses.
    """

    async def put(self, data: bytes | AsyncIterator[bytes], *, survives: bool = True) -> str:
        """Keep the data; return its digest (64 hex digits). Putting the same twice keeps it once.

        Once this returns the object survives a power cut; when it raises, nothing is kept. Not `survives`: it need not
        survive one until `settle` has returned, and what was there before survives all the same.
        """
        ...

    async def settle(self, digest: str) -> None:
        """Wait until an object that was put survives a power cut; there may be none."""
        ...

    async def get(self, digest: str) -> bytes:
        """Return the whole object. Raises `ObjectNotFound`, `ObjectDamaged`."""
        ...

    def open(self, digest: str) -> AsyncIterator[bytes]:
        """Yield the object in parts. Raises `ObjectNotFound` at the first, `ObjectDamaged` after the last."""
        ...

    async def exists(self, digest: str) -> bool:
        """Tell whether there is an object of that digest."""
        ...

    async def delete(self, digest: str) -> None:
        """Remove the object; it may be gone already."""
        ...

    def digests(self) -> AsyncIterator[str]:
        """Yield the digests of all objects, in any order."""
        ...


def is_digest(text: str) -> bool:
    """Tell whether the text could be a digest; nothing else may reach a path."""
    return _DIGEST.fullmatch(text) is not None
