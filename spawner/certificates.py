import secrets
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vault.identity import Identity
from vault.leaf import read_leaf
from vault.ports import CertificateAuthority

LIFETIME = timedelta(hours=1)
"""Renewed at half of it with the spawner's polls, so that an hour without the Hub still costs nothing."""


class EnvironmentCertificates:
    """The client certificate of each environment: it names user, case, version and this one start."""

    def __init__(self, authority: CertificateAuthority) -> None:
        self._authority = authority

    def issue(self, box: Path, user: str, case: str, version: str) -> str:
        """Put certificate and authority into `box`/tls; returns the nonce of this start. VaultError."""
        folder = box / "tls"
        folder.mkdir(mode=0o700)
        identity = Identity.env(user, case, version, secrets.token_urlsafe(9))
        self._authority.issue(identity, _leaf(box), lifetime=LIFETIME)
        shutil.copyfile(self._authority.bundle, folder / "ca.pem")
        return identity.nonce

    def renew(self, box: Path) -> None:
        """Issue anew for the same identity when half of the certificate's life is over. VaultError."""
        leaf = read_leaf(_leaf(box))
        if datetime.now(UTC) >= leaf.half_life:
            self._authority.issue(leaf.identity, leaf.path, lifetime=LIFETIME)

    def revoke(self, box: Path) -> None:
        """Refuse this start's certificates from now on. VaultError."""
        if _leaf(box).exists():
            self._authority.revoke(read_leaf(_leaf(box)).identity)


def _leaf(box: Path) -> Path:
    return box / "tls" / "environment.pem"
