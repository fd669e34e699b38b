"""Choosing the adapters. The mode is matched here and nowhere else in this package."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vault.adapters.encrypted_file import EncryptedFile
from vault.adapters.local_ca import LocalAuthority
from vault.errors import VaultError
from vault.ports import CertificateAuthority, SecretStore

Mode = Literal["embedded", "production"]


@dataclass(frozen=True, slots=True)
class Vault:
    """Certificates and secrets of one installation."""

    authority: CertificateAuthority
    secrets: SecretStore


def open_vault(mode: Mode, home: Path) -> Vault:
    """Open the installation's vault, making it at first start. Raises `VaultError`."""
    match mode:
        case "embedded":
            return Vault(LocalAuthority(home / "vault" / "authority"), EncryptedFile(home / "vault" / "secrets"))
        case "production":
            raise VaultError(
                "production mode needs a certificate authority and a secret store of its own, and this version has "
                "none yet; set CASELOOP_MODE=embedded"
            )
