from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from vault.identity import Identity
from vault.leaf import Leaf


class CertificateAuthority(Protocol):
    """Issues short-lived leaves. All methods block for a moment: call them through `asyncio.to_thread` in services."""

    @property
    def renew_after(self) -> float:
        """Share of a leaf's life after which it should be replaced."""
        ...

    @property
    def bundle(self) -> Path:
        """PEM file with the certificates to trust."""
        ...

    def issue(self, identity: Identity, destination: Path, *, lifetime: timedelta | None = None) -> Leaf:
        """Make a new key and certificate and put both into the one file `destination` (0600, replaced atomically).

        A service's certificate serves and calls, and carries `<name>.caseloop.internal`; an environment's only calls.
        `lifetime` defaults to the authority's own; longer than it allows raises `VaultError`.
        Raises `IdentityRevoked`.
        """
        ...

    def revoke(self, who: Identity | str) -> None:
        """Refuse a serial (as in `Leaf.serial`), or every certificate of an environment, from now on."""
        ...

    def revoked(self) -> frozenset[str]:
        """Serials and short forms of identities that are refused although their certificates have not expired."""
        ...


class SecretStore(Protocol):
    """Named secrets, encrypted at rest. All methods block for a moment."""

    def get(self, name: str) -> bytes:
        """Return the secret. Raises `SecretNotFound`."""
        ...

    def put(self, name: str, value: bytes) -> None:
        """Store the secret, replacing an older value. It survives a power cut once this returns."""
        ...

    def create(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return the secret; when there is none, store what `make` returns first. One winner among processes."""
        ...

    def names(self) -> tuple[str, ...]:
        """Return the names of all secrets, sorted."""
        ...

    def delete(self, name: str) -> None:
        """Remove the secret. Raises `SecretNotFound`."""
        ...
